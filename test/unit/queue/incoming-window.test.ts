import { describe, expect, it } from 'vitest';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import { IncomingDelivery } from '../../../src/queue/incoming-delivery.js';
import { IncomingWindow } from '../../../src/queue/incoming-window.js';

const source = { settle: (): void => undefined };

/** The delivery that was given out as this one of all. */
function numbered(sequence: number, presettled = false): IncomingDelivery {
  const delivery = new IncomingDelivery(Buffer.alloc(0), 0, 0, sequence, presettled, source);
  delivery.sequence = sequence;
  return delivery;
}

/** A window of this size with this many deliveries added, and the deliveries. */
function filled(count: number, size = Infinity): { window: IncomingWindow; deliveries: IncomingDelivery[] } {
  const window = new IncomingWindow();
  const deliveries = Array.from({ length: count }, (_, index) => numbered(index + 1));
  for (const delivery of deliveries) window.add(delivery, size);
  return { window, deliveries };
}
const statusOf = (deliveries: readonly IncomingDelivery[]): string[] => deliveries.map(({ status }) => status);

describe('IncomingWindow', () => {
  it('settles what slides out of it without an outcome', () => {
    const { deliveries } = filled(5, 2);
    expect(statusOf(deliveries)).toEqual(['settled', 'settled', 'settled', 'pending', 'pending']);
  });

  it('gives an outcome to everything through a delivery', () => {
    const { window, deliveries } = filled(4);
    window.finishThrough(deliveries[2]!, ACCEPTED);
    expect(statusOf(deliveries)).toEqual(['accepted', 'accepted', 'accepted', 'pending']);
  });

  it('leaves first outcomes as they are', () => {
    const { window, deliveries } = filled(3);
    deliveries[1]!.finish(RELEASED);
    window.finishThrough(deliveries[2]!, ACCEPTED);
    expect(statusOf(deliveries)).toEqual(['accepted', 'released', 'accepted']);
  });

  it('does nothing for a delivery that has slid out', () => {
    const { window, deliveries } = filled(4, 2);
    window.finishThrough(deliveries[0]!, ACCEPTED);
    window.settleThrough(deliveries[1]!);
    expect(statusOf(deliveries)).toEqual(['settled', 'settled', 'pending', 'pending']);
  });

  it('settles everything through a delivery', () => {
    const { window, deliveries } = filled(3);
    window.settleThrough(deliveries[1]!);
    expect(statusOf(deliveries)).toEqual(['settled', 'settled', 'pending']);
  });

  it('has room again for what was settled at its old end', () => {
    const { window, deliveries } = filled(2, 2);
    deliveries[0]!.finish(ACCEPTED);
    deliveries[1]!.finish(ACCEPTED);
    const more = [3, 4].map((sequence) => numbered(sequence));
    for (const delivery of more) window.add(delivery, 2);
    expect(statusOf(more)).toEqual(['pending', 'pending']);
  });

  it('keeps nothing of what was answered one by one, however large it is', () => {
    const window = new IncomingWindow();
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      const delivery = numbered(sequence);
      window.add(delivery, Infinity);
      delivery.finish(ACCEPTED);
    }
    expect(window.size).toBeLessThan(2);
  });

  it('may be made smaller while it is in use', () => {
    const { window, deliveries } = filled(4);
    const last = numbered(5);
    window.add(last, 1);
    expect(statusOf([...deliveries, last])).toEqual(['settled', 'settled', 'settled', 'settled', 'pending']);
  });

  it('keeps nothing of what was answered behind one that waits for ever', () => {
    const window = new IncomingWindow();
    window.add(numbered(1), Infinity);
    for (let sequence = 2; sequence < 20_000; sequence++) {
      const delivery = numbered(sequence);
      window.add(delivery, Infinity);
      delivery.finish(ACCEPTED);
    }
    expect(window.size).toBeLessThan(2000);
  });

  it('slides by what was given out, though much of it needs no place any more', () => {
    const { window, deliveries } = filled(3000, 4000);
    for (const delivery of deliveries.slice(1)) delivery.finish(ACCEPTED);
    window.add(numbered(4000), 4000);
    expect(deliveries[0]!.status).toBe('pending');
    window.add(numbered(4001), 4000);
    expect(deliveries[0]!.status).toBe('settled');
  });

  it('reaches back through what is not in it itself', () => {
    const { window, deliveries } = filled(3);
    // Given out while there was no window.
    window.finishThrough(numbered(4), ACCEPTED);
    expect(statusOf(deliveries)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('lets what came settled be marked while it is in reach', () => {
    const window = new IncomingWindow();
    const deliveries = [1, 2, 3].map((sequence) => numbered(sequence, true));
    for (const delivery of deliveries) window.add(delivery, 2);
    window.finishThrough(deliveries[2]!, ACCEPTED);
    expect(statusOf(deliveries)).toEqual(['settled', 'accepted', 'accepted']);
  });
});
