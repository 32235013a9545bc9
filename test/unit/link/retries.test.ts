import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { AuthenticationError, ConnectionError, DecodeError, OptionError, ProtocolError } from '../../../src/errors.js';
import type { MessagingError } from '../../../src/errors.js';
import { HostList } from '../../../src/link/connection/host-list.js';
import { DEFAULT_RECONNECT, Retries } from '../../../src/link/connection/retries.js';
import type { ConnectionLoss, ReconnectPolicy } from '../../../src/link/connection/retries.js';
import { MAX_REDIRECTS, RedirectError } from '../../../src/link/connection/named-hosts.js';

const REFUSED = new ConnectionError('refused');

interface Setup {
  hosts: HostList;
  next: (loss?: Partial<ConnectionLoss>) => number | undefined;
}

function setup(policy: Partial<ReconnectPolicy> = {}, others: string[] = []): Setup {
  const endpoint = resolveEndpoint(parseAddress('amqp://a'));
  const hosts = new HostList(endpoint, { a: others });
  // The largest delay that may be drawn, but for one.
  const retries = new Retries(
    endpoint,
    {
      reconnect: { ...DEFAULT_RECONNECT, ...policy },
      dialPeerHosts: true,
      environment: { random: () => 1 - Number.EPSILON },
    },
    hosts,
  );
  const next = (loss: Partial<ConnectionLoss> = {}): number | undefined =>
    retries.next({ reason: REFUSED, openFor: undefined, isUsed: false, isWanted: true, isRenewal: false, ...loss });
  return { hosts, next };
}

/** A connection that was open for a moment, and of use. */
const PROVEN = { openFor: 1, isUsed: true };

describe('the schedule of reconnects', () => {
  it('ends with a refused first connection, unless that may be tried again', () => {
    expect(setup().next()).toBeUndefined();
    expect(setup({ initial: true }).next()).toBe(999);
  });

  it('doubles its delays up to the largest, and goes on for ever', () => {
    const { next } = setup();
    const delays = [next(PROVEN), ...Array.from({ length: 7 }, () => next())];
    expect(delays).toEqual([999, 1999, 3999, 7999, 15_999, 29_999, 29_999, 29_999]);
  });

  it('begins anew after a connection that was open for five seconds, and not after a shorter one', () => {
    const { next } = setup();
    expect([next(PROVEN), next({ openFor: 4999 }), next({ openFor: 5000 }), next()]).toEqual([999, 1999, 999, 1999]);
  });

  it('is never a busy loop, though the peer opens and drops each connection at once', () => {
    const { next } = setup();
    const delays = Array.from({ length: 50 }, () => next({ openFor: 0, isUsed: true }) ?? -1);
    expect(delays.slice(1).every((delay) => delay >= 1999)).toBe(true);
  });

  it('ends after as many retries as allowed', () => {
    const { next } = setup({ retries: 2 });
    expect([next(PROVEN), next(), next()]).toEqual([999, 1999, undefined]);
  });

  it('ends when nobody wants the connection', () => {
    expect(setup().next({ ...PROVEN, isWanted: false })).toBeUndefined();
  });

  it('does not wait to renew a token, and counts that for nothing', () => {
    const { next } = setup();
    expect(next({ ...PROVEN, reason: undefined, isRenewal: true })).toBe(0);
    expect(next(PROVEN)).toBe(999);
  });

  it('waits when the connection fails while it is being renewed', () => {
    expect(setup().next({ ...PROVEN, isRenewal: true })).toBe(999);
  });
});

describe('a host that fails', () => {
  it('is followed by the next at once, and by a delay when all have failed', () => {
    const { hosts, next } = setup({}, ['b', 'c']);
    const steps = [PROVEN, {}, {}, {}, {}].map((loss) => [next(loss), hosts.current.host]);
    expect(steps).toEqual([
      [999, 'b'],
      [0, 'c'],
      [0, 'a'],
      [999, 'b'],
      [0, 'c'],
    ]);
  });

  it('is followed by the next after the shortest delay when it was lost, and by longer ones when all have been', () => {
    const { hosts, next } = setup({}, ['b', 'c']);
    const lost = (openFor = 1): unknown => [next({ openFor, isUsed: true }), hosts.current.host];
    expect([lost(), lost(), lost(), lost(), lost(), lost()]).toEqual([
      [999, 'b'],
      [999, 'c'],
      [999, 'a'],
      [999, 'b'],
      [999, 'c'],
      [1999, 'a'],
    ]);
    expect([lost(5000), lost(), lost(), lost()]).toEqual([
      [999, 'b'],
      [999, 'c'],
      [999, 'a'],
      [999, 'b'],
    ]);
  });

  it('is followed by the next on the first connection of all, too', () => {
    const { next } = setup({}, ['b']);
    expect([next(), next()]).toEqual([0, undefined]);
  });
});

describe('a refusal', () => {
  const notAllowed = new ConnectionError('no', { condition: 'amqp:not-allowed' });

  it.each<[string, MessagingError]>([
    ['bad credentials', new AuthenticationError('no')],
    ['not being allowed', notAllowed],
    ['a nonsensical option', new OptionError('no')],
  ])('for %s ends it, other hosts or not', (_, reason) => {
    expect(setup({ initial: true }, ['b']).next({ reason })).toBeUndefined();
    const { next } = setup();
    next(PROVEN);
    expect(next({ reason })).toBeUndefined();
  });

  it.each<[string, MessagingError]>([
    ['bad credentials', new AuthenticationError('no')],
    ['not being allowed', notAllowed],
  ])('for %s is one failure among others, when the policy says so', (_, reason) => {
    expect(setup({ initial: true, refused: true }).next({ reason })).toBe(999);
  });

  it.each<[string, MessagingError]>([
    ['the protocol', new ProtocolError('no')],
    ['the encoding', new DecodeError('no')],
  ])(
    'to keep to %s ends it, unless it is something else that answers in the place of a broker that was there',
    (_, reason) => {
      const { next } = setup();
      expect(setup({ initial: true }).next({ reason })).toBeUndefined();
      next(PROVEN);
      expect(next({ reason })).toBe(1999);
      expect(next({ ...PROVEN, reason })).toBeUndefined();
    },
  );
});

describe('a redirect', () => {
  const reason = new RedirectError('elsewhere', 9);

  it('is followed at once, on the first connection, too', () => {
    const { hosts, next } = setup();
    expect(next({ reason })).toBe(0);
    expect(hosts.current).toMatchObject({ host: 'elsewhere', port: 9 });
  });

  it('leads back when nobody is there, and failover goes on', () => {
    const { hosts, next } = setup({}, ['b']);
    next({ reason });
    expect(next()).toBe(0);
    expect(hosts.current.host).toBe('a');
    expect(next()).toBe(0);
    expect(hosts.current.host).toBe('b');
    expect(next()).toBeUndefined();
  });

  it('that leads in circles is followed so often, and again after the next delay', () => {
    const { next } = setup({ initial: true });
    const circle = (): (number | undefined)[] => Array.from({ length: MAX_REDIRECTS + 1 }, () => next({ reason }));
    const row = Array.from({ length: MAX_REDIRECTS }, () => 0);
    expect(circle()).toEqual([...row, 999]);
    expect(circle()).toEqual([...row, 1999]);
  });
});
