import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { AddressError } from '../../../src/errors.js';

const absent = {
  scheme: undefined,
  user: undefined,
  password: undefined,
  host: undefined,
  port: undefined,
  name: undefined,
  passive: false,
};

describe('parseAddress', () => {
  it('takes every part apart', () => {
    expect(parseAddress('amqps://u:p@host:5671/a/b')).toEqual({
      scheme: 'amqps',
      user: 'u',
      password: 'p',
      host: 'host',
      port: '5671',
      name: 'a/b',
      passive: false,
    });
  });

  it('takes a bare word for a host', () => {
    expect(parseAddress('asdf')).toEqual({ ...absent, host: 'asdf' });
  });

  it('tells an empty name from none', () => {
    expect(parseAddress('h').name).toBeUndefined();
    expect(parseAddress('h/').name).toBe('');
    expect(parseAddress('h//q').name).toBe('/q');
  });

  it.each([
    ['~0.0.0.0:5678', '0.0.0.0'],
    ['u:p@~h', 'h'],
    ['[~::1]:1', '::1'],
    ['~', undefined],
  ])('takes %s for an address to listen on', (text, host) => {
    expect(parseAddress(text)).toMatchObject({ passive: true, host });
  });

  it('does not take a ~ before the user for listening', () => {
    expect(parseAddress('~u:p@h')).toMatchObject({ passive: false, user: '~u', host: 'h' });
  });

  it('reads brackets that are not closed as part of the host', () => {
    expect(parseAddress('[::1')).toEqual({ ...absent, host: '[:', port: '1' });
  });

  it.each([
    ['%C3%A9', 'é'],
    ['%c3%a9', 'é'],
    ['%F0%9F%9A%80', '🚀'],
    ['%2541', '%41'],
    ['100%', '100%'],
    ['%4', '%4'],
    ['%zz%41', '%zzA'],
    ['%00', '\0'],
    ['%FF', '%FF'],
    ['%C3', '%C3'],
  ])('decodes the password %s as %j', (written, password) => {
    expect(parseAddress(`u:${written}@h`).password).toBe(password);
  });

  it('decodes neither host nor name', () => {
    expect(parseAddress('h%41/%41')).toMatchObject({ host: 'h%41', name: '%41' });
  });

  it('finds user and password again, however they were encoded', () => {
    // encodeURIComponent refuses half surrogates, which `grapheme` never makes.
    const secret = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(secret, secret, (user, password) => {
        const text = `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host:1/name`;
        expect(parseAddress(text)).toMatchObject({ user, password, host: 'host', port: '1', name: 'name' });
      }),
    );
  });

  it.each([[''], [undefined], [null], [7], [{}]])('refuses %j', (text) => {
    // The type forbids it; a JavaScript caller may not know.
    expect(() => parseAddress(text as string)).toThrow(AddressError);
  });

  it('takes any other text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '/', '@', '[', ']', '~', '%', 'é'), minLength: 1 });
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary', minLength: 1 })), (any) => void parseAddress(any)),
    );
  });
});
