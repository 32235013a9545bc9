import { isIP } from 'node:net';
import { checkNames } from '../check-options.js';
import { SseChannelContainer } from '../channels/sse-channel-container.js';
import { LONGEST_TIMER, SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { checkSocketPath } from './socket-path.js';
import type { TokenOptions } from './token.js';

/** The address where a server listens and a client connects: a Unix socket, or a TCP port. */
export interface SocketAddress {
  /** The path of a Unix socket: at most 107 bytes on Linux, 103 elsewhere. On Windows the name of a pipe. */
  path?: string | undefined;
  /** The host of a TCP port. Default `127.0.0.1`. */
  host?: string | undefined;
  /** A TCP port, instead of a path. A server given 0 takes any that is free. */
  port?: number | undefined;
}

/**
 * The protocol of a connection: `legacy` has one request for each connection, `lines` one request in each line, and
 * with `auto` the first line decides.
 */
export type SocketProtocol = 'auto' | 'legacy' | 'lines';

/** The options of a `SocketServer`. Times are milliseconds. */
export interface SocketServerOptions extends SocketAddress, TokenOptions {
  /** The channels that clients act on. Default a new container, which the server closes when it stops. */
  container?: SseChannelContainer | undefined;
  /**
   * The protocol of the connections. With `auto`, a connection whose first line is a JSON object with an `id` speaks
   * lines, and every other one the legacy protocol. Default `auto`.
   */
  protocol?: SocketProtocol | undefined;
  /** The most bytes of a line, or of a legacy request. Default 1 048 576. */
  maxFrameSize?: number | undefined;
  /** The most connections at a time; the server closes more at once. Default 1000. */
  maxConnections?: number | undefined;
  /** The most streams of a connection. Default 100. */
  maxStreams?: number | undefined;
  /** A client may take so long for its first request, the token included. Default 10 000. */
  handshakeTimeout?: number | undefined;
  /**
   * The server disconnects a client that has neither a stream nor a listener and sends no request for so long, and any
   * client that takes no byte of what is sent to it for so long. Default 60 000.
   */
  idleTimeout?: number | undefined;
  /**
   * The interval at which the server checks whether the client of a quiet legacy stream is still there: such a client
   * has closed its side long since. Default 15 000.
   */
  probeInterval?: number | undefined;
  /** The source of the time. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/** `SocketServerOptions` checked, with the defaults filled in. */
export interface ServerSettings {
  readonly container: SseChannelContainer;
  readonly ownsContainer: boolean;
  readonly address: ResolvedAddress;
  readonly token: string | undefined;
  readonly protocol: SocketProtocol;
  readonly maxFrameSize: number;
  readonly maxConnections: number;
  readonly maxStreams: number;
  readonly handshakeTimeout: number;
  readonly idleTimeout: number;
  readonly probeInterval: number;
  readonly clock: Clock;
}

/** The address of a Unix socket. */
export interface PathAddress {
  /** Its path. */
  readonly path: string;
}

/** The address of a TCP port. */
export interface PortAddress {
  /** Its host. */
  readonly host: string;
  /** Its number. */
  readonly port: number;
}

/** A `SocketAddress` that is one or the other. */
export type ResolvedAddress = PathAddress | PortAddress;

/** The names of the options that say where a server is, and what it wants to see. */
export const ADDRESS_OPTIONS: readonly (keyof SocketAddress | keyof TokenOptions)[] = [
  'path',
  'host',
  'port',
  'token',
  'tokenFile',
];

const SERVER_OPTIONS = [
  'container',
  'protocol',
  'maxFrameSize',
  'maxConnections',
  'maxStreams',
  'handshakeTimeout',
  'idleTimeout',
  'probeInterval',
  'clock',
] as const satisfies readonly (keyof SocketServerOptions)[];

const PROTOCOLS: readonly unknown[] = ['auto', 'legacy', 'lines'] satisfies SocketProtocol[];

/** Checks options, fills in the defaults. Throws `OptionError` for what cannot be. */
export function resolveServerOptions(options: SocketServerOptions): Omit<ServerSettings, 'token'> {
  checkNames('a SocketServer', options, [...ADDRESS_OPTIONS, ...SERVER_OPTIONS]);
  const { container, protocol = 'auto', clock = SYSTEM_CLOCK } = options;
  checkProtocol(protocol);
  const address = checkAddress(options);
  const hasToken = options.token !== undefined || options.tokenFile !== undefined;
  if ('host' in address && !isLoopback(address.host) && !hasToken) {
    throw new OptionError(`Anybody who reaches ${address.host} could give commands. Give a token, or use a path.`);
  }
  return {
    container: container ?? new SseChannelContainer(),
    ownsContainer: container === undefined,
    address,
    protocol,
    maxFrameSize: whole('maxFrameSize', options.maxFrameSize ?? 1_048_576),
    maxConnections: whole('maxConnections', options.maxConnections ?? 1000),
    maxStreams: whole('maxStreams', options.maxStreams ?? 100),
    handshakeTimeout: duration('handshakeTimeout', options.handshakeTimeout ?? 10_000),
    idleTimeout: duration('idleTimeout', options.idleTimeout ?? 60_000),
    probeInterval: duration('probeInterval', options.probeInterval ?? 15_000),
    clock,
  };
}

/** @throws OptionError for an unknown protocol. */
export function checkProtocol(protocol: SocketProtocol): void {
  if (!PROTOCOLS.includes(protocol)) throw new OptionError('Option protocol must be auto, legacy or lines.');
}

/** The address of the options. @throws OptionError when they give none, or two. */
export function checkAddress({ path, host, port }: SocketAddress): ResolvedAddress {
  if (path !== undefined && port === undefined && host === undefined) return { path: checkSocketPath(path) };
  if (path !== undefined || port === undefined)
    throw new OptionError('Give either a path, or a port and perhaps a host.');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new OptionError('Option port must be a whole number from 0 to 65535.');
  }
  if (host !== undefined && (typeof host !== 'string' || host === '')) {
    throw new OptionError('Option host must be a name or an address.');
  }
  return { host: host ?? '127.0.0.1', port };
}

/** A whole number from 1 up. */
export function whole(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new OptionError(`Option ${name} must be a whole number from 1 up.`);
}

/** Milliseconds that a timer can keep. */
export function duration(name: string, value: number): number {
  if (typeof value === 'number' && value >= 1 && value <= LONGEST_TIMER) return value;
  throw new OptionError(`Option ${name} must be a number of milliseconds from 1 to ${LONGEST_TIMER}.`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
