import { describe, expect, it } from 'vitest';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { parseAddress } from '../../../src/address/address.js';
import { Destination } from '../../../src/messenger/destination.js';
import { OutgoingExpiry } from '../../../src/messenger/outgoing-expiry.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { FakeClock } from '../../support/fake-clock.js';

/** An expiry on a clock of its own, and messages that are put with so many milliseconds left. */
function watching(): { clock: FakeClock; expiry: OutgoingExpiry; put: (lifetime: number) => OutgoingDelivery } {
  const clock = new FakeClock();
  const expiry = new OutgoingExpiry(clock);
  const endpoint = resolveEndpoint(parseAddress('amqp://localhost/q'));
  const destination = new Destination('q', undefined, endpoint, {}, () => undefined);
  let sequence = 0;
  const put = (lifetime: number): OutgoingDelivery => {
    const delivery = new OutgoingDelivery(Buffer.alloc(100), 0, 100, false, ++sequence, destination);
    expiry.add(delivery, destination, lifetime);
    return delivery;
  };
  return { clock, expiry, put };
}

describe('a queued message', () => {
  it('expires when its time is over, and not before', () => {
    const { clock, put } = watching();
    const [late, early] = [put(200), put(100)];
    clock.advance(99);
    expect([early.status, late.status]).toEqual(['pending', 'pending']);
    clock.advance(1);
    expect([early.status, late.status]).toEqual(['expired', 'pending']);
    clock.advance(100);
    expect(late.status).toBe('expired');
    expect(late.error).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(clock.timers).toBe(0);
  });

  it.each([0, -1, -Infinity])('expires at once with %d milliseconds left', (lifetime) => {
    const { clock, put } = watching();
    expect(put(lifetime).status).toBe('expired');
    expect(clock.timers).toBe(0);
  });

  it('costs nothing when it never expires', () => {
    const { clock, expiry, put } = watching();
    expect(put(Infinity).status).toBe('pending');
    expect(clock.timers + expiry.size).toBe(0);
  });

  it('lets go of its bytes', () => {
    const { clock, put } = watching();
    const delivery = put(5);
    clock.advance(5);
    expect(delivery.buffer).toHaveLength(0);
  });

  it.each([
    ['a ttl', { ttl: 10 }],
    ['an expiry time', { expiryTime: new Date(Date.UTC(2030, 0, 1) + 10) }],
    ['an expiry time in milliseconds', { expiryTime: Date.UTC(2030, 0, 1) + 10 }],
    ['both, of which the time counts', { expiryTime: Date.UTC(2030, 0, 1) + 10, ttl: 99 }],
  ])('lives as long as %s says', (_title, message) => {
    expect(watching().expiry.lifetimeOf(message)).toBe(10);
  });

  it.each([{ ttl: NaN }, { ttl: '10' }, { expiryTime: new Date(NaN) }, { expiryTime: '2030' }])(
    'is refused with %j',
    (message) => {
      // Callers without types may give anything.
      expect(() => watching().expiry.lifetimeOf(message as { ttl: number })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
    },
  );
});

describe('a message that the peer may have', () => {
  it('does not expire', () => {
    const { clock, expiry, put } = watching();
    const delivery = put(100);
    delivery.isSent = true;
    clock.advance(1000);
    expiry.cameBack();
    expect(delivery.status).toBe('pending');
  });

  it('expires once it has come back, and only if its time is over', () => {
    const { clock, expiry, put } = watching();
    const [overdue, early] = [put(100), put(300)];
    overdue.isSent = early.isSent = true;
    clock.advance(200);
    overdue.isSent = early.isSent = false;
    expiry.cameBack();
    expect([overdue.status, early.status]).toEqual(['expired', 'pending']);
    clock.advance(100);
    expect(early.status).toBe('expired');
  });

  it('is left alone when it has its outcome', () => {
    const { clock, expiry, put } = watching();
    const delivery = put(100);
    delivery.isSent = true;
    clock.advance(100);
    delivery.finish('accepted');
    delivery.isSent = false;
    expiry.cameBack();
    expect(delivery.status).toBe('accepted');
    expect(expiry.size).toBe(0);
  });
});

describe('what is watched', () => {
  it('is forgotten when most of it has ended, long before its time', () => {
    const { expiry, put } = watching();
    for (let number = 0; number < 100_000; number++) put(1e9).finish('accepted');
    expect(expiry.size).toBeLessThan(3000);
  });

  it('is forgotten too when a peer has it and never says what becomes of it but for some', () => {
    const { clock, expiry, put } = watching();
    for (let number = 0; number < 10_000; number++) {
      const delivery = put(1);
      delivery.isSent = true;
      clock.advance(1);
      if (number % 10 > 0) delivery.finish('accepted');
    }
    expect(expiry.size).toBeLessThan(3000);
  });

  it('is nothing after a stop', () => {
    const { clock, expiry, put } = watching();
    const delivery = put(10);
    expiry.stop();
    clock.advance(10);
    expect(delivery.status).toBe('pending');
    expect(clock.timers + expiry.size).toBe(0);
  });
});
