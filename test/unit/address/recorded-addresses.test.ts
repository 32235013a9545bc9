import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { AddressError } from '../../../src/errors.js';

type Parsed = [
  scheme: string | null,
  user: string | null,
  password: string | null,
  host: string | null,
  port: string | null,
  name: string | null,
];

interface RecordedAddress {
  address: string;
  parsed: Parsed;
  connect: [host: string, port: string][];
}

// The shape of the fixture is fixed; it was recorded from libqpid-proton.
const recorded = JSON.parse(
  readFileSync(new URL('../../fixtures/address-cases.json', import.meta.url), 'utf8'),
) as RecordedAddress[];

/** Where parsing differs from the recording, and why. */
const parseDifferences = new Map<string, { parsed: Parsed; reason: string }>([
  [
    'u:p%zz@h',
    { parsed: [null, 'u', 'p%zz', 'h', null, null], reason: 'A % without two hex digits stays; C cut the text there.' },
  ],
]);

const NO_HOST = 'A host is missing: said at once instead of by the resolver of host names.';
const BAD_PORT = 'A port must be a number or amqp or amqps: said at once instead of by the resolver.';

const BAD_SCHEME = 'An unknown scheme must not be dialled in clear text where TLS may have been meant.';

/** Where dialling differs from the recording, and why. */
const dialDifferences = new Map<string, { dials: [host: string, port: number] | 'AddressError'; reason: string }>([
  ['/name', { dials: 'AddressError', reason: NO_HOST }],
  ['amqp://', { dials: 'AddressError', reason: NO_HOST }],
  ['amqp:///q', { dials: 'AddressError', reason: NO_HOST }],
  ['[]:1/q', { dials: 'AddressError', reason: NO_HOST }],
  ['amqp:host', { dials: 'AddressError', reason: BAD_PORT }],
  ['amqp:/host/q', { dials: 'AddressError', reason: BAD_PORT }],
  ['u:p/w@h:1/q', { dials: 'AddressError', reason: BAD_PORT }],
  ['host:', { dials: 'AddressError', reason: BAD_PORT }],
  ['host:abc/q', { dials: 'AddressError', reason: BAD_PORT }],
  ['host:99999', { dials: 'AddressError', reason: BAD_PORT }],
  [
    'u@v@host',
    { dials: 'AddressError', reason: 'A host with an @ is the tail of a password: it must not reach a log.' },
  ],
  ['://h/q', { dials: 'AddressError', reason: BAD_SCHEME }],
  ['AMQPS://h', { dials: ['h', 5671], reason: 'The case of a scheme does not count: amqps is TLS.' }],
  ['~', { dials: ['0.0.0.0', 5672], reason: 'Listening without a host means every IPv4 interface.' }],
  ['~/foo', { dials: ['0.0.0.0', 5672], reason: 'Listening without a host means every IPv4 interface.' }],
  ['~[::1]:5672', { dials: 'AddressError', reason: 'It could never be listened on; the error says to write [~::1].' }],
]);

describe('the recorded addresses', () => {
  it.each(recorded)('parse $address as recorded', ({ address, parsed }) => {
    const { scheme, user, password, host, port, name, passive } = parseAddress(address);
    // The recording was made before the `~` is taken off the host.
    const recordedHost = passive ? `~${host ?? ''}` : host;
    const ours = [scheme, user, password, recordedHost, port, name].map((part) => part ?? null);
    expect(ours).toEqual(parseDifferences.get(address)?.parsed ?? parsed);
  });

  it.each(recorded)('dial $address as recorded', ({ address, connect: [target] }) => {
    const difference = dialDifferences.get(address)?.dials;
    const endpoint = (): [string, string] => {
      const { host, port } = resolveEndpoint(parseAddress(address));
      return [host, String(port)];
    };
    if (difference === 'AddressError') expect(endpoint).toThrow(AddressError);
    else if (difference !== undefined) expect(endpoint()).toEqual(difference.map(String));
    else expect(endpoint()).toEqual(target);
  });

  it('cover every difference that is listed', () => {
    const addresses = recorded.map(({ address }) => address);
    expect(addresses).toEqual(expect.arrayContaining([...parseDifferences.keys(), ...dialDifferences.keys()]));
    expect(recorded.length).toBe(47);
  });
});
