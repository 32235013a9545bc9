import { connect, createServer, isIP } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { ListenError, asError } from '../../errors.js';
import { logger } from '../../log.js';
import { HostLimit } from './host-limit.js';
import { nodeTls, nodeTlsOptions } from '../security/tls.js';
import type { TlsOptions } from '../security/tls.js';

const log = logger('acceptor');

/** Where to connect to. */
export interface DialOptions {
  /** The host, by name or by number. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** The options of TLS; `undefined` for none. */
  readonly tls: TlsOptions | undefined;
}

/** Where to listen. */
export interface PortOptions {
  /** The address of this machine to listen on, such as `127.0.0.1`, or `0.0.0.0` for all. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** The options of TLS; `undefined` for none. */
  readonly tls: TlsOptions | undefined;
  /** True when clients are asked for a certificate. One without, or with a bad one, comes in all the same. */
  readonly asksForCertificate: boolean;
  /** The time that a TLS handshake may take, in milliseconds; 0 for as long as the platform lets it. */
  readonly handshakeTimeout: number;
  /** The most streams at a time. Others are dropped. */
  readonly maxConnections: number;
  /** The most streams of one host at a time. Others are dropped. */
  readonly maxConnectionsPerHost: number;
}

/** A listening port. */
export interface Listener {
  /** The port it has got. */
  readonly port: number;
  /** Takes nothing in any more. Resolves when every stream that it has taken in is gone. */
  close(): Promise<void>;
  /** Cuts every stream that it has taken in, those in the middle of a TLS handshake included. */
  destroy(): void;
}

/** Starts to connect a socket. `connected` is called when bytes can be sent: with TLS, when the peer has been verified. */
export function dial({ host, port, tls }: DialOptions, connected: () => void): Socket {
  if (tls === undefined) {
    return connect({ host, port, noDelay: true, keepAlive: true }, connected);
  }
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = nodeTls.connect(
    { host, port, ...nodeTlsOptions(tls), ...(servername === undefined ? {} : { servername }) },
    connected,
  );
  socket.setNoDelay(true);
  return socket;
}

/** Listens for TCP connections, with or without TLS. Rejects when the port, or the certificate, cannot be used. */
export function listen(options: PortOptions, accept: (socket: Socket) => void): Promise<Listener> {
  const { host, port, tls, maxConnections, maxConnectionsPerHost } = options;
  return new Promise((resolve, reject) => {
    const server =
      tls === undefined ? createServer({ noDelay: true, keepAlive: true }) : createTlsServer({ ...options, tls });
    // From before any TLS handshake on.
    const sockets = new Set<Socket>();
    const hosts = new HostLimit(maxConnectionsPerHost);
    server.on('connection', (socket: Socket) => {
      if (!hosts.admit(socket)) {
        log('a connection of %s was dropped: it has %d', socket.remoteAddress, maxConnectionsPerHost);
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (tls === undefined) accept(socket);
    });
    server.on('secureConnection', accept);
    if (maxConnections !== Infinity) server.maxConnections = maxConnections;
    server.on('drop', () => log('a connection was dropped: there are %d', maxConnections));
    // A client that fails its TLS handshake, or does not end it in time, is cut: Node leaves its socket open, and it
    // would hold one of the places for good.
    server.on('tlsClientError', (error: Error, socket: Socket) => {
      log('a TLS handshake failed: %s', error.message);
      socket.destroy();
    });
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
