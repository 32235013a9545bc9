import { fileURLToPath } from 'node:url';

const file = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/conformance/${name}`, import.meta.url));

/** Paths of certificates and keys, and the pass-phrases of the keys: see test/fixtures/tls. */
export const CERTIFICATES = {
  authority: file('authority.pem'),
  /** It has signed nothing. */
  otherAuthority: file('other-authority.pem'),
  /** For localhost and 127.0.0.1. */
  server: { certificate: file('server.pem'), privateKey: file('server.key'), password: 'server-password' },
  client: { certificate: file('client.pem'), privateKey: file('client.key'), password: 'client-password' },
  /** A file, but neither a certificate nor a key. */
  bad: file('make.sh'),
} as const;
