import { describe, expect, it } from 'vitest';
import { Slab } from '../../../src/codec/slab.js';
import { PendingSends } from '../../../src/messenger/outgoing/pending-sends.js';
import type { PendingSend } from '../../../src/messenger/outgoing/pending-sends.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import fc from '../../support/property.js';

/** A call as one would write it without thinking of ten thousand of them. */
interface SimpleCall {
  readonly last: number;
  remaining: number;
  readonly call: PendingSend;
  isDone: boolean;
}

const memory = new Slab(100);
const owner = { destination: 'q', deliveryEnded: () => undefined };

/** A queue of messages, with calls that wait counted in both ways. */
class Scene {
  readonly sends = new PendingSends();
  readonly pending: OutgoingDelivery[] = [];
  readonly waiting: SimpleCall[] = [];
  /** The places of the calls that were done, in their order. */
  readonly done: number[] = [];
  #last = 0;
  #calls = 0;

  put(): void {
    this.pending.push(new OutgoingDelivery(memory, 0, 100, false, ++this.#last, owner));
  }

  /** Waits until `left` of the messages that are pending now have no outcome. */
  send(left: number): void {
    const target = Math.min(left, this.pending.length - 1);
    if (target < 0) return;
    const place = this.#calls++;
    const done = (): void => void this.done.push(place);
    const call = this.sends.add(this.#last, this.pending.length, target, done);
    this.waiting.push({ last: this.#last, remaining: this.pending.length - target, call, isDone: false });
  }

  /** Ends a message, and compares what both ways say of it. */
  end(at: number, status: 'accepted' | 'aborted'): void {
    const [delivery] = this.pending.splice(at % Math.max(this.pending.length, 1), 1);
    if (delivery === undefined) return;
    delivery.finish(status);
    const before = this.done.length;
    const isAwaited = this.sends.ended(delivery);
    const concerned = this.waiting.filter((one) => !one.isDone && delivery.sequence <= one.last);
    expect(isAwaited).toBe(concerned.length > 0);
    for (const one of concerned) one.isDone = --one.remaining === 0;
    const done = this.waiting.flatMap((one, place) => (concerned.includes(one) && one.isDone ? [place] : []));
    expect(this.done.slice(before)).toEqual(done);
  }

  giveUp(at: number): void {
    const one = this.waiting[at % Math.max(this.waiting.length, 1)];
    if (one === undefined) return;
    expect(this.sends.remove(one.call)).toBe(!one.isDone);
    one.isDone = true;
  }
}

describe('the calls of send that wait', () => {
  it('are done when their messages have ended, in whichever order those do, and calls are given up', () => {
    const step = fc.oneof(
      fc.constant((scene: Scene) => scene.put()),
      fc.nat(4).map((left) => (scene: Scene) => scene.send(left < 2 ? 0 : left)),
      fc.nat(20).map((at) => (scene: Scene) => scene.end(at < 12 ? 0 : at, at % 5 === 0 ? 'aborted' : 'accepted')),
      fc.nat(50).map((at) => (scene: Scene) => at < 10 && scene.giveUp(at)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const scene = new Scene();
        for (const take of steps) take(scene);
        while (scene.pending.length > 0) scene.end(0, 'accepted');
        expect(scene.waiting.every(({ isDone }) => isDone)).toBe(true);
      }),
    );
  });

  it('each report the messages that were aborted while they waited, and no others', () => {
    const scene = new Scene();
    scene.put();
    scene.send(0);
    scene.put();
    scene.put();
    scene.end(1, 'aborted'); // nobody waits for it
    scene.send(0);
    scene.end(0, 'aborted'); // both do
    scene.end(0, 'aborted'); // the second does
    const named = scene.waiting.map(({ call }) => {
      try {
        call.aborted.throwIfAny();
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    });
    expect(named).toEqual(['A message could not be sent. q: ', '2 messages could not be sent. q: ']);
  });
});
