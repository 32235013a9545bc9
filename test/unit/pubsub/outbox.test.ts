import { MemoryBroker, TestBroker, defineMessage, outbox } from 'amqp-messenger/pubsub';
import type { Held } from 'amqp-messenger/pubsub';
import { describe, expect, it, vi } from 'vitest';

class Done extends defineMessage<{ id: number }>('done') {}
const done = (id: number): Done => new Done({ id });
const ids = (broker: TestBroker): number[] => broker.publishedOf(Done).map(({ id }) => id);

describe('a unit of work', () => {
  it('holds messages back until the work succeeds, and returns its result', async () => {
    const broker = new TestBroker();
    const result = await outbox()(async () => {
      await broker.publish(done(1));
      await broker.publish(done(2));
      expect(broker.published).toEqual([]);
      return 'result';
    });
    expect(result).toBe('result');
    expect(ids(broker)).toEqual([1, 2]);
  });

  it('drops its messages when the work fails, and rejects with its error', async () => {
    const broker = new TestBroker();
    const error = new RangeError('rolled back');
    const failing = outbox()(async () => {
      await broker.publish(done(1));
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    const failingAtOnce = outbox()(() => {
      void broker.publish(done(1));
      throw error;
    });
    await expect(failingAtOnce).rejects.toBe(error);
    expect(broker.published).toEqual([]);
  });

  it('refuses an invalid message inside the work', async () => {
    const broker = new TestBroker();
    const failing = outbox()(() => broker.publish({} as never));
    await expect(failing).rejects.toMatchObject({ code: 'ERR_MESSAGE' });
  });

  it('passes its messages on to the unit it is inside of, and drops only its own when it fails', async () => {
    const broker = new TestBroker();
    const unit = outbox();
    await unit(async () => {
      await broker.publish(done(1));
      await unit(() => broker.publish(done(2)));
      const failing = unit(async () => {
        await broker.publish(done(3));
        throw new RangeError('inner');
      });
      await expect(failing).rejects.toThrow('inner');
      expect(broker.published).toEqual([]);
    });
    expect(ids(broker)).toEqual([1, 2]);
    const failing = unit(async () => {
      await unit(() => broker.publish(done(4)));
      throw new RangeError('outer');
    });
    await expect(failing).rejects.toThrow('outer');
    expect(ids(broker)).toEqual([1, 2]);
  });

  it('does not see the messages of work that runs beside it', async () => {
    const broker = new TestBroker();
    const unit = outbox();
    const beside = async (id: number, fails: boolean): Promise<void> => {
      await broker.publish(done(id));
      await new Promise((resolve) => setImmediate(resolve));
      if (fails) throw new RangeError('rolled back');
    };
    await Promise.allSettled([1, 2, 3, 4].map((id) => unit(() => beside(id, id % 2 === 0))));
    expect(ids(broker).sort()).toEqual([1, 3]);
  });

  it('lets what is published after its end leave at once', async () => {
    const broker = new TestBroker();
    let late = (): Promise<void> => Promise.resolve();
    await outbox()(() => {
      const { promise, resolve } = withResolvers();
      const published = promise.then(() => broker.publish(done(1)));
      late = () => {
        resolve();
        return published;
      };
    });
    await late();
    expect(ids(broker)).toEqual([1]);
  });

  it('sends the rest when one message fails, and tells of it', async () => {
    const broker = new MemoryBroker();
    const seen: number[] = [];
    broker.subscribe(Done, ({ id }) => {
      if (id === 1) throw new RangeError('on purpose');
      seen.push(id);
    });
    const failing = outbox()(async () => {
      for (const id of [1, 2]) await broker.publish(done(id));
    });
    await expect(failing).rejects.toThrow('1 of its 2 messages failed');
    expect(seen).toEqual([2]);
  });

  it('leaves the sending to a given function, outside of the unit, and not when there are no messages', async () => {
    const broker = new TestBroker();
    const publishAll = vi.fn(async (held: readonly Held[]) => {
      await broker.publish(done(0));
      for (const each of held.toReversed()) await each.publish();
    });
    const unit = outbox(publishAll);
    await unit(async () => {
      for (const id of [1, 2]) await broker.publish(done(id), { correlationId: 'c' });
    });
    expect(ids(broker)).toEqual([0, 2, 1]);
    expect(publishAll.mock.calls[0]![0]).toMatchObject([
      { message: { id: 1 }, options: { correlationId: 'c' } },
      { message: { id: 2 } },
    ]);
    await unit(() => undefined);
    expect(publishAll).toHaveBeenCalledOnce();
    expect(() => outbox('x' as never)).toThrow('takes a function');
  });

  it('does not hold back what handlers publish that were subscribed inside it', async () => {
    const broker = new MemoryBroker();
    const seen: number[] = [];
    broker.subscribe(Done, ({ id }) => void seen.push(id));
    class Job extends defineMessage('job') {}
    await outbox()(async () => {
      broker.subscribeAsync(Job, () => broker.publish(done(1)), 'work');
      await new Promise((resolve) => setImmediate(resolve));
    });
    await outbox()(() => broker.publish(new Job()));
    await broker.close();
    expect(seen).toEqual([1]);
  });
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
