import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { Endpoint } from '../../address/endpoint.js';
import { nodeTls, nodeTlsOptions } from '../security/tls.js';
import type { TlsOptions } from '../security/tls.js';

/** Starts to connect a socket. `ready` is called when bytes can be sent: with TLS, when the peer has been verified. */
export function dial(endpoint: Endpoint, tls: TlsOptions, ready: () => void): Socket {
  const { host, port } = endpoint;
  if (!endpoint.tls) {
    return connectTcp({ host, port, noDelay: true, keepAlive: true }, ready);
  }
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = nodeTls.connect(
    { host, port, ...nodeTlsOptions(tls), ...(servername === undefined ? {} : { servername }) },
    ready,
  );
  socket.setNoDelay(true);
  return socket;
}
