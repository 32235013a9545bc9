import { describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { AuthenticationError } from '../../../src/errors.js';
import type { Mechanisms } from '../../../src/link/sasl.js';
import { mechanismsFor } from '../../../src/link/sasl.js';
import { decodeFrame } from '../../support/wire-frames.js';
import type { Fields } from '../../support/wire-frames.js';

function mechanisms(address: string, allowInsecure = false): { offered: Mechanisms; written: Fields[] } {
  const written: Fields[] = [];
  const offered = mechanismsFor(resolveEndpoint(parseAddress(address)), allowInsecure, (frame) =>
    written.push(decodeFrame(frame).fields),
  );
  return { offered, written };
}

/** What the only mechanism offered says. */
function said(address: string, allowInsecure = false): Fields {
  const { offered, written } = mechanisms(address, allowInsecure);
  const names = Object.keys(offered);
  expect(names).toHaveLength(1);
  const respond = vi.fn();
  offered[names[0]!]!().start(respond);
  expect(respond).not.toHaveBeenCalled();
  expect(written).toHaveLength(1);
  expect(written[0]!['mechanism']).toBe(names[0]);
  return written[0]!;
}

const response = (fields: Fields): string => String(fields['initial_response']);

describe('the SASL mechanisms for an address', () => {
  it('are PLAIN with user and password', () => {
    const fields = said('amqp://user:pass@localhost/q');
    expect(fields).toMatchObject({ mechanism: 'PLAIN', hostname: 'localhost' });
    expect(response(fields)).toBe('\0user\0pass');
  });

  it('keep letters beyond ASCII whole', () => {
    expect(response(said('amqps://jörg:%F0%9F%94%91ß@host'))).toBe('\0jörg\0🔑ß');
  });

  it('take a password that is empty', () => {
    expect(response(said('amqp://user:@localhost'))).toBe('\0user\0');
  });

  it.each(['amqp://host', 'amqp://user@host', 'amqps://host'])('are ANONYMOUS for %s', (address) => {
    expect(said(address)).toMatchObject({ mechanism: 'ANONYMOUS' });
  });

  it('give the user as the trace of ANONYMOUS', () => {
    expect(response(said('amqp://somebody@host'))).toBe('somebody');
  });

  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '[::1]'])(
    'send a password in clear text to %s',
    (host) => {
      expect(said(`amqp://u:p@${host}`)['mechanism']).toBe('PLAIN');
    },
  );

  it.each(['host', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '[::2]', '128.0.0.1'])(
    'do not send a password in clear text to %s',
    (host) => {
      expect(() => mechanisms(`amqp://u:secret@${host}`)).toThrow(AuthenticationError);
      expect(() => mechanisms(`amqp://u:secret@${host}`)).toThrow(/^(?!.*secret).*amqps:\/\//);
    },
  );

  it('send it over TLS, and where it is allowed', () => {
    expect(said('amqps://u:p@host')['mechanism']).toBe('PLAIN');
    expect(said('amqp://u:p@host', true)['mechanism']).toBe('PLAIN');
  });

  it('have nothing to say to a challenge', () => {
    const respond = vi.fn();
    mechanisms('amqp://u:p@localhost').offered['PLAIN']!().step(Buffer.from('?'), respond);
    expect(respond).toHaveBeenCalledExactlyOnceWith(expect.any(Error));
  });
});
