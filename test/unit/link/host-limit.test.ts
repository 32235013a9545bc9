import { describe, expect, it } from 'vitest';
import { defaultPerHost, hostOf } from '../../../src/link/connection/host-limit.js';

describe('the host of a connection', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:0:1:1::', '2001:db8:0:1'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s is %s', (address, host) => {
    expect(hostOf(address)).toBe(host);
  });
});

it('a host has half of all connections, and a few in any case', () => {
  expect([1, 16, 33, 1000, Infinity].map(defaultPerHost)).toEqual([16, 16, 17, 500, Infinity]);
});
