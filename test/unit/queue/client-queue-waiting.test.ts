import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { OptionError, TimeoutError } from '../../../src/errors.js';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Item {
  readonly id: number;
}

function createQueue(): { queue: ClientQueue<Item>; clock: FakeClock } {
  const clock = new FakeClock();
  return { queue: new ClientQueue<Item>({ clock, channelName: 'orders' }), clock };
}

describe('Pulls that wait for a ClientQueue', () => {
  it('are served in the order they came, each push serving one', async () => {
    const { queue } = createQueue();
    const pulls = [queue.pull(), queue.pull(), queue.pull()];
    expect(queue).toMatchObject({ waiters: 3, clientsWaiting: true });
    queue.push({ id: 1 });
    queue.push({ id: 2 });
    expect(await Promise.all(pulls.slice(0, 2))).toEqual([{ id: 1 }, { id: 2 }]);
    expect(queue).toMatchObject({ waiters: 1, size: 0 });
    queue.push({ id: 3 });
    expect(await pulls[2]).toEqual({ id: 3 });
    expect(queue.clientsWaiting).toBe(false);
  });

  it('get no null as long as the queue is not stopped', async () => {
    const { queue } = createQueue();
    const results: (Item | null)[] = [];
    const pulls = [1, 2, 3].map(() => queue.pull().then((message) => results.push(message)));
    queue.push({ id: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(results).toEqual([{ id: 1 }]);
    queue.push({ id: 2 });
    queue.push({ id: 3 });
    await Promise.all(pulls);
    expect(results).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it('keep their order when one in the middle is aborted', async () => {
    const { queue } = createQueue();
    const controller = new AbortController();
    const first = queue.pull();
    const second = expect(queue.pull({ signal: controller.signal })).rejects.toThrow('enough');
    const third = queue.pull();
    controller.abort(new Error('enough'));
    expect(queue.waiters).toBe(2);
    queue.push({ id: 1 });
    queue.push({ id: 2 });
    expect([await first, await third]).toEqual([{ id: 1 }, { id: 2 }]);
    await second;
  });

  it('take nothing when they are aborted just before the push', async () => {
    const { queue } = createQueue();
    const controller = new AbortController();
    const aborted = expect(queue.pull({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    controller.abort();
    queue.push({ id: 1 });
    await aborted;
    expect(queue.tryPull()).toEqual({ id: 1 });
  });

  it('give the message when they are aborted just after the push', async () => {
    const { queue } = createQueue();
    const controller = new AbortController();
    const pulled = queue.pull({ signal: controller.signal });
    queue.push({ id: 1 });
    controller.abort();
    expect(await pulled).toEqual({ id: 1 });
    expect(queue.size).toBe(0);
  });

  it('reject at once by a signal that is aborted already, though there is a message', async () => {
    const { queue } = createQueue();
    queue.push({ id: 1 });
    await expect(queue.pull({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await expect(queue.pull({ signal: AbortSignal.abort('a word') })).rejects.toThrow('a word');
    expect(queue.size).toBe(1);
  });

  it('give up when their time is over, and take nothing', async () => {
    const { queue, clock } = createQueue();
    const late = expect(queue.pull({ timeout: 100 })).rejects.toThrow(TimeoutError);
    const said = expect(queue.pull({ timeout: 100 })).rejects.toThrow('Queue orders had no message in time.');
    const patient = queue.pull({ timeout: 101 });
    clock.advance(100);
    await Promise.all([late, said]);
    expect(queue.waiters).toBe(1);
    queue.push({ id: 1 });
    expect(await patient).toEqual({ id: 1 });
  });

  it('leave no timer and no listener behind, however they end', async () => {
    const { queue, clock } = createQueue();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const served = queue.pull({ timeout: 10, signal });
    const late = expect(queue.pull({ timeout: 10, signal })).rejects.toThrow(TimeoutError);
    const stopped = queue.pull({ timeout: 20, signal });
    expect(clock.timers).toBe(3);
    queue.push({ id: 1 });
    clock.advance(10);
    queue.stop();
    await Promise.all([served, late, stopped]);
    expect(clock.timers).toBe(0);
    const listeners = added.mock.calls.map(([, listener]) => listener);
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(listeners);
    expect(listeners).toHaveLength(1); // for all three: Node warns at the eleventh
  });

  it.each([Infinity, 2 ** 31])('wait without limit for a timeout of %d', (timeout) => {
    const { queue, clock } = createQueue();
    void queue.pull({ timeout });
    expect([queue.waiters, clock.timers]).toEqual([1, 0]);
  });

  it.each([-1, NaN])('refuse a timeout of %d', async (timeout) => {
    const { queue } = createQueue();
    await expect(queue.pull({ timeout })).rejects.toThrow(OptionError);
    expect(queue.waiters).toBe(0);
  });

  it('are counted exactly after a thousand that were aborted', async () => {
    const { queue } = createQueue();
    for (let count = 0; count < 1000; count++) {
      const controller = new AbortController();
      const aborted = expect(queue.pull({ signal: controller.signal })).rejects.toThrow();
      controller.abort();
      await aborted;
    }
    expect(queue).toMatchObject({ waiters: 0, clientsWaiting: false });
  });

  it('can be thirty thousand, all but one of which give up, last come first', async () => {
    const { queue } = createQueue();
    const count = 30_000;
    const controllers: AbortController[] = [];
    const ended: Promise<unknown>[] = [];
    for (let index = 0; index < count; index++) {
      const controller = new AbortController();
      controllers.push(controller);
      ended.push(queue.pull({ signal: controller.signal }).catch(() => 'aborted'));
    }
    for (const [index, controller] of controllers.toReversed().entries()) {
      if (index !== count >> 1) controller.abort();
    }
    expect(queue.waiters).toBe(1);
    queue.push({ id: 1 });
    const results = await Promise.all(ended);
    expect(results.filter((result) => result !== 'aborted')).toEqual([{ id: 1 }]);
  });
});

describe('Pulls with one signal', () => {
  it('have one listener between them, since looking through ten thousand for each takes its time', async () => {
    const { queue } = createQueue();
    const { signal } = new AbortController();
    const pulls = Array.from({ length: 12 }, () => queue.pull({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (let id = 0; id < 12; id++) queue.push({ id });
    await Promise.all(pulls);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('all reject with its reason when it is aborted', async () => {
    const { queue } = createQueue();
    const controller = new AbortController();
    const pulls = Array.from({ length: 12 }, () => queue.pull({ signal: controller.signal }).catch(String));
    controller.abort(new Error('enough'));
    expect(new Set(await Promise.all(pulls))).toEqual(new Set(['Error: enough']));
    expect(queue.waiters).toBe(0);
  });
});
