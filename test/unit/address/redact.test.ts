import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { redact } from '../../../src/address/redact.js';

describe('redact', () => {
  it.each([
    ['amqp://user:secret@host:5672/q', 'amqp://***@host:5672/q'],
    ['AMQPS://user:secret@host', 'AMQPS://***@host'],
    ['user:secret@host/q', '***@host/q'],
    ['user@host', '***@host'],
    ['@host', '***@host'],
    ['user:se%40cret%2F@host', '***@host'],
    ['u:secret@secret@host', '***@host'],
    ['amqp://u:sec/ret@host/q', 'amqp://***@host/q'],
    ['amqp://u:12/secret@host/q', 'amqp://***@host/q'],
    ['amqp://domain/user:secret@host/q', 'amqp://***@host/q'],
    ['amqp://u:secret%40host/q', 'amqp://***@host/q'],
    ['amqp%3A%2F%2Fu%3Asecret%40host', '***@host'],
    ['secret://x:y@host', '***@host'],
    ['u:secret\n@host', '***@host'],
    ['amqp://u:secret@~host', 'amqp://***@~host'],
    ['amqp://u:secret@[::1]:5672/q', 'amqp://***@[::1]:5672/q'],
  ])('turns %j into %s', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });

  it.each(['', 'host', 'amqp://host:5672/q', 'amqp://host/a@b', 'host/a@b', 'amqp://[::1]:5672/q', 'topic:a.b', '~'])(
    'leaves %j as it is',
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );

  it('never throws', () => {
    // The types forbid all but text; what is logged may be anything.
    for (const any of [undefined, null, 7, {}, Symbol('s')]) expect(redact(any as string)).toBe('');
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void redact(text)));
  });

  it('hides the password that parsing finds', () => {
    const noise = fc.string({ unit: fc.constantFrom('a', '1', ':', '/', '@', '[', ']', '~', '%40', '%3A', '%2F') });
    const scheme = fc.constantFrom('', 'amqp://', 'amqps://', 'AMQP://', 'foo://', '://');
    fc.assert(
      fc.property(scheme, noise, noise, (start, before, after) => {
        const text = `${start}${before}:SECRET${after}`;
        const { password } = text === '' ? {} : parseAddress(text);
        if (password?.includes('SECRET')) expect(redact(text)).not.toContain('SECRET');
      }),
      { numRuns: 1000 },
    );
  });

  it('hides a password that was not encoded at all', () => {
    const secret = fc.string().map((text) => `SECRET${text}SECRET`);
    fc.assert(
      fc.property(fc.constantFrom('', 'amqp://', 'amqps://'), fc.string(), secret, (start, user, password) => {
        expect(redact(`${start}${user}:${password}@host/q`)).not.toContain('SECRET');
      }),
    );
  });
});
