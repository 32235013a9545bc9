import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { nodeTls, nodeTlsOptions } from '../security/tls.js';
import type { DialOptions } from './environment.js';

/** Starts to connect a socket. `connected` is called when bytes can be sent: with TLS, when the peer has been verified. */
export function dial({ host, port, tls }: DialOptions, connected: () => void): Socket {
  if (tls === undefined) {
    return connectTcp({ host, port, noDelay: true, keepAlive: true }, connected);
  }
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = nodeTls.connect(
    { host, port, ...nodeTlsOptions(tls), ...(servername === undefined ? {} : { servername }) },
    connected,
  );
  socket.setNoDelay(true);
  return socket;
}
