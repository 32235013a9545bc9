import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import type { Endpoint } from '../../../src/address/endpoint.js';
import { HostList, checkFailover } from '../../../src/link/connection/host-list.js';
import { namedHosts } from '../../../src/link/connection/named-hosts.js';
import type { Failover } from '../../../src/link/connection/host-list.js';

const endpoint = (address: string): Endpoint => resolveEndpoint(parseAddress(address));
const list = (address: string, failover: Failover = {}): HostList => new HostList(endpoint(address), failover);
const at = ({ current: { host, port } }: HostList): string => `${host}:${port}`;

/** The hosts in the order in which they are dialled when each fails. */
function round(hosts: HostList): string[] {
  const tried: string[] = [];
  do tried.push(at(hosts));
  while (!hosts.failed());
  return tried;
}

/** What a peer names in its open frame. */
const named = (...entries: unknown[]): Endpoint[] =>
  namedHosts(endpoint('amqps://u:p@a'), { properties: { 'failover-server-list': entries } });

describe('the hosts of a connection', () => {
  it('are those of the address and of the options, one after the other, and round again', () => {
    const hosts = list('amqp://a', { a: ['b', 'c:1'] });
    expect(round(hosts)).toEqual(['a:5672', 'b:5672', 'c:1']);
    expect(round(hosts)).toEqual(['a:5672', 'b:5672', 'c:1']);
  });

  it('keep user, password, node and TLS, with its default port', () => {
    const hosts = list('amqps://u:p@a/q', { a: ['b'] });
    hosts.failed();
    expect(hosts.current).toEqual({ ...endpoint('amqps://u:p@a/q'), host: 'b', port: 5671 });
  });

  it.each([
    ['amqp://a:7', { 'a:7': ['b'], a: ['c'] }, 'b:5672'],
    ['amqp://a:7', { a: ['c'], 'a:7': ['b'] }, 'b:5672'],
    ['amqp://a:8', { 'a:7': ['b'], a: ['c'] }, 'c:5672'],
    ['amqp://a', { 'A:amqp': ['b'] }, 'b:5672'],
    ['amqp://Broker.Example', { 'broker.example': ['b'] }, 'b:5672'],
    ['amqp://[::1]:9', { '[::1]:9': ['b'] }, 'b:5672'],
    ['amqp://a:8', { 'a:7': ['b'] }, 'a:8'],
    ['amqp://constructor', { a: ['b'] }, 'constructor:5672'],
    ['amqp://__proto__', { a: ['b'] }, '__proto__:5672'],
  ])('of %s with %o go on with %s', (address, failover, next) => {
    const hosts = list(address, failover);
    hosts.failed();
    expect(at(hosts)).toBe(next);
  });

  it('are each there once, however often they are named, the address itself among them', () => {
    const hosts = list('amqp://a', { a: ['A', 'a:5672', 'b', 'B:5672'] });
    hosts.name([...named({ hostname: 'b', port: 5672 }, { hostname: 'c', port: 1 }, { hostname: 'C', port: 1 })]);
    expect(round(hosts)).toEqual(['a:5672', 'b:5672', 'c:1']);
  });

  it('go on with the next when a connection is lost, and count anew', () => {
    const hosts = list('amqp://a', { a: ['b', 'c'] });
    hosts.failed();
    hosts.lost(false);
    expect(round(hosts)).toEqual(['c:5672', 'a:5672', 'b:5672']);
  });

  it('are left once for where a peer sends us, which is not one of them', () => {
    const hosts = list('amqp://a', { a: ['b'] });
    hosts.redirect({ ...endpoint('amqp://elsewhere:9') });
    expect(at(hosts)).toBe('elsewhere:9');
    expect(hosts.failed()).toBe(false);
    expect(round(hosts)).toEqual(['a:5672', 'b:5672']);
    hosts.redirect({ ...endpoint('amqp://elsewhere:9') });
    hosts.lost(false);
    expect(at(hosts)).toBe('a:5672');
  });

  it('begin with the address again after all is over', () => {
    const hosts = list('amqp://a', { a: ['b'] });
    hosts.failed();
    hosts.redirect(endpoint('amqp://elsewhere'));
    hosts.reset();
    expect(round(hosts)).toEqual(['a:5672', 'b:5672']);
  });
});

describe('hosts that a peer names', () => {
  it('are taken with the TLS of the address, whatever it says, and without its credentials', () => {
    expect(
      named({ 'network-host': 'b', hostname: 'virtual', port: 7, scheme: 'amqp' }, { hostname: 'c' }).map(
        ({ host, port, tls, user }) => [host, port, tls, user],
      ),
    ).toEqual([
      ['b', 7, true, undefined],
      ['c', 5671, true, undefined],
    ]);
  });

  it.each([
    [{}],
    [null],
    ['b'],
    [7],
    [[]],
    [{ hostname: '' }],
    [{ hostname: 7 }],
    [{ hostname: 'a b' }],
    [{ hostname: 'a\r\nb' }],
    [{ hostname: 'a\0' }],
    [{ hostname: 'u:p@b' }],
    [{ hostname: 'b/c' }],
    [{ hostname: 'x'.repeat(254) }],
    [{ hostname: 'b', port: 0 }],
    [{ hostname: 'b', port: -1 }],
    [{ hostname: 'b', port: 65_536 }],
    [{ hostname: 'b', port: 1.5 }],
    [{ hostname: 'b', port: 'amqp' }],
    [{ hostname: 'b', port: {} }],
  ])('are left out when they make no sense: %j', (entry) => {
    expect(named(entry, { hostname: 'good', port: 1 }).map(({ host }) => host)).toEqual(['good']);
  });

  it('are sixteen at most, of ten thousand', () => {
    const hosts = list('amqp://a');
    hosts.name(named(...Array.from({ length: 10_000 }, (_, index) => ({ hostname: `h${index}`, port: 1 }))));
    expect(round(hosts)).toHaveLength(17);
  });

  it('give way to those that the next peer names', () => {
    const hosts = list('amqp://a');
    hosts.name(named({ hostname: 'b', port: 1 }));
    hosts.failed();
    hosts.name([]);
    expect(round(hosts)).toEqual(['a:5672']);
  });

  it.each([undefined, {}, { 'failover-server-list': 'b' }, { 'failover-server-list': null }])(
    'are none in %j',
    (properties) => {
      expect(namedHosts(endpoint('amqp://a'), { properties })).toEqual([]);
    },
  );
});

describe('the option failover', () => {
  it.each([null, 7, 'a', { a: 'b' }, { a: null }])('is refused when it is no object of lists: %j', (failover) => {
    expect(() => checkFailover(failover as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }));
  });

  it.each(['amqp://b', 'u@b', 'u:p@b', 'b/q', '~b', '', 'b:x', 'b:0', 7, null])('takes no %j for a host', (host) => {
    const error = expect.objectContaining({ code: 'ERR_ADDRESS' }) as Error;
    expect(() => checkFailover({ a: [host as string] })).toThrow(error);
    if (typeof host === 'string') expect(() => checkFailover({ [host]: ['b'] })).toThrow(error);
  });
});
