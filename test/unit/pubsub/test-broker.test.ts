import { HandlerError, OptionError, PubSubError, TestBroker, defineMessage } from 'amqp-messenger/pubsub';
import type { AsyncMessageContext } from 'amqp-messenger/pubsub';
import { describe, expect, it, vi } from 'vitest';

class Placed extends defineMessage<{ id: number }>('placed') {}
class Paid extends defineMessage<{ id: number }>('paid') {}

const fail = (): never => {
  throw new RangeError('on purpose');
};

describe('TestBroker', () => {
  it('keeps what is published, and calls nobody', async () => {
    const broker = new TestBroker();
    const handler = vi.fn();
    broker.subscribe(Placed, handler);
    broker.subscribeAsync(Placed, handler, 'mail');
    await broker.publish(new Placed({ id: 1 }));
    await broker.publish(new Paid({ id: 1 }));
    expect(handler).not.toHaveBeenCalled();
    expect(broker.published).toEqual([new Placed({ id: 1 }), new Paid({ id: 1 })]);
    expect(broker.publishedOf(Paid)).toEqual([new Paid({ id: 1 })]);
    expect(broker.pending).toEqual([
      { message: new Placed({ id: 1 }), name: 'placed', queueName: undefined, deliveryCount: 0 },
      { message: new Placed({ id: 1 }), name: 'placed', queueName: 'mail', deliveryCount: 0 },
    ]);
  });

  it('makes deliveries in the order of publishing, until nothing comes of them any more', async () => {
    const broker = new TestBroker();
    const seen: string[] = [];
    broker.subscribe(Placed, async ({ id }) => {
      seen.push(`placed ${id}`);
      await broker.publish(new Paid({ id }));
    });
    broker.subscribeAsync(Paid, ({ id }) => void seen.push(`paid ${id}`), 'mail');
    await broker.publish(new Placed({ id: 1 }));
    await broker.publish(new Placed({ id: 2 }));
    expect(await broker.processMessages()).toBe(4);
    expect(seen).toEqual(['placed 1', 'placed 2', 'paid 1', 'paid 2']);
    expect(await broker.processMessages()).toBe(0);
  });

  it('makes as many as asked for, or only some', async () => {
    const broker = new TestBroker();
    const seen: string[] = [];
    broker.subscribe(Placed, () => void seen.push('placed'));
    broker.subscribeAsync(Placed, () => void seen.push('mail'), 'mail');
    broker.subscribeAsync(Paid, () => void seen.push('ledger'), 'ledger');
    await broker.publish(new Placed({ id: 1 }));
    await broker.publish(new Paid({ id: 1 }));
    expect(await broker.processMessages({ limit: 0 })).toBe(0);
    expect(await broker.processMessages({ type: Paid })).toBe(1);
    expect(await broker.processMessages({ queueName: 'mail', limit: 5 })).toBe(1);
    expect(await broker.processMessages({ limit: 1 })).toBe(1);
    expect(seen).toEqual(['ledger', 'mail', 'placed']);
  });

  it('throws for handlers that fail, when all deliveries are made', async () => {
    const broker = new TestBroker();
    const handler = vi.fn();
    broker.subscribe(Placed, fail, { name: 'first' });
    broker.subscribe(Placed, handler);
    await broker.publish(new Placed({ id: 1 }));
    const error: unknown = await broker.processMessages().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errors: [{ subscription: 'first', cause: new RangeError('on purpose') }] });
    expect(handler).toHaveBeenCalledOnce();
  });

  it('delivers a failed message again without waiting, and throws only when it is dead', async () => {
    const broker = new TestBroker();
    const counts: number[] = [];
    const handler = vi.fn((_placed: Placed, { deliveryCount }: AsyncMessageContext<Placed>) => {
      counts.push(deliveryCount);
      if (deliveryCount < 2) fail();
    });
    broker.subscribeAsync(Placed, handler, 'mail', { backoff: { delay: 1e6 } });
    broker.subscribeAsync(Placed, fail, 'ledger', { maxDeliveries: 2 });
    await broker.publish(new Placed({ id: 1 }));
    await expect(broker.processMessages()).rejects.toMatchObject({
      errors: [{ queueName: 'ledger', deliveryCount: 1 }],
    });
    expect(counts).toEqual([0, 1, 2]);
    expect(broker.deadLetters).toMatchObject([{ queueName: 'ledger', reason: 'failed', deliveryCount: 2 }]);
  });

  it('throws for a handler that throws after it has accepted', async () => {
    const broker = new TestBroker();
    broker.subscribeAsync(
      Placed,
      (_placed, context) => {
        context.accept();
        fail();
      },
      'mail',
    );
    await broker.publish(new Placed({ id: 1 }));
    await expect(broker.processMessages()).rejects.toMatchObject({ errors: [expect.any(HandlerError)] });
    expect([broker.deadLetters, broker.pending]).toEqual([[], []]);
  });

  it('leaves a released message for the next call, and keeps a rejected one as a dead letter', async () => {
    const broker = new TestBroker();
    const handler = vi.fn(({ id }: Placed, context: AsyncMessageContext<Placed>) =>
      id === 1 ? context.release() : context.reject(),
    );
    broker.subscribeAsync(Placed, handler, 'mail');
    await broker.publish(new Placed({ id: 1 }));
    await broker.publish(new Placed({ id: 2 }));
    expect(await broker.processMessages()).toBe(2);
    expect(broker.pending).toHaveLength(1);
    expect(broker.deadLetters).toMatchObject([{ reason: 'rejected', message: { id: 2 } }]);
  });

  it('makes no delivery of a message that a predicate refuses, and one when a predicate throws', async () => {
    const broker = new TestBroker();
    broker.subscribe(Placed, vi.fn(), { predicate: ({ id }) => id > 1 });
    broker.subscribeAsync(Placed, vi.fn(), 'mail', { predicate: ({ id }) => id > 1 });
    broker.subscribe(Placed, vi.fn(), { predicate: fail });
    await broker.publish(new Placed({ id: 1 }));
    expect(broker.pending).toHaveLength(1);
    await expect(broker.processMessages()).rejects.toThrow(AggregateError);
  });

  it('gives each subscriber of a queue every message, and waits when there is none', async () => {
    const broker = new TestBroker();
    const [first, second, other] = [vi.fn(), vi.fn(), vi.fn()];
    broker.subscribeAsync(Placed, first, 'mail');
    broker.subscribeAsync(Placed, second, 'mail');
    broker.subscribeAsync(Placed, other, 'mails');
    for (let id = 0; id < 4; id++) await broker.publish(new Placed({ id }));
    expect(await broker.processMessages({ queueName: 'mail' })).toBe(8);
    expect([first.mock.calls.length, second.mock.calls.length, other.mock.calls.length]).toEqual([4, 4, 0]);
    expect(await broker.processMessages()).toBe(4);
    for (const each of broker.subscriptions) await each.unsubscribe();
    await broker.publish(new Placed({ id: 5 }));
    expect(await broker.processMessages()).toBe(0);
    expect(broker.pending.map(({ queueName }) => queueName)).toEqual(['mail', 'mail~2', 'mails']);
  });

  it('makes no delivery to a subscription that has ended since', async () => {
    const broker = new TestBroker();
    const handler = vi.fn();
    const subscription = broker.subscribe(Placed, handler);
    await broker.publish(new Placed({ id: 1 }));
    await subscription.unsubscribe();
    await broker.processMessages();
    expect(handler).not.toHaveBeenCalled();
  });

  it('forgets everything but the subscriptions when it is reset', async () => {
    const broker = new TestBroker();
    const handler = vi.fn();
    broker.subscribe(Placed, handler);
    broker.subscribeAsync(Placed, (_placed, context) => context.reject(), 'mail');
    await broker.publish(new Placed({ id: 1 }));
    await broker.processMessages({ queueName: 'mail' });
    broker.reset();
    expect([broker.published, broker.pending, broker.deadLetters]).toEqual([[], [], []]);
    await broker.publish(new Placed({ id: 2 }));
    await broker.processMessages();
    expect(handler.mock.calls).toEqual([[new Placed({ id: 2 })]]);
  });

  it('gives up on handlers that publish for each other without end', async () => {
    const broker = new TestBroker();
    broker.subscribe(Placed, ({ id }) => broker.publish(new Placed({ id })));
    await broker.publish(new Placed({ id: 1 }));
    await expect(broker.processMessages()).rejects.toThrow(PubSubError);
    expect(await broker.processMessages({ limit: 20_000 })).toBe(20_000);
  });

  it('refuses unknown options', async () => {
    const broker = new TestBroker();
    await expect(broker.processMessages({ limit: -1 })).rejects.toThrow(OptionError);
    await expect(broker.processMessages({ queueName: 1 as never })).rejects.toThrow(OptionError);
    await expect(broker.processMessages({ queue: 'x' } as never)).rejects.toThrow('no option queue');
    expect(() => broker.subscribe(Placed, fail, { selector: 'a' })).toThrow(OptionError);
  });
});
