import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import type { Endpoint } from '../../../src/address/endpoint.js';
import { connectionKey, resolveEndpoint } from '../../../src/address/endpoint.js';
import { AddressError } from '../../../src/errors.js';

const resolve = (text: string): Endpoint => resolveEndpoint(parseAddress(text));
const key = (text: string): string => connectionKey(resolve(text));

describe('resolveEndpoint', () => {
  it('carries everything a connection and its link need', () => {
    expect(resolve('amqps://u:p@Host/q')).toEqual({
      tls: true,
      host: 'Host',
      port: 5671,
      user: 'u',
      password: 'p',
      name: 'q',
      passive: false,
    });
  });

  it.each([
    ['h', false, 5672],
    ['amqp://h', false, 5672],
    ['amqps://h', true, 5671],
    ['AMQP://h', false, 5672],
    ['AMQPS://h', true, 5671],
    ['h:amqp', false, 5672],
    ['h:amqps', false, 5671],
    ['amqps://h:amqp', true, 5672],
    ['amqps://h:65535', true, 65_535],
    ['h:00001', false, 1],
  ])('resolves %s to TLS %s and port %i', (text, tls, port) => {
    expect(resolve(text)).toMatchObject({ tls, port });
  });

  it.each([
    ['amqsp://h', 'The scheme amqsp is not known. Write amqp:// or amqps://; did you mean amqps?'],
    ['ampq://h', 'The scheme ampq is not known. Write amqp:// or amqps://; did you mean amqp?'],
    ['amqsp://~h:1', 'The scheme amqsp is not known. Write amqp:// or amqps://; did you mean amqps?'],
    ['http://h', 'The scheme http is not known. Write amqp:// or amqps://.'],
    ['://h/q', 'What stands before :// is not known. Write amqp:// or amqps://.'],
    ['user:secret://x@h', 'What stands before :// is not known. Write amqp:// or amqps://.'],
  ])('refuses %s, which must not be taken as clear text', (text, message) => {
    expect(() => resolve(text)).toThrow(new AddressError(message));
  });

  it('lets a listener have any free port', () => {
    expect(resolve('~127.0.0.1:0')).toMatchObject({ passive: true, host: '127.0.0.1', port: 0 });
  });

  it('listens on every IPv4 interface when no host is given', () => {
    expect(resolve('amqps://~:1')).toMatchObject({ passive: true, tls: true, host: '0.0.0.0', port: 1 });
  });

  it('listens on an IPv6 address with the ~ inside the brackets', () => {
    expect(resolve('[~::1]:1')).toMatchObject({ passive: true, host: '::1', port: 1 });
  });

  it.each(['~[::1]', '~[::1]:1', '[::1'])('says where brackets belong for %s', (text) => {
    expect(() => resolve(text)).toThrow(/\[~::1\]:5672 to listen/);
  });

  it.each(['h:0', 'h:', 'h:65536', '~h:65536', 'h:-1', 'h:+1', 'h:1.0', 'h:1e3', 'h:0x10', 'h: 1', 'h:http', 'h:AMQP'])(
    'refuses the port of %s',
    (text) => {
      expect(() => resolve(text)).toThrow(AddressError);
      expect(() => resolve(text)).toThrow(/port that is not a number/);
    },
  );

  it.each(['', 'secret:', 'user:secret@', 'amqp://user:secret@'])('refuses %j before /name: no host', (authority) => {
    expect(() => resolve(`${authority}/name`)).toThrow(AddressError);
  });

  it('never repeats a secret in an error', () => {
    const forms = [
      'amqp://user:secret',
      'amqp://user:secret/x@h',
      'amqp://user:secret@',
      'amqp://user:x@secret@h',
      'amqp://user:x@h:secret',
      'amqp://user:secret%40h',
      'amqp://user:x@[secret',
    ];
    for (const form of forms) {
      expect(() => resolve(form)).toThrow(AddressError);
      expect(() => resolve(form)).not.toThrow(/secret|user:/);
    }
  });

  it('throws nothing but AddressError and otherwise gives a port in range', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', '9', ':', '/', '@', '[', ']', '~'), minLength: 1 });
    fc.assert(
      fc.property(text, (any) => {
        const address = parseAddress(any);
        try {
          const { host, port, passive } = resolveEndpoint(address);
          expect(host).not.toBe('');
          expect(Number.isInteger(port) && port >= (passive ? 0 : 1) && port <= 65_535).toBe(true);
        } catch (error) {
          if (!(error instanceof AddressError)) throw error;
        }
      }),
    );
  });
});

describe('connectionKey', () => {
  it('is the same for every way to write one connection', () => {
    const written = ['h', 'H', 'amqp://h', 'h:5672', 'h:amqp', 'AMQP://h/name', 'amqp://H:5672/other'];
    expect(new Set(written.map(key)).size).toBe(1);
  });

  it('differs when security, host, port, user or password differ', () => {
    const written = ['h', 'g', 'h:1', 'amqps://h', 'amqps://h:5672', '@h', 'u@h', 'U@h', 'u:@h', 'u:p@h', 'u:P@h'];
    expect(new Set(written.map(key)).size).toBe(written.length);
  });
});
