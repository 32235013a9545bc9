import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.js';

/** Paths of PEM files: the certificates of one test broker and of its users, all signed by an authority of their own. */
export interface Certificates {
  /** The authority both sides trust. */
  authority: string;
  /** The server's certificate, for `localhost` and 127.0.0.1, and its key. */
  server: string;
  serverKey: string;
  /** A client's certificate, of the user `alice`, and its key. */
  client: string;
  clientKey: string;
}

/** The password of key stores. */
export const keyStorePassword = 'changeit';

/** Makes fresh certificates in a folder; they are good for two days. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string): string => join(folder, name);
  const authority = { certificate: file('authority.pem'), key: file('authority.key') };
  await request('/CN=Test authority', authority, ['-addext', 'keyUsage=critical,keyCertSign']);
  const signed = ['-CA', authority.certificate, '-CAkey', authority.key, '-addext', 'basicConstraints=CA:FALSE'];
  const server = { certificate: file('server.pem'), key: file('server.key') };
  await request('/CN=localhost', server, [...signed, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']);
  const client = { certificate: file('client.pem'), key: file('client.key') };
  await request('/CN=alice', client, [...signed, '-addext', 'extendedKeyUsage=clientAuth']);
  return {
    authority: authority.certificate,
    server: server.certificate,
    serverKey: server.key,
    client: client.certificate,
    clientKey: client.key,
  };
}

/** Writes the server's certificate as a key store for Java, and returns its path. */
export async function makeKeyStore({ authority, server, serverKey }: Certificates): Promise<string> {
  const file = `${server}.p12`;
  const password = `pass:${keyStorePassword}`;
  const parts = ['-in', server, '-inkey', serverKey, '-certfile', authority, '-name', 'server'];
  await runCommand('openssl', ['pkcs12', '-export', ...parts, '-passout', password, '-out', file]);
  return file;
}

async function request(subject: string, to: { certificate: string; key: string }, more: string[]): Promise<void> {
  // An own configuration file, so that nothing of the machine's comes in.
  const configuration = `${to.certificate}.cnf`;
  await writeFile(configuration, '[req]\ndistinguished_name = name\n[name]\n');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', to.key];
  await runCommand('openssl', [
    ...['req', '-x509', '-config', configuration, '-days', '2', '-subj', subject],
    ...[...newKey, '-out', to.certificate, ...more],
  ]);
}
