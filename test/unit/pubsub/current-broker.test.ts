import {
  BrokerNotInitializedError,
  Consumer,
  ConsumerAlreadyRegisteredError,
  MemoryBroker,
  NullBroker,
  OptionError,
  TestBroker,
  defineMessage,
  getMessageBroker,
  overrideMessageBroker,
  setMessageBroker,
} from 'amqp-messenger/pubsub';
import { afterEach, describe, expect, it, vi } from 'vitest';

class Ping extends defineMessage<{ id: number }>('ping') {}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => setMessageBroker(undefined));

describe('the broker of the process', () => {
  it('throws when it is asked for before it is set', () => {
    expect(() => getMessageBroker()).toThrow(BrokerNotInitializedError);
    expect(() => getMessageBroker()).toThrow('setMessageBroker');
  });

  it('is the one that was set last', () => {
    const [first, second] = [new MemoryBroker(), new NullBroker()];
    setMessageBroker(first);
    expect(getMessageBroker()).toBe(first);
    setMessageBroker(second);
    expect(getMessageBroker()).toBe(second);
    expect(first.closed).toBe(false);
    expect(() => setMessageBroker({} as never)).toThrow(OptionError);
  });
});

describe('an override by a function', () => {
  it('lasts as long as the function and all it starts, and closes nothing', async () => {
    const [real, other] = [new MemoryBroker(), new TestBroker()];
    setMessageBroker(real);
    let later: unknown;
    const result = await overrideMessageBroker(other, async () => {
      setTimeout(() => (later = getMessageBroker()), 0);
      await turn();
      return getMessageBroker();
    });
    expect(result).toBe(other);
    expect(getMessageBroker()).toBe(real);
    await expect.poll(() => later).toBe(other);
    expect([real.closed, other.closed]).toEqual([false, false]);
  });

  it('ends after an error, and restores the outer one when nested', async () => {
    const [outer, inner] = [new TestBroker(), new TestBroker()];
    await overrideMessageBroker(outer, async () => {
      expect(() =>
        overrideMessageBroker(inner, () => {
          throw new RangeError('inside');
        }),
      ).toThrow('inside');
      await expect(overrideMessageBroker(inner, () => Promise.reject(new RangeError('later')))).rejects.toThrow(
        'later',
      );
      expect(overrideMessageBroker(inner, getMessageBroker)).toBe(inner);
      expect(getMessageBroker()).toBe(outer);
    });
    expect(() => getMessageBroker()).toThrow(BrokerNotInitializedError);
    expect(() => overrideMessageBroker({} as never)).toThrow(OptionError);
  });
});

describe('an override by using', () => {
  async function inBlock(broker: TestBroker): Promise<unknown[]> {
    using override = overrideMessageBroker(broker);
    expect(override).toBeDefined();
    const before = getMessageBroker();
    await turn();
    return [before, getMessageBroker()];
  }

  it('lasts until the end of its block', async () => {
    setMessageBroker(new NullBroker());
    const broker = new TestBroker();
    expect(await inBlock(broker)).toEqual([broker, broker]);
    expect(getMessageBroker()).toBeInstanceOf(NullBroker);
  });

  it('is not seen by concurrent flows, and ends for the caller of the function', async () => {
    const brokers = Array.from({ length: 10 }, () => new TestBroker());
    const seen = await Promise.all(brokers.map(inBlock));
    brokers.forEach((broker, index) => {
      expect(seen[index]![0]).toBe(broker);
      expect(seen[index]![1]).toBe(broker);
    });
    expect(() => getMessageBroker()).toThrow(BrokerNotInitializedError);
  });

  it('is seen by a caller that does not wait, until the end of the block, which a function avoids', async () => {
    const [real, other] = [new NullBroker(), new TestBroker()];
    setMessageBroker(real);
    const ended = inBlock(other);
    expect(getMessageBroker()).toBe(other);
    await ended;
    expect(getMessageBroker()).toBe(real);
    const over = overrideMessageBroker(other, async () => {
      await turn();
      return getMessageBroker();
    });
    expect(getMessageBroker()).toBe(real);
    expect(await over).toBe(other);
  });

  it('is over after a throw', () => {
    expect(() => {
      using override = overrideMessageBroker(new TestBroker());
      expect(override).toBeDefined();
      throw new RangeError('inside');
    }).toThrow('inside');
    expect(() => getMessageBroker()).toThrow(BrokerNotInitializedError);
  });

  it('may be nested, and ended in any order', () => {
    const [outer, inner] = [new TestBroker(), new TestBroker()];
    const first = overrideMessageBroker(outer);
    const second = overrideMessageBroker(inner);
    first[Symbol.dispose]();
    expect(getMessageBroker()).toBe(inner);
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(() => getMessageBroker()).toThrow(BrokerNotInitializedError);
  });
});

describe('a consumer', () => {
  it('subscribes its handler on the current broker', async () => {
    const broker = new MemoryBroker();
    setMessageBroker(broker);
    const [direct, queued] = [vi.fn(), vi.fn()];
    new Consumer(Ping).onMessage(direct);
    new Consumer(Ping, { queueName: 'work', predicate: ({ id }) => id > 1 }).onMessage(queued);
    for (const id of [1, 2]) await broker.publish(new Ping({ id }));
    await broker.close();
    expect(direct.mock.calls).toEqual([[new Ping({ id: 1 })], [new Ping({ id: 2 })]]);
    expect(queued.mock.calls).toEqual([[new Ping({ id: 2 }), expect.objectContaining({ queueName: 'work' })]]);
  });

  it('waits until a broker is set', async () => {
    const handler = vi.fn();
    new Consumer(Ping).onMessage(handler);
    const broker = new MemoryBroker();
    setMessageBroker(broker);
    setMessageBroker(broker);
    await broker.publish(new Ping({ id: 1 }));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('does not keep other consumers from a broker on which it cannot subscribe', async () => {
    const handler = vi.fn();
    new Consumer(Ping, { selector: 'a = 1' }).onMessage(vi.fn());
    new Consumer(Ping).onMessage(handler);
    const broker = new MemoryBroker();
    expect(() => setMessageBroker(broker)).toThrow(AggregateError);
    await getMessageBroker().publish(new Ping({ id: 1 }));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('accepts one handler, and throws for a second one', () => {
    setMessageBroker(new NullBroker());
    const consumer = new Consumer(Ping);
    const handler = vi.fn();
    expect(consumer.onMessage(handler)).toBe(handler);
    expect(() => consumer.onMessage(handler)).toThrow(ConsumerAlreadyRegisteredError);
    expect(() => consumer.onMessage(handler)).toThrow('The consumer of ping has a handler');
  });

  it('may be given a handler again when it could not be subscribed', async () => {
    const broker = new MemoryBroker();
    setMessageBroker(broker);
    await broker.close();
    const consumer = new Consumer(Ping);
    expect(() => consumer.onMessage(vi.fn())).toThrow('closed');
    setMessageBroker(new NullBroker());
    expect(() => consumer.onMessage(vi.fn())).not.toThrow();
  });

  it('can be subscribed on other brokers, too', async () => {
    setMessageBroker(new NullBroker());
    const consumer = new Consumer(Ping);
    const broker = new MemoryBroker();
    expect(() => consumer.subscribe(broker)).toThrow('no handler yet');
    const handler = vi.fn();
    consumer.onMessage(handler);
    consumer.subscribe(broker);
    await broker.publish(new Ping({ id: 1 }));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('decorates a method: a static one at once, that of an instance when it is made', async () => {
    const broker = new MemoryBroker();
    setMessageBroker(broker);
    const seen: unknown[] = [];
    class Mailer {
      readonly sender = 'mailer';
      send({ id }: Ping): void {
        seen.push(this.sender, id);
      }
    }
    const consumer = new Consumer(Ping);
    // What `@consumer.onMessage send(…)` comes down to: vitest leaves decorators as they are, and Node has none.
    const initializers: ((this: unknown) => void)[] = [];
    // oxlint-disable-next-line typescript/unbound-method -- as a decorator is given it
    const { send } = Mailer.prototype;
    const replaced = consumer.onMessage(send, {
      kind: 'method',
      addInitializer: (initializer) => void initializers.push(initializer),
    });
    expect(replaced).toBe(send);
    await broker.publish(new Ping({ id: 1 }));
    initializers[0]?.call(new Mailer());
    await broker.publish(new Ping({ id: 2 }));
    expect(seen).toEqual(['mailer', 2]);
    expect(() => initializers[0]?.call(new Mailer())).toThrow(ConsumerAlreadyRegisteredError);
  });

  it('refuses invalid options at once', () => {
    expect(() => new Consumer({} as never)).toThrow('needs a messageName');
    expect(() => new Consumer(Ping, { queueName: 'a b' })).toThrow(OptionError);
    expect(() => new Consumer(Ping, { speed: 1 } as never)).toThrow(OptionError);
  });
});
