import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { resolveEndpoint } from '../../../src/address/endpoint.js';
import { Renewal, credentialsFor, renewalDelay } from '../../../src/link/security/credentials.js';
import type { Credentials, SaslOptions } from '../../../src/link/security/credentials.js';
import { FakeClock } from '../../support/fake-clock.js';

const credentials = (address: string, sasl: SaslOptions = {}): Credentials | Promise<Credentials> =>
  credentialsFor(resolveEndpoint(parseAddress(address)), sasl);

const code = (code: string): Error => expect.objectContaining({ code }) as Error;

async function file(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'password');
  await writeFile(path, text);
  return path;
}

describe('credentials', () => {
  it('are those of the address before those of the options', () => {
    const sasl = { user: 'other', password: 'secret' };
    expect(credentials('amqp://u:p@h', sasl)).toMatchObject({ user: 'u', password: 'p' });
    expect(credentials('amqp://u@h', sasl)).toMatchObject({ user: 'u', password: undefined });
    expect(credentials('amqp://h', sasl)).toMatchObject({ user: 'other', password: 'secret' });
  });

  it('have the password of the options for the user of the address, unless it was given for another', () => {
    expect(credentials('amqp://u@h', { password: 'secret' })).toMatchObject({ user: 'u', password: 'secret' });
    expect(credentials('amqp://u@h', { user: 'u', password: 'secret' })).toMatchObject({ password: 'secret' });
    expect(credentials('amqp://u:p@h', { password: 'secret' })).toMatchObject({ password: 'p' });
    expect(credentials('amqp://U@h', { user: 'u', password: 'secret' })).toMatchObject({ password: undefined });
    expect(credentials('amqp://u@h', { user: '', password: 'secret' })).toMatchObject({ password: undefined });
  });

  it('have the file of the password likewise, which is not read for another', async () => {
    const passwordFile = await file('secret');
    expect(credentials('amqp://u@h', { passwordFile })).toMatchObject({ user: 'u', password: 'secret' });
    const missing = { user: 'other', passwordFile: '/nowhere/at/all' };
    expect(credentials('amqp://u@h', missing)).toMatchObject({ user: 'u', password: undefined });
  });

  it('come from a file, anew for every connection, without the end of its line', async () => {
    const passwordFile = await file('pä ss\r\n');
    const sasl = { user: 'u', passwordFile };
    expect(credentials('amqp://h', sasl)).toMatchObject({ password: 'pä ss' });
    await writeFile(passwordFile, '\nnext\n\n');
    expect(credentials('amqp://h', sasl)).toMatchObject({ password: '\nnext\n' });
  });

  it('that no file holds are an error which names the reason', () => {
    expect(() => credentials('amqp://h', { user: 'u', passwordFile: '/nowhere/at/all' })).toThrow(code('ERR_OPTION'));
    expect(() => credentials('amqp://h', { passwordFile: '/nowhere/at/all' })).toThrow(/ENOENT/);
  });
});

describe('a token', () => {
  it('is taken as it is, and does not expire', () => {
    expect(credentials('amqp://h', { token: 't' })).toMatchObject({ token: 't', expires: Infinity });
  });

  it('counts for nothing where the address says who we are', () => {
    const never = (): string => expect.fail('The token was asked for.');
    expect(credentials('amqp://u:p@h', { token: never })).toMatchObject({ token: undefined, password: 'p' });
  });

  it.each([
    ['a string', () => 't', Infinity],
    ['a promise', () => Promise.resolve('t'), Infinity],
    ['a time', () => ({ value: 't', expires: 5 }), 5],
    ['a date', () => Promise.resolve({ value: 't', expires: new Date(5) }), 5],
    ['no time', () => ({ value: 't', expires: undefined }), Infinity],
  ])('is asked for, and comes as %s', async (_, token, expires) => {
    expect(await credentials('amqp://h', { token })).toMatchObject({ token: 't', expires });
  });

  it.each([undefined, null, 7, '', {}, { value: 7 }, { value: '' }, [], { expires: 1 }])(
    'is an error when it is %j',
    async (given) => {
      await expect(credentials('amqp://h', { token: () => given as never })).rejects.toThrow(code('ERR_OPTION'));
    },
  );

  it('that cannot be had is a connection that cannot be made, for now', async () => {
    const thrown = (): never => {
      throw new Error('no network');
    };
    for (const token of [thrown, () => Promise.reject(new Error('no network'))]) {
      await expect(credentials('amqp://h', { token })).rejects.toThrow(code('ERR_CONNECTION'));
    }
  });

  it.each(['never', NaN, new Date('never'), {}])(
    'with %j for a time counts as one that never expires',
    async (expires) => {
      const given = await credentials('amqp://h', { token: () => ({ value: 't', expires: expires as never }) });
      expect(renewalDelay(given.expires, Date.now())).toBeUndefined();
    },
  );
});

describe('the renewal of a token', () => {
  it.each([
    ['an hour', 3_600_000, 3_570_000],
    ['a minute', 60_000, 30_000],
    ['20 seconds', 20_000, 10_000],
    ['a second', 1000, 1000],
    ['a millisecond', 1, 1000],
    ['nothing', 0, undefined],
    ['less than nothing', -1, undefined],
    ['for ever', Infinity, undefined],
    ['nobody knows how long', NaN, undefined],
  ])('that lives %s', (_, left, delay) => {
    expect(renewalDelay(1000 + left, 1000)).toBe(delay);
  });

  it('is called off', () => {
    const clock = new FakeClock();
    const renewal = new Renewal(clock);
    renewal.schedule(clock.wallNow() + 60_000, () => expect.fail('It was renewed.'));
    renewal.schedule(clock.wallNow() + 90_000, () => expect.fail('It was renewed.'));
    expect(clock.timers).toBe(1);
    renewal.cancel();
    expect(clock.timers).toBe(0);
  });
});
