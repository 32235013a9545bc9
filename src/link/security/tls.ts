import type * as NodeTls from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { OptionError, asError } from '../../errors.js';
import { readSmallFile } from '../../small-file.js';

/** The largest file of keys or certificates that is read, in bytes: the authorities of a whole system have 0.3 MB. */
const LARGEST_FILE = 4 << 20;

/**
 * Node's TLS. An `import` of it would read all of its exports at once, and one of them is a list of every root
 * certificate: 0.2 MiB that stay in memory.
 */
export const nodeTls: typeof NodeTls = process.getBuiltinModule('node:tls');

/** The options of TLS. Texts and bytes are PEM. */
export interface TlsOptions {
  /** Certificates of the authorities to trust. Default: those Node trusts. */
  ca?: string | Buffer | (string | Buffer)[] | undefined;
  /** The same, as the path of a file. */
  caFile?: string | undefined;
  /** Our certificate, for peers that ask for one. A listener needs it. */
  cert?: string | Buffer | undefined;
  /** The same, as the path of a file. */
  certFile?: string | undefined;
  /** The private key of the certificate. */
  key?: string | Buffer | undefined;
  /** The same, as the path of a file. */
  keyFile?: string | undefined;
  /** The pass-phrase of the key. */
  passphrase?: string | undefined;
  /** The name the peer's certificate must carry. Default: the host of the address. */
  servername?: string | undefined;
  /** Set to false only in tests: any certificate is then taken, anybody's. Default true. */
  rejectUnauthorized?: boolean | undefined;
}

/** The same options as Node takes them, with files read. */
export type NodeTlsOptions = SecureContextOptions & { servername?: string; rejectUnauthorized?: boolean };

/** Tells whether there is a certificate with a key. */
export function hasCertificate({ cert, certFile, key, keyFile }: TlsOptions): boolean {
  return (cert ?? certFile) !== undefined && (key ?? keyFile) !== undefined;
}

/**
 * The options as Node takes them. Files are read now, so that a new certificate is used by the next connection.
 *
 * @throws OptionError when a file cannot be read, or when there is no certificate in what should have authorities.
 */
export function nodeTlsOptions(tls: TlsOptions): NodeTlsOptions {
  const ca = authoritiesOf(tls);
  const cert = tls.cert ?? read('certificate', tls.certFile);
  const key = tls.key ?? read('private key', tls.keyFile);
  const { passphrase, servername, rejectUnauthorized } = tls;
  return {
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

/** Node takes anything for authorities, and in a path finds nobody to trust. */
function authoritiesOf({ ca, caFile }: TlsOptions): TlsOptions['ca'] {
  if (ca === undefined) {
    const content = read('authorities', caFile);
    if (content === undefined || hasPem(content)) return content;
    throw new OptionError(`The file of the TLS authorities, ${caFile}, has no certificate (PEM).`);
  }
  if ([ca].flat().every(hasPem)) return ca;
  throw new OptionError('tls.ca has no certificate (PEM). For a file, use tls.caFile.');
}

function hasPem(given: string | Uint8Array): boolean {
  const text = typeof given === 'string' ? given : Buffer.from(given).toString('latin1');
  return /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(text);
}

function read(what: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readSmallFile(path, LARGEST_FILE, 'PEM');
  } catch (cause) {
    throw new OptionError(`The file of the TLS ${what} cannot be read: ${asError(cause).message}.`, { cause });
  }
}
