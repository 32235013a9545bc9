import { checkNames } from '../check-options.js';
import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { ADDRESS_OPTIONS, checkAddress, checkProtocol, duration, whole } from './server-options.js';
import type { ResolvedAddress, SocketAddress, SocketProtocol } from './server-options.js';
import type { TokenOptions } from './token.js';

/** The options of a `SocketClient`. Times are milliseconds. */
export interface SocketClientOptions extends SocketAddress, TokenOptions {
  /**
   * The protocol that the client speaks: `lines`, or `legacy`, that of eric-sse. With `auto` it asks the server first,
   * over a connection of its own. Default `auto`.
   */
  protocol?: SocketProtocol | undefined;
  /** Connecting may take so long, and so may each request. Default 10 000. */
  timeout?: number | undefined;
  /** The most requests that wait for their answers; the client refuses more. Default 1000. */
  maxInFlight?: number | undefined;
  /** The most events of a stream that the server sends before the program has taken them. Default 64. */
  streamWindow?: number | undefined;
  /** The most bytes of an answer or an event. Default 16 777 216. */
  maxFrameSize?: number | undefined;
  /** The source of the time. Default the clocks of the machine. */
  clock?: Clock | undefined;
}

/** `SocketClientOptions` checked, with the defaults filled in. */
export interface ClientSettings {
  readonly address: ResolvedAddress;
  readonly tokenOptions: TokenOptions;
  readonly protocol: SocketProtocol;
  readonly timeout: number;
  readonly maxInFlight: number;
  readonly streamWindow: number;
  readonly maxFrameSize: number;
  readonly clock: Clock;
}

const CLIENT_OPTIONS = [
  'protocol',
  'timeout',
  'maxInFlight',
  'streamWindow',
  'maxFrameSize',
  'clock',
] as const satisfies readonly (keyof SocketClientOptions)[];

/** Checks options and fills in the defaults. Throws `OptionError` for what cannot be. */
export function resolveClientOptions(options: SocketClientOptions): ClientSettings {
  checkNames('a SocketClient', options, [...ADDRESS_OPTIONS, ...CLIENT_OPTIONS]);
  const { token, tokenFile, protocol = 'auto', clock = SYSTEM_CLOCK } = options;
  checkProtocol(protocol);
  return {
    address: checkAddress(options),
    tokenOptions: { token, tokenFile },
    protocol,
    timeout: duration('timeout', options.timeout ?? 10_000),
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? 1000),
    streamWindow: whole('streamWindow', options.streamWindow ?? 64),
    maxFrameSize: whole('maxFrameSize', options.maxFrameSize ?? 16_777_216),
    clock,
  };
}
