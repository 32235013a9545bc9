import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Endpoint } from '../address/endpoint.js';

/** How TLS is done. Texts and bytes are PEM. */
export interface TlsOptions {
  /** Certificates of the authorities to trust. Default: those Node trusts. */
  ca?: string | Buffer | (string | Buffer)[];
  /** Our certificate, for peers that ask for one. A listener needs it. */
  cert?: string | Buffer;
  /** The private key of `cert`. */
  key?: string | Buffer;
  /** The pass-phrase of `key`. */
  passphrase?: string;
  /** The name the peer's certificate must carry. Default: the host of the address. */
  servername?: string;
  /** Set to false only in tests: any certificate is then taken, anybody's. Default true. */
  rejectUnauthorized?: boolean;
}

/** Starts to connect a socket. `ready` is called when bytes can be sent: with TLS, when the peer has been verified. */
export function dial(endpoint: Endpoint, tls: TlsOptions, ready: () => void): Socket {
  const { host, port } = endpoint;
  if (!endpoint.tls) {
    return connectTcp({ host, port, noDelay: true, keepAlive: true }, ready);
  }
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = connectTls(
    { host, port, minVersion: 'TLSv1.2', ...tls, ...(servername === undefined ? {} : { servername }) },
    ready,
  );
  socket.setNoDelay(true);
  return socket;
}
