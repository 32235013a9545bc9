import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { ListenError, asError } from '../../errors.js';
import { logger } from '../../log.js';
import { nodeTls, nodeTlsOptions } from '../security/tls.js';
import type { Listener, PortOptions } from './environment.js';

const log = logger('connection');

/** Listens for TCP connections, with or without TLS. Rejects when the port, or the certificate, cannot be used. */
export function listen(options: PortOptions, accept: (socket: Socket) => void): Promise<Listener> {
  const { host, port, tls, maxConnections } = options;
  return new Promise((resolve, reject) => {
    const server =
      tls === undefined ? createServer({ noDelay: true, keepAlive: true }) : createTlsServer({ ...options, tls });
    // From before any TLS handshake on.
    const sockets = new Set<Socket>();
    server.on(tls === undefined ? 'connection' : 'secureConnection', accept);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    if (maxConnections !== Infinity) server.maxConnections = maxConnections;
    server.on('drop', () => log('a connection was dropped: there are %d', maxConnections));
    // A client that fails its TLS handshake is its own problem.
    server.on('tlsClientError', (error) => log('a TLS handshake failed: %s', (error as Error).message));
    // After it listens, this is about a connection that could not be accepted; others still can.
    server.on('error', (error) => log('the listener failed: %s', error.message));
    server.once('error', reject);
    server.listen({ host, port }, () => {
      resolve({
        // A TCP server that listens has an address of this shape.
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((closed) => server.close(() => closed())),
        destroy: () => sockets.forEach((socket) => socket.destroy()),
      });
    });
  });
}

function createTlsServer(options: PortOptions & { tls: NonNullable<PortOptions['tls']> }): Server {
  const { tls, handshakeTimeout, asksForCertificate } = options;
  const handshake = handshakeTimeout > 0 ? { handshakeTimeout } : {};
  const certificates = asksForCertificate ? { requestCert: true, rejectUnauthorized: false } : {};
  try {
    return nodeTls.createServer({ ...handshake, ...nodeTlsOptions(tls), ...certificates });
  } catch (cause) {
    throw new ListenError(`The certificate or key to listen with cannot be used: ${asError(cause).message}.`, {
      cause,
    });
  }
}
