import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { redirectOf } from '../../../src/link/connection/named-hosts.js';

const redirect = (info: Record<string, unknown> | undefined, condition = 'amqp:connection:redirect') =>
  redirectOf({ condition, ...(info === undefined ? {} : { info }) });

describe('a redirect', () => {
  it('leads to the host and port that the peer names, without the credentials, and nothing else changes', () => {
    const endpoint = resolveEndpoint(parseAddress('amqps://u:p@a/q'));
    const info = { 'network-host': 'b', port: 7, hostname: 'other', scheme: 'amqp' };
    expect(redirect(info)?.apply(endpoint)).toEqual({
      ...endpoint,
      host: 'b',
      port: 7,
      user: undefined,
      password: undefined,
      isNamedByPeer: true,
    });
  });

  it.each([
    undefined,
    {},
    { 'network-host': 'b' },
    { port: 7 },
    { 'network-host': '', port: 7 },
    { 'network-host': 'a\nb', port: 7 },
    { 'network-host': 'u:p@b', port: 7 },
    { 'network-host': 7, port: 7 },
    { 'network-host': 'b', port: 0 },
    { 'network-host': 'b', port: 65_536 },
    { 'network-host': 'b', port: 'seven' },
    { 'network-host': 'b', port: [7] },
  ])('is none with %j', (info) => {
    expect(redirect(info)).toBeUndefined();
  });

  it('is none under another condition, and without an error', () => {
    expect(redirect({ 'network-host': 'b', port: 7 }, 'amqp:not-found')).toBeUndefined();
    expect(redirectOf(undefined)).toBeUndefined();
  });
});
