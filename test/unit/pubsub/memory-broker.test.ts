import { getEventListeners } from 'node:events';
import {
  BrokerClosedError,
  HandlerError,
  MemoryBroker,
  OptionError,
  Subscription,
  defineMessage,
} from 'amqp-messenger/pubsub';
import type { AsyncMessageContext, AsyncSubscribeOptions, DeadLetter } from 'amqp-messenger/pubsub';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../support/fake-clock.js';
import { uncaught } from '../../support/uncaught.js';

class Job extends defineMessage<{ id: number }>('job') {}

/** Lets everything go on that waits for nothing but promises. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeBroker(options: { capacity?: number } = {}): {
  broker: MemoryBroker;
  clock: FakeClock;
  dead: DeadLetter[];
} {
  const clock = new FakeClock();
  const broker = new MemoryBroker({ clock, ...options });
  const dead: DeadLetter[] = [];
  broker.on('dead', (letter) => dead.push(letter));
  onTestFinished(() => broker.close({ drain: false }));
  return { broker, clock, dead };
}

const fail = (): never => {
  throw new RangeError('on purpose');
};

describe('MemoryBroker', () => {
  it('waits longer after each failure before it delivers again', async () => {
    const { broker, clock, dead } = makeBroker();
    const handler = vi.fn(fail);
    broker.subscribeAsync(Job, handler, 'work', { backoff: { delay: 100, maxDelay: 300 } });
    await broker.publish(new Job({ id: 1 }));
    await settle();
    for (const [delay, calls] of [
      [100, 2],
      [200, 3],
      [300, 4],
      [300, 5],
    ] as const) {
      clock.advance(delay - 1);
      await settle();
      expect(handler).toHaveBeenCalledTimes(calls - 1);
      clock.advance(1);
      await settle();
      expect(handler).toHaveBeenCalledTimes(calls);
    }
    expect(dead).toMatchObject([{ reason: 'failed', deliveryCount: 5, queueName: 'work', deadLetter: 'dead-letter' }]);
    expect(dead[0]?.error).toBeInstanceOf(HandlerError);
    expect(broker.takeDeadLetters()).toEqual(dead);
    expect(broker.takeDeadLetters()).toEqual([]);
  });

  it('takes the back-off from a function, and buries a message when that function fails', async () => {
    const { broker, clock, dead } = makeBroker();
    const handler = vi.fn(fail);
    const backoff = vi.fn((failures: number) => (failures === 1 ? 5 : NaN));
    broker.subscribeAsync(Job, handler, 'work', { backoff });
    await broker.publish(new Job({ id: 1 }));
    await settle();
    clock.advance(5);
    await settle();
    expect(backoff.mock.calls).toEqual([[1], [2]]);
    expect(dead[0]?.error).toBeInstanceOf(AggregateError);
  });

  it('counts messages that wait and those with a handler against the capacity', async () => {
    const { broker } = makeBroker({ capacity: 2 });
    const waiting: (() => void)[] = [];
    onTestFinished(() => waiting.forEach((finish) => finish()));
    broker.subscribeAsync(Job, () => new Promise<void>((resolve) => waiting.push(resolve)), 'work', { concurrency: 3 });
    await broker.publish(new Job({ id: 1 }));
    await broker.publish(new Job({ id: 2 }));
    await settle();
    await expect(broker.publish(new Job({ id: 3 }))).rejects.toMatchObject({
      message:
        'A queue has not taken the message: Queue work has 2 messages that are not done, as many as its capacity.',
      errors: [{ code: 'ERR_QUEUE_FULL' }],
    });
    waiting.shift()?.();
    await settle();
    await broker.publish(new Job({ id: 3 }));
    await settle();
    expect(waiting).toHaveLength(2);
  });

  it('takes a message for dead whose ttl runs out in the queue', async () => {
    const { broker, clock, dead } = makeBroker();
    await broker.subscribeAsync(Job, fail, 'work').unsubscribe();
    await broker.publish(new Job({ id: 1 }), { ttl: 10 });
    clock.advance(2000);
    expect(dead).toMatchObject([{ reason: 'expired', message: { id: 1 }, name: 'job' }]);
  });

  it('processes its queues before it is closed, including retries', async () => {
    const { broker, clock, dead } = makeBroker();
    const seen: number[] = [];
    broker.subscribeAsync(
      Job,
      ({ id }, { deliveryCount }) => {
        if (deliveryCount === 0) fail();
        seen.push(id);
      },
      'work',
    );
    await broker.publish(new Job({ id: 1 }));
    const closed = broker.close();
    expect(() => broker.subscribe(Job, fail)).toThrow(BrokerClosedError);
    await settle();
    expect(broker.closed).toBe(false);
    clock.advance(100);
    await closed;
    expect([seen, dead, broker.closed, broker.subscriptions]).toEqual([[1], [], true, []]);
  });

  it('drops the queued messages when it is closed with drain: false, waits for the handlers that run, and emits dead for the rest', async () => {
    const { broker, dead } = makeBroker();
    const ended: unknown[] = [];
    const handler = async ({ id }: Job, { signal }: AsyncMessageContext<Job>): Promise<void> => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.push(id, signal.reason);
    };
    broker.subscribeAsync(Job, handler, 'work');
    await broker.publish(new Job({ id: 1 }));
    await broker.publish(new Job({ id: 2 }));
    await settle();
    await broker.close({ drain: false });
    expect(ended).toEqual([1, expect.any(BrokerClosedError)]);
    expect(dead).toMatchObject([{ reason: 'closed', message: { id: 2 } }]);
  });

  it('takes a message for dead that a handler releases while the broker closes', async () => {
    const { broker, clock, dead } = makeBroker();
    const handler = vi.fn((_job: Job, context: AsyncMessageContext<Job>) => context.release());
    broker.subscribeAsync(Job, handler, 'work');
    await broker.publish(new Job({ id: 1 }));
    await settle();
    const closed = broker.close();
    clock.advance(0);
    await closed;
    expect(handler).toHaveBeenCalledTimes(2);
    expect(dead).toMatchObject([{ reason: 'closed', message: { id: 1 } }]);
  });

  it.each([{ drain: false }, { timeout: 10 }])('ends sooner when it is closed again with %o', async (options) => {
    const { broker, clock, dead } = makeBroker();
    broker.subscribeAsync(Job, fail, 'work', { backoff: { delay: Infinity, maxDelay: Infinity } });
    await broker.publish(new Job({ id: 1 }));
    await settle();
    const closed = broker.close({ timeout: 1e12 });
    clock.advance(1e9);
    await settle();
    expect([broker.closed, dead]).toEqual([false, []]);
    const again = broker.close(options);
    clock.advance(10);
    await Promise.all([closed, again]);
    expect(dead).toMatchObject([{ reason: 'closed', message: { id: 1 } }]);
    expect(clock.timers).toBe(0);
  });

  it('takes a message for dead at once that fails or is released after the broker has closed', async () => {
    const { broker, clock, dead } = makeBroker();
    let finish = (): void => undefined;
    const handler = async ({ id }: Job, context: AsyncMessageContext<Job>): Promise<void> => {
      await new Promise<void>((resolve) => (finish = resolve));
      if (id === 1) fail();
      else context.release();
    };
    broker.subscribeAsync(Job, handler, 'work');
    await broker.publish(new Job({ id: 1 }));
    await settle();
    const closed = broker.close({ timeout: 10 });
    clock.advance(10);
    await closed;
    finish();
    await settle();
    expect(dead).toMatchObject([{ reason: 'closed', message: { id: 1 } }]);
    expect(clock.timers).toBe(0);
  });

  it.each([2 ** 31, 3_000_000_000, Infinity])('keeps to a back-off of %d ms', async (delay) => {
    const broker = new MemoryBroker(); // by the clocks of the machine, whose timers are shorter
    onTestFinished(() => broker.close({ drain: false }));
    const handler = vi.fn(({ id }: Job) => (id === 1 ? fail() : undefined));
    broker.subscribeAsync(Job, handler, 'work', { backoff: { delay, maxDelay: delay } });
    await broker.publish(new Job({ id: 1 }));
    await new Promise((resolve) => setTimeout(resolve, 2)); // timers beyond the limit of Node last 1 ms
    await broker.publish(new Job({ id: 2 }));
    await expect.poll(() => handler.mock.calls.map(([{ id }]) => id)).toEqual([1, 2]);
  });

  it('lets any number of subscriptions wait for one signal, by one listener', async () => {
    const { broker } = makeBroker();
    const ending = new AbortController();
    const subscriptions = Array.from({ length: 12 }, (_, index) =>
      index % 2 === 0
        ? broker.subscribe(Job, vi.fn(), { signal: ending.signal })
        : broker.subscribeAsync(Job, vi.fn(), 'work', { signal: ending.signal }),
    );
    expect(getEventListeners(ending.signal, 'abort')).toHaveLength(1);
    await subscriptions[0]?.unsubscribe();
    ending.abort();
    expect(subscriptions.every(({ closed }) => closed)).toBe(true);
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });

  it('ends a subscription whose signal is aborted while the broker attaches it', async () => {
    const ending = new AbortController();
    class Attaching extends MemoryBroker {
      protected override attach(...subscriber: Parameters<MemoryBroker['attach']>): ReturnType<MemoryBroker['attach']> {
        ending.abort();
        return super.attach(...subscriber);
      }
    }
    await using broker = new Attaching();
    const handler = vi.fn();
    const subscription = broker.subscribe(Job, handler, { signal: ending.signal });
    await broker.publish(new Job({ id: 1 }));
    expect([subscription.closed, broker.subscriptions, handler.mock.calls]).toEqual([true, [], []]);
  });

  it('waits no longer than its time-out when it closes', async () => {
    const { broker, clock, dead } = makeBroker();
    broker.subscribeAsync(Job, () => new Promise(() => undefined), 'stuck');
    broker.subscribeAsync(Job, fail, 'failing', { backoff: { delay: 60_000, maxDelay: 60_000 } });
    await broker.publish(new Job({ id: 1 }));
    await settle();
    const closed = broker.close({ timeout: 1000 });
    clock.advance(1000);
    await closed;
    expect(dead).toMatchObject([{ queueName: 'failing', reason: 'closed' }]);
  });

  it('emits dead for the messages of a deleted queue, and for those that its handler releases later', async () => {
    const { broker, dead } = makeBroker();
    let release = (): void => undefined;
    const handler = async (_job: Job, context: AsyncMessageContext<Job>): Promise<void> => {
      await new Promise<void>((resolve) => (release = resolve));
      context.release();
    };
    const subscription = broker.subscribeAsync(Job, handler, 'work');
    for (const id of [1, 2]) await broker.publish(new Job({ id }));
    await settle();
    const ended = subscription.unsubscribe();
    await broker.deleteQueue(Job, 'work');
    expect(dead).toMatchObject([{ reason: 'closed', message: { id: 2 }, queueName: 'work' }]);
    release();
    await ended;
    expect(dead).toMatchObject([{ message: { id: 2 } }, { reason: 'closed', message: { id: 1 } }]);
    await broker.deleteQueue(Job, 'work');
    await broker.deleteQueue(Job, 'work~2');
    await expect(broker.deleteQueue(Job, 'work~0')).rejects.toThrow(OptionError);
    await expect(broker.deleteQueue(Job, 'work~2~2')).rejects.toThrow('name of a queue');
  });

  it('runs as many handlers at once as the concurrency of all subscriptions of a queue', async () => {
    const { broker } = makeBroker();
    let running = 0;
    let most = 0;
    const handler = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await settle();
      running--;
    };
    broker.subscribeAsync(Job, handler, 'work', { concurrency: 2 });
    broker.subscribeAsync(Job, handler, 'work', { concurrency: 3 });
    for (let id = 0; id < 20; id++) await broker.publish(new Job({ id }));
    await broker.close();
    expect(most).toBe(5);
  });

  it('gives back a message that was handed out just as its subscription ended', async () => {
    const { broker } = makeBroker();
    const [first, second] = [vi.fn(), vi.fn()];
    const subscription = broker.subscribeAsync(Job, first, 'work');
    await settle();
    const published = broker.publish(new Job({ id: 1 }));
    const ended = subscription.unsubscribe();
    broker.subscribeAsync(Job, second, 'work');
    await Promise.all([published, ended]);
    await settle();
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  });

  it('does not keep a process busy with a message that is released for ever', async () => {
    const { broker, clock } = makeBroker();
    const handler = vi.fn((_job: Job, context: AsyncMessageContext<Job>) => context.release());
    broker.subscribeAsync(Job, handler, 'work');
    await broker.publish(new Job({ id: 1 }));
    await settle();
    expect(handler).toHaveBeenCalledTimes(1);
    clock.advance(0);
    await settle();
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('emits error for a handler that throws after its decision, and keeps to the decision', async () => {
    const { broker, dead } = makeBroker();
    const errors = vi.fn();
    broker.on('error', errors);
    broker.subscribeAsync(
      Job,
      (_job, context) => {
        context.accept();
        context.reject('too late');
        expect(context.decided).toBe(true);
        fail();
      },
      'work',
    );
    await broker.publish(new Job({ id: 1 }));
    await settle();
    expect(errors).toHaveBeenCalledOnce();
    expect(dead).toEqual([]);
  });

  it('lets a listener throw without harm to the publisher and to other listeners', async () => {
    const { broker } = makeBroker();
    const heard = vi.fn();
    broker.on('error', () => {
      throw new TypeError('a listener');
    });
    broker.on('error', heard);
    broker.subscribe(Job, fail);
    const errors = await uncaught(() => expect(broker.publish(new Job({ id: 1 }))).rejects.toThrow(AggregateError));
    expect(errors).toEqual(['a listener']);
    expect(heard).toHaveBeenCalledOnce();
  });

  it('rejects publish for failures, also when the process does not listen to error', async () => {
    const { broker } = makeBroker();
    broker.subscribe(Job, fail);
    await expect(broker.publish(new Job({ id: 1 }))).rejects.toMatchObject({ errors: [{ code: 'ERR_HANDLER' }] });
  });

  it('reports the number of failed handlers, and the first error', async () => {
    const { broker } = makeBroker();
    broker.subscribe(Job, fail);
    broker.subscribe(Job, vi.fn());
    broker.subscribe(Job, () => Promise.reject(new TypeError('the second')));
    await expect(broker.publish(new Job({ id: 1 }))).rejects.toMatchObject({
      message: '2 of 3 handlers failed: on purpose',
      errors: [{ cause: new RangeError('on purpose') }, { cause: new TypeError('the second') }],
    });
  });

  it('counts the handlers there were when the message was published', async () => {
    const { broker } = makeBroker();
    broker.subscribe(Job, () => {
      broker.subscribe(Job, vi.fn());
      fail();
    });
    await expect(broker.publish(new Job({ id: 1 }))).rejects.toThrow('1 of 1 handlers failed: on purpose');
  });

  it('reports the queues that refused a message beside the failed handlers', async () => {
    const { broker } = makeBroker({ capacity: 1 });
    broker.subscribe(Job, ({ id }) => (id === 2 ? fail() : undefined));
    for (const queueName of ['mails', 'bills']) await broker.subscribeAsync(Job, vi.fn(), queueName).unsubscribe();
    await broker.publish(new Job({ id: 1 }));
    const error: unknown = await broker.publish(new Job({ id: 2 })).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/1 of 1 handlers failed: on purpose; 2 queues have not taken the message: .*mails/);
    expect(error).toMatchObject({
      errors: [{ code: 'ERR_QUEUE_FULL' }, { code: 'ERR_QUEUE_FULL' }, { code: 'ERR_HANDLER' }],
    });
  });

  it('gives a class its own messages when two classes share a name', async () => {
    const { broker } = makeBroker();
    class SameName extends defineMessage<{ id: number }>('job') {}
    const seen: unknown[] = [];
    broker.subscribe(SameName, (message) => void seen.push(message));
    broker.subscribeAsync(SameName, (message) => void seen.push(message), 'work');
    await broker.publish(new Job({ id: 1 }));
    await broker.close();
    expect(seen).toEqual([new SameName({ id: 1 }), new SameName({ id: 1 })]);
    expect(seen.every((message) => message instanceof SameName)).toBe(true);
  });

  it('buries a message without a retry when the class of the subscriber refuses it', async () => {
    const { broker, dead } = makeBroker();
    class Strict extends defineMessage<{ id: number }>('job') {
      constructor(fields: { id: number }) {
        super(fields);
        if (fields.id < 0) throw new RangeError('below zero');
      }
    }
    const handler = vi.fn();
    broker.subscribe(Strict, handler);
    broker.subscribeAsync(Strict, handler, 'work');
    await expect(broker.publish(new Job({ id: -1 }))).rejects.toThrow('1 of 1 handlers failed: below zero');
    await settle();
    expect(handler).not.toHaveBeenCalled();
    const letter = {
      reason: 'rejected',
      deliveryCount: 1,
      error: { code: 'ERR_MESSAGE', cause: new RangeError('below zero') },
    };
    expect(dead).toHaveLength(2);
    for (const each of dead) expect(each).toMatchObject(letter);
  });

  it('ends a subscription with its block', async () => {
    const { broker } = makeBroker();
    const handler = vi.fn();
    {
      using subscription = broker.subscribe(Job, handler);
      expect(subscription).toBeInstanceOf(Subscription);
      expect(await subscription.ready()).toBe(subscription);
    }
    {
      await using subscription = broker.subscribe(Job, handler);
      expect(subscription.state).toBe('open');
    }
    await broker.publish(new Job({ id: 1 }));
    expect(handler).not.toHaveBeenCalled();
  });

  it.each<[string, AsyncSubscribeOptions<Job>]>([
    ['concurrency', { concurrency: 0 }],
    ['maxDeliveries', { maxDeliveries: 1.5 }],
    ['back-off', { backoff: { delay: -1 } }],
    ['deadLetter', { deadLetter: 'a b' }],
    ['selector', { selector: 'a = 1' }],
    ['predicate', { predicate: 1 as never }],
    ['name', { name: 1 as never }],
    ['speed', { speed: 1 } as never],
    ['must be an object', null as never],
    ['must be an object', 'fast' as never],
  ])('refuses a %s that cannot be', (what, options) => {
    const { broker } = makeBroker();
    expect(() => broker.subscribeAsync(Job, fail, 'work', options)).toThrow(OptionError);
    expect(() => broker.subscribeAsync(Job, fail, 'work', options)).toThrow(what);
  });

  it('refuses invalid messages, handlers, queue names and options', async () => {
    const { broker } = makeBroker();
    await expect(broker.publish({ id: 1 } as never)).rejects.toMatchObject({ code: 'ERR_MESSAGE' });
    for (const ttl of [0, 1.5, 2 ** 32]) {
      await expect(broker.publish(new Job({ id: 1 }), { ttl })).rejects.toThrow(OptionError);
    }
    await expect(broker.publish(new Job({ id: 1 }), { messageId: '' })).rejects.toThrow(OptionError);
    await expect(broker.publish(new Job({ id: 1 }), { delay: 1 } as never)).rejects.toThrow('no option delay');
    expect(() => broker.subscribe(Job, undefined as never)).toThrow(OptionError);
    expect(() => broker.subscribe({} as never, fail)).toThrow('needs a messageName');
    expect(() => broker.subscribeAsync(Job, fail, 'a/b')).toThrow('queue name');
    expect(() => broker.subscribe(Job, fail, { signal: AbortSignal.abort(new RangeError('early')) })).toThrow('early');
    expect(() => broker.close({ timeout: -1 })).toThrow(OptionError);
    expect(() => new MemoryBroker({ capacity: 0 })).toThrow(OptionError);
    expect(() => new MemoryBroker({ size: 1 } as never)).toThrow(OptionError);
  });
});
