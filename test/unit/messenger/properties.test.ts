import { Messenger } from 'amqp-messenger';
import type { MessengerOptions } from 'amqp-messenger';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../src/messenger/options/settings.js';

const REFUSED = expect.objectContaining({ code: 'ERR_OPTION' }) as Error;

describe('the TLS options', () => {
  it.each<[string, MessengerOptions['tls']]>([
    ['authorities twice', { ca: 'text', caFile: 'path' }],
    ['a certificate twice', { cert: 'text', certFile: 'path' }],
    ['a key twice', { key: 'text', keyFile: 'path' }],
    ['an option there is not', { verify: false } as MessengerOptions['tls']],
  ])('are refused with %s', (_title, tls) => {
    expect(() => resolveOptions({ tls: tls ?? {} })).toThrow(REFUSED);
  });

  it('are not changed by properties that are set afterwards', () => {
    const tls = { cert: 'text', key: 'text' };
    const messenger = new Messenger({ tls });
    messenger.certificate = 'cert.pem';
    messenger.privateKey = 'key.pem';
    messenger.trustedCertificates = 'ca.pem';
    messenger.password = 'secret';
    expect(tls).toEqual({ cert: 'text', key: 'text' });
    expect(inspect(messenger, { depth: 9, showHidden: true }) + JSON.stringify(messenger)).not.toContain('secret');
    const { certificate, privateKey, trustedCertificates, password } = messenger;
    expect([certificate, privateKey, trustedCertificates, password]).toEqual([
      'cert.pem',
      'key.pem',
      'ca.pem',
      'secret',
    ]);
    messenger.certificate = undefined;
    expect(messenger.certificate).toBeUndefined();
  });
});

describe('a property', () => {
  it.each(['certificate', 'privateKey', 'password', 'trustedCertificates'] as const)(
    'is text or nothing: %s',
    (name) => {
      const messenger = new Messenger();
      // Callers without types may give anything.
      for (const odd of [5, null, {}]) expect(() => (messenger[name] = odd as string)).toThrow(REFUSED);
      expect(messenger[name]).toBeUndefined();
    },
  );

  it.each(['blocking', 'passive'] as const)('is true or false: %s', (name) => {
    const messenger = new Messenger();
    for (const odd of [0, null, undefined, 'no']) {
      expect(() => (messenger[name] = odd as unknown as boolean)).toThrow(REFUSED);
    }
  });

  it('is a number of milliseconds, or nothing for no limit: timeout', () => {
    const messenger = new Messenger({ timeout: 5 });
    for (const odd of [NaN, '5', null]) expect(() => (messenger.timeout = odd as number)).toThrow(REFUSED);
    expect(messenger.timeout).toBe(5);
    messenger.timeout = -1;
    messenger.timeout = undefined;
    expect(messenger.timeout).toBeUndefined();
  });
});
