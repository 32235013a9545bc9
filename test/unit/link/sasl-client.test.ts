import { describe, expect, it, vi } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { AuthenticationError } from '../../../src/errors.js';
import { credentialsFor } from '../../../src/link/security/credentials.js';
import type { Credentials, SaslOptions } from '../../../src/link/security/credentials.js';
import { SaslClient } from '../../../src/link/security/sasl-client.js';
import type { SaslTerms } from '../../../src/link/security/sasl-client.js';
import { decodeFrame } from '../../support/wire-frames.js';
import type { Fields } from '../../support/wire-frames.js';

const EVERYTHING = ['ANONYMOUS', 'PLAIN', 'XOAUTH2', 'EXTERNAL', 'SCRAM-SHA-256'];
const TERMS: SaslTerms = { mechanisms: undefined, allowInsecure: false, hasCertificate: false };

function client(address: string, terms: Partial<SaslTerms> = {}, options: SaslOptions = {}) {
  const written: Fields[] = [];
  const endpoint = resolveEndpoint(parseAddress(address));
  // Without somebody to ask for a token, this is no promise.
  const credentials = credentialsFor(endpoint, options) as Credentials;
  const sasl = new SaslClient(endpoint, credentials, { ...TERMS, ...terms }, (frame) =>
    written.push(decodeFrame(frame).fields),
  );
  return { sasl, written };
}

/** The mechanism that is found when the peer offers these, and what it is called. */
function chosen(sasl: SaslClient, offered = EVERYTHING) {
  sasl.offered(offered);
  const [name] = offered.filter((each) => sasl.mechanisms[each] !== undefined);
  return { name, mechanism: name === undefined ? undefined : sasl.mechanisms[name]?.() };
}

/** What is said to a peer that offers everything. */
function said(address: string, terms: Partial<SaslTerms> = {}, options: SaslOptions = {}): Fields {
  const { sasl, written } = client(address, terms, options);
  const respond = vi.fn();
  const { name, mechanism } = chosen(sasl);
  mechanism?.start(respond);
  expect(respond).not.toHaveBeenCalled();
  expect(written).toHaveLength(1);
  expect(written[0]!['mechanism']).toBe(name);
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
      expect(() => client(`amqp://u:secret@${host}`)).toThrow(AuthenticationError);
      expect(() => client(`amqp://u:secret@${host}`)).toThrow(/^(?!.*secret).*amqps:\/\//);
    },
  );

  it('send it over TLS, and where it is allowed', () => {
    expect(said('amqps://u:p@host')['mechanism']).toBe('PLAIN');
    expect(said('amqp://u:p@host', { allowInsecure: true })['mechanism']).toBe('PLAIN');
  });

  it('have nothing to say to a challenge', () => {
    const respond = vi.fn();
    chosen(client('amqp://u:p@localhost').sasl).mechanism?.step(Buffer.from('?'), respond);
    expect(respond).toHaveBeenCalledExactlyOnceWith(expect.any(Error));
  });

  it('are none before the peer has said what it has, and none when it has nothing that suits', () => {
    const { sasl } = client('amqp://u:p@localhost');
    expect(EVERYTHING.filter((name) => sasl.mechanisms[name] !== undefined)).toEqual([]);
    expect(chosen(sasl, ['ANONYMOUS', 'EXTERNAL']).name).toBeUndefined();
  });

  it('are EXTERNAL with a certificate, whatever order the peer names them in, and ANONYMOUS if it has no EXTERNAL', () => {
    const { sasl } = client('amqps://host', { hasCertificate: true });
    expect(chosen(sasl).name).toBe('EXTERNAL');
    expect(chosen(sasl, ['PLAIN', 'ANONYMOUS']).name).toBe('ANONYMOUS');
  });

  it('are not EXTERNAL without TLS, nor when there is a password', () => {
    expect(said('amqp://localhost', { hasCertificate: true })['mechanism']).toBe('ANONYMOUS');
    expect(said('amqps://u:p@localhost', { hasCertificate: true })['mechanism']).toBe('PLAIN');
  });

  it('are XOAUTH2 with a token, and nothing weaker then', () => {
    const fields = said('amqps://host', {}, { user: 'u', token: 't' });
    expect(response(fields)).toBe('user=u\x01auth=Bearer t\x01\x01');
    const { sasl } = client('amqps://host', {}, { token: 't' });
    expect(chosen(sasl, ['PLAIN', 'ANONYMOUS']).name).toBeUndefined();
  });

  it('answer the reason of an XOAUTH2 refusal with nothing, as the peer waits for it', () => {
    const respond = vi.fn();
    chosen(client('amqps://host', {}, { token: 't' }).sasl).mechanism?.step(Buffer.from('{}'), respond);
    expect(respond).toHaveBeenCalledExactlyOnceWith(undefined, Buffer.alloc(0));
  });

  it('do not send a token in clear text beyond this machine', () => {
    expect(() => client('amqp://host', {}, { token: 'secret' })).toThrow(/^(?!.*secret).*clear text/);
  });

  it('take user and password of the options unless the address has a user', () => {
    const options = { user: 'o', password: 'q' };
    expect(response(said('amqps://host', {}, options))).toBe('\0o\0q');
    expect(response(said('amqps://u:p@host', {}, options))).toBe('\0u\0p');
    expect(said('amqps://u@host', {}, options)['mechanism']).toBe('ANONYMOUS');
  });

  it('are only those that are allowed', () => {
    expect(() => client('amqps://host', { mechanisms: ['EXTERNAL'] })).toThrow(AuthenticationError);
    const { sasl } = client('amqps://host', { mechanisms: ['EXTERNAL'], hasCertificate: true });
    expect(chosen(sasl, ['ANONYMOUS']).name).toBeUndefined();
  });
});
