import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ScriptedPeer } from '../support/scripted-peer.js';

const program = fileURLToPath(new URL('../support/programs/show-secrets.ts', import.meta.url));
const certificate = fileURLToPath(new URL('../fixtures/tls/server.pem', import.meta.url));

const SECRETS = {
  CANARY_PASSWORD: 'pässword-Canary-4711',
  CANARY_TOKEN: 'eyJ0b2tlbi1DYW5hcnkt.tökèn-Canary-0815',
  CANARY_PASSPHRASE: 'Canary phrase of the key: 42!',
};

/** The forms a secret could appear in, in any kind of output. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // The middle of it, so that a boundary of three bytes does not hide it in base64.
  const base64 = [0, 1, 2].map((shift) =>
    bytes.subarray(shift, bytes.length - ((bytes.length - shift) % 3)).toString('base64'),
  );
  const decimal = [...bytes];
  const hex = bytes.toString('hex');
  return [
    secret,
    encodeURIComponent(secret),
    // Escaped, or cut off after what is not ASCII.
    secret.slice(secret.indexOf('Canary')),
    bytes.toString('latin1'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    hex,
    hex.toUpperCase(),
    hex.replace(/..(?=.)/g, '$& '),
    hex.replace(/..(?=.)/g, '$&,'),
    decimal.map((byte) => `0x${byte.toString(16)}`).join(','),
    decimal.join(','),
    decimal.join(', '),
    decimal.join(' '),
  ];
}

/** A peer that lets every other client in, refuses the rest, and drops those it has let in after a while. */
async function playPeer(): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.listen();
  void (async () => {
    for (let turn = 0; ; turn++) {
      const wire = await peer.accept();
      void wire
        .answerSasl(['PLAIN', 'XOAUTH2', 'ANONYMOUS'], turn % 2)
        .then(async () => {
          await wire.read('header');
          wire.write(Buffer.from('AMQP\x00\x01\x00\x00', 'latin1'));
          wire.send('open', { container_id: 'scripted' });
          await wire.answerBegin();
          const link = await wire.answerAttach();
          wire.grant(link, 1);
          await wire.read('transfer');
          wire.destroy();
        })
        .catch(() => undefined);
    }
  })();
  return peer;
}

describe('a password, a token and the pass-phrase of a key', () => {
  it('appear nowhere: in no debug output, error, event, diagnostics message, and nothing that inspect or JSON shows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const key = join(folder, 'encrypted.key');
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: {
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: SECRETS.CANARY_PASSPHRASE,
      },
    });
    await writeFile(key, privateKey);
    const peer = await playPeer();
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', program, `127.0.0.1:${peer.port}`, key, certificate],
      { env: { ...process.env, DEBUG: '*', ...SECRETS }, maxBuffer: 1 << 28, timeout: 18_000 },
    );

    // All of it has been shown.
    expect(stdout).toContain('done');
    expect(stdout).toContain('SendError');
    expect(stdout).toContain('AuthenticationError');
    expect(stdout).toMatch(/messenger: '[0-9a-f-]{36}'/);
    expect(stderr).toContain('amqp-messenger:connection');
    expect(stderr).toContain('rhea:frames');
    expect(peer.connections).toBeGreaterThan(4);
    for (const secret of Object.values(SECRETS)) {
      const found = formsOf(secret).filter((form) => stdout.includes(form) || stderr.includes(form));
      expect(found, secret).toEqual([]);
    }
  });

  it('would be found, in every form', () => {
    const secret = SECRETS.CANARY_PASSWORD;
    const bytes = Buffer.from(`\0user\0${secret}`);
    for (const shown of [bytes.toString(), bytes.toString('base64'), bytes.toString('hex'), [...bytes].join(', ')]) {
      expect(formsOf(secret).some((form) => shown.includes(form))).toBe(true);
    }
  });
});
