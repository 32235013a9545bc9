import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasCertificate, nodeTlsOptions } from '../../../src/link/security/tls.js';

async function folderWith(files: Record<string, string>): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return (name) => join(folder, name);
}

const AUTHORITY = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

describe('TLS options', () => {
  it('verify, and take no protocol older than TLS 1.2, without being asked to', () => {
    expect(nodeTlsOptions({})).toEqual({ minVersion: 'TLSv1.2' });
  });

  it('turn verification off only when they say so', () => {
    expect(nodeTlsOptions({ rejectUnauthorized: undefined })).not.toHaveProperty('rejectUnauthorized');
    expect(nodeTlsOptions({ rejectUnauthorized: false })).toHaveProperty('rejectUnauthorized', false);
  });

  it('read files anew each time, and what is given as it is goes before a file', async () => {
    const path = await folderWith({ ca: AUTHORITY, cert: 'CERT', key: 'KEY' });
    const files = { caFile: path('ca'), certFile: path('cert'), keyFile: path('key') };
    expect(nodeTlsOptions(files)).toMatchObject({ ca: Buffer.from(AUTHORITY), cert: Buffer.from('CERT') });
    await writeFile(path('cert'), 'NEW');
    expect(nodeTlsOptions(files)).toMatchObject({ cert: Buffer.from('NEW') });
    expect(nodeTlsOptions({ ...files, cert: 'GIVEN' })).toMatchObject({ cert: 'GIVEN', key: Buffer.from('KEY') });
  });

  it.each(['caFile', 'certFile', 'keyFile'])('say which file cannot be read: %s', (name) => {
    const error = expect.objectContaining({ code: 'ERR_OPTION' }) as Error;
    expect(() => nodeTlsOptions({ [name]: '/nowhere/at/all', passphrase: 'secret' })).toThrow(error);
    expect(() => nodeTlsOptions({ [name]: '/nowhere/at/all' })).toThrow(/TLS (authorities|certificate|private key)/);
  });

  it('have a certificate when there is one with its key', () => {
    const cases = [{ cert: 'c', keyFile: 'k' }, { certFile: 'c', key: 'k' }, { cert: 'c' }, { keyFile: 'k' }, {}];
    expect(cases.map(hasCertificate)).toEqual([true, true, false, false, false]);
  });
});
