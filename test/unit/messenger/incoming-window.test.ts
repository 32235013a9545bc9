import { describe, expect, it } from 'vitest';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import { IncomingWindow } from '../../../src/messenger/incoming/incoming-window.js';
import { resolveOptions } from '../../../src/messenger/options/settings.js';
import { IncomingDelivery } from '../../../src/queue/incoming-delivery.js';

const LEFT = expect.objectContaining({ code: 'ERR_TRACKER' }) as Error;

/** A window of this size, and deliveries that tell it when they end, as links do. */
class Stage {
  readonly settings = resolveOptions({ incomingWindow: -1 });
  readonly window = new IncomingWindow(this.settings);
  readonly deliveries: IncomingDelivery[] = [];

  constructor(size: number) {
    this.settings.incomingWindow = size;
  }

  get(presettled = false): IncomingDelivery {
    const delivery = this.#arrived(presettled);
    this.window.giveByGet(delivery);
    return delivery;
  }

  loop(presettled = false): IncomingDelivery {
    const delivery = this.#arrived(presettled);
    this.window.giveByLoop(delivery);
    return delivery;
  }

  get statuses(): string[] {
    return this.deliveries.map(({ status }) => status);
  }

  #arrived(presettled: boolean): IncomingDelivery {
    const source = {
      settle: (): void => undefined,
      released: (delivery: IncomingDelivery): void => this.window.released(delivery),
    };
    const delivery = new IncomingDelivery(Buffer.alloc(0), 0, 0, this.deliveries.length, presettled, source);
    this.deliveries.push(delivery);
    delivery.leaveQueue();
    return delivery;
  }
}

/** A window of this size with this many deliveries that `get` gave. */
function filled(count: number, size = -1): Stage {
  const stage = new Stage(size);
  for (let index = 0; index < count; index++) stage.get();
  return stage;
}

const NEVER = new AbortController().signal;

describe('the window of what was got', () => {
  it('gives the default outcome to what falls out of it', () => {
    expect(filled(5, 2).statuses).toEqual(['released', 'released', 'released', 'pending', 'pending']);
  });

  it('holds those without an outcome, in whichever order the others got theirs', () => {
    const stage = filled(2, 2);
    for (let index = 0; index < 50; index++) {
      stage.deliveries.at(-1)!.finish(ACCEPTED);
      stage.get();
    }
    // The first has waited all the time, beside one other.
    expect(stage.deliveries[0]!.status).toBe('pending');
    stage.get();
    expect(stage.deliveries[0]!.status).toBe('released');
  });

  it('never lets fall out what a loop has given', () => {
    const stage = new Stage(2);
    stage.loop();
    stage.loop();
    for (let index = 0; index < 3; index++) stage.get();
    expect(stage.statuses).toEqual(['pending', 'pending', 'released', 'released', 'released']);
  });

  it('has room for a loop while fewer than its size are without an outcome', async () => {
    const stage = new Stage(2);
    const slow = stage.loop();
    const quick = stage.loop();
    const room = stage.window.room(NEVER);
    expect(room).toBeInstanceOf(Promise);
    quick.finish(ACCEPTED);
    await room;
    expect(stage.window.room(NEVER)).toBeUndefined();
    stage.loop().finish(RELEASED);
    expect(stage.window.room(NEVER)).toBeUndefined();
    stage.loop();
    expect(stage.window.room(NEVER)).toBeInstanceOf(Promise);
    expect(slow.status).toBe('pending');
  });

  it('has room again when a connection is lost, or the peer settles', () => {
    const stage = new Stage(2);
    stage.loop().abort(new Error('lost'));
    stage.loop().settledByPeer();
    stage.loop(true);
    stage.loop();
    expect(stage.window.room(NEVER)).toBeUndefined();
  });

  it('gives an outcome to everything through a delivery', () => {
    const stage = filled(4);
    stage.window.finishThrough(stage.deliveries[2], ACCEPTED);
    expect(stage.statuses).toEqual(['accepted', 'accepted', 'accepted', 'pending']);
  });

  it('leaves first outcomes as they are', () => {
    const stage = filled(3);
    stage.deliveries[1]!.finish(RELEASED);
    stage.window.finishThrough(stage.deliveries[2], ACCEPTED);
    expect(stage.statuses).toEqual(['accepted', 'released', 'accepted']);
  });

  it('says so of a delivery that has fallen out', () => {
    const stage = filled(4, 2);
    expect(() => stage.window.finish(stage.deliveries[0]!, ACCEPTED)).toThrow(LEFT);
    stage.window.finishThrough(stage.deliveries[0], ACCEPTED);
    stage.window.settle(stage.deliveries[1]!, true);
    expect(stage.statuses).toEqual(['released', 'released', 'pending', 'pending']);
  });

  it('settles everything through a delivery', () => {
    const stage = filled(3);
    stage.window.settle(stage.deliveries[1]!, true);
    expect(stage.statuses).toEqual(['released', 'released', 'pending']);
  });

  it('has room again for what was settled at its old end', () => {
    const stage = filled(2, 2);
    for (const delivery of stage.deliveries) delivery.finish(ACCEPTED);
    expect([stage.get(), stage.get()].map(({ status }) => status)).toEqual(['pending', 'pending']);
  });

  it('keeps nothing of what was answered one by one, however large it is', () => {
    const stage = new Stage(-1);
    for (let index = 0; index < 20_000; index++) stage.get().finish(ACCEPTED);
    expect(stage.window.size).toBeLessThan(2);
  });

  it('may be made smaller while it is in use', () => {
    const stage = filled(4);
    stage.settings.incomingWindow = 4;
    stage.get();
    stage.settings.incomingWindow = 1;
    stage.get();
    // Without a limit nothing that was got could fall out.
    expect(stage.statuses).toEqual(['pending', 'pending', 'pending', 'pending', 'released', 'released']);
  });

  it.each([-1, 30_000])('keeps nothing of what was answered behind one that waits for ever, size %d', (size) => {
    const stage = new Stage(size);
    stage.get();
    for (let index = 1; index < 20_000; index++) stage.get().finish(ACCEPTED);
    expect(stage.window.size).toBeLessThan(2000);
  });

  it('reaches back through what is not in it itself', () => {
    const stage = filled(3);
    stage.settings.incomingWindow = 0;
    const last = stage.get();
    stage.settings.incomingWindow = -1;
    stage.window.finishThrough(last, ACCEPTED);
    expect(stage.statuses).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
  });

  it('lets what came settled be marked while it is in reach', () => {
    const stage = new Stage(2);
    for (let index = 0; index < 3; index++) stage.get(true);
    stage.window.finishThrough(stage.deliveries[2], ACCEPTED);
    expect(stage.statuses).toEqual(['settled', 'accepted', 'accepted']);
    expect(() => stage.window.finish(stage.deliveries[0]!, ACCEPTED)).toThrow(LEFT);
  });
});
