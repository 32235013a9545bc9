import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Slab } from '../../../src/codec/slab.js';
import { OutgoingExpiry } from '../../../src/messenger/outgoing/outgoing-expiry.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { FakeClock } from '../../support/fake-clock.js';

/** An expiry on a clock of its own, and what waits to be sent: a test takes out what a peer is to have. */
class Watched {
  readonly clock = new FakeClock();
  readonly queue = new Set<OutgoingDelivery>();
  /** How often all that waits was looked at. */
  looks = 0;
  readonly link = {
    eachQueued: (visit: (delivery: OutgoingDelivery) => void): void => {
      this.looks++;
      this.queue.forEach(visit);
    },
  };
  readonly expiry = new OutgoingExpiry(new Set([this.link]), this.clock);
  /** Called when a message has ended. */
  ended: () => void = () => undefined;

  /** Queues messages with so many milliseconds left in this turn. */
  queueUp(...lifetimes: number[]): OutgoingDelivery[] {
    const deliveryEnded = (delivery: OutgoingDelivery): void => {
      this.queue.delete(delivery);
      this.ended();
    };
    const owner = { destination: 'q', deliveryEnded };
    return lifetimes.map((lifetime, index) => {
      const delivery = new OutgoingDelivery(new Slab(100), 0, 100, false, index, owner);
      this.queue.add(delivery);
      if (lifetime !== Infinity) this.expiry.add(delivery, lifetime);
      return delivery;
    });
  }

  /** Does so, and lets the turn end. */
  async put(...lifetimes: number[]): Promise<OutgoingDelivery[]> {
    const deliveries = this.queueUp(...lifetimes);
    await endOfTurn();
    return deliveries;
  }
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const statuses = (deliveries: readonly OutgoingDelivery[]): string[] => deliveries.map(({ status }) => status);

describe('a queued message', () => {
  it('expires when its time is over, and not before', async () => {
    const watched = new Watched();
    const deliveries = await watched.put(200, 100);
    watched.clock.advance(99);
    expect(statuses(deliveries)).toEqual(['pending', 'pending']);
    watched.clock.advance(1);
    expect(statuses(deliveries)).toEqual(['pending', 'expired']);
    watched.clock.advance(100);
    expect(statuses(deliveries)).toEqual(['expired', 'expired']);
    expect(watched.clock.timers).toBe(0);
  });

  it('expires in its millisecond, whenever it was put and however long it has', async () => {
    const puts = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 20 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(puts, async (waits) => {
        const watched = new Watched();
        const due: [OutgoingDelivery, number][] = [];
        for (const [wait, lifetime] of waits) {
          watched.clock.advance(wait);
          const [delivery] = await watched.put(lifetime);
          due.push([delivery!, watched.clock.now() + lifetime]);
        }
        for (let step = 0; step < 26; step++) {
          for (const [{ status }, time] of due) expect(status === 'expired').toBe(watched.clock.now() >= time);
          watched.clock.advance(1);
        }
        expect(watched.clock.timers).toBe(0);
      }),
    );
  });

  it('has its time from the end of the turn on, since it cannot leave before', async () => {
    const watched = new Watched();
    const [delivery] = watched.queueUp(10);
    watched.clock.advance(10);
    await endOfTurn();
    watched.clock.advance(9);
    expect(delivery!.status).toBe('pending');
    watched.clock.advance(1);
    expect(delivery!.status).toBe('expired');
  });

  it('may be put by whoever is told that another has expired', async () => {
    const watched = new Watched();
    await watched.put(10, 10);
    const late: OutgoingDelivery[] = [];
    watched.ended = () => late.push(...watched.queueUp(5));
    watched.clock.advance(10);
    watched.ended = () => undefined;
    await endOfTurn();
    expect(statuses(late)).toEqual(['pending', 'pending']);
    watched.clock.advance(5);
    expect(statuses(late)).toEqual(['expired', 'expired']);
  });

  it('is never looked at while none expires', async () => {
    const watched = new Watched();
    await watched.put(Infinity, Infinity);
    watched.clock.advance(1e9);
    expect([watched.looks, watched.clock.timers, watched.clock.readings]).toEqual([0, 0, 0]);
  });

  it('costs one reading of the clock per turn, not per message', async () => {
    const watched = new Watched();
    await watched.put(...Array.from({ length: 1000 }, () => 50));
    // One for the time, one to set the timer by.
    expect(watched.clock.readings).toBe(2);
  });

  it.each([
    ['a ttl', { ttl: 10 }],
    ['an expiry time', { expiryTime: new Date(Date.UTC(2030, 0, 1) + 10) }],
    ['an expiry time in milliseconds', { expiryTime: Date.UTC(2030, 0, 1) + 10 }],
    ['both, of which the time counts', { expiryTime: Date.UTC(2030, 0, 1) + 10, ttl: 99 }],
  ])('lives as long as %s says', (_title, message) => {
    expect(new Watched().expiry.lifetimeOf(message)).toBe(10);
  });

  it.each([{ ttl: NaN }, { ttl: '10' }, { expiryTime: new Date(NaN) }, { expiryTime: '2030' }])(
    'is refused with %j',
    (message) => {
      // Callers without types may give anything.
      expect(() => new Watched().expiry.lifetimeOf(message as { ttl: number })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
    },
  );
});

describe('a message that the peer may have', () => {
  it('does not expire, and expires when it comes back if its time is over', async () => {
    const watched = new Watched();
    const [overdue, early] = await watched.put(100, 300);
    watched.queue.clear();
    watched.clock.advance(200);
    expect(statuses([overdue!, early!])).toEqual(['pending', 'pending']);
    watched.queue.add(overdue!).add(early!);
    watched.expiry.look();
    expect(statuses([overdue!, early!])).toEqual(['expired', 'pending']);
    watched.clock.advance(100);
    expect(early!.status).toBe('expired');
  });

  it('is left alone when it has its outcome', async () => {
    const watched = new Watched();
    const [delivery] = await watched.put(100);
    delivery!.finish('accepted');
    watched.clock.advance(200);
    watched.expiry.look();
    expect(delivery!.status).toBe('accepted');
  });
});

describe('a long queue', () => {
  it('is not gone through for every deadline, and still nothing stays in it for long', async () => {
    const watched = new Watched();
    await watched.put(...Array.from({ length: 50_000 }, () => 1e6), ...Array.from({ length: 100 }, (_, at) => at + 1));
    watched.clock.advance(121);
    expect(watched.queue.size).toBe(50_000);
    // A look at 50,000 is followed by 20 ms without one.
    expect(watched.looks).toBeLessThanOrEqual(7);
  });
});

describe('after a stop', () => {
  it('nothing expires', async () => {
    const watched = new Watched();
    const [delivery] = await watched.put(10);
    const [another] = watched.queueUp(10);
    watched.expiry.stop();
    await endOfTurn();
    watched.clock.advance(10);
    expect(statuses([delivery!, another!])).toEqual(['pending', 'pending']);
    expect(watched.clock.timers).toBe(0);
  });
});
