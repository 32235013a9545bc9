import { checkNames } from '../channels/option-names.js';
import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { ADDRESS_OPTIONS, checkAddress, checkProtocol, duration, whole } from './server-options.js';
import type { ResolvedAddress, SocketAddress, SocketProtocol } from './server-options.js';
import type { TokenOptions } from './token.js';

/** How a `SocketClient` behaves. Times are milliseconds. */
export interface SocketClientOptions extends SocketAddress, TokenOptions {
  /**
   * Which protocol it speaks: `lines`, or `legacy`, that of eric-sse. With `auto` it asks the server first, over a
   * connection of its own. Default `auto`.
   */
  protocol?: SocketProtocol | undefined;
  /** How long connecting, and each request, may take. Default 10 000. */
  timeout?: number | undefined;
  /** How many requests wait for their answers at most; more are refused. Default 1000. */
  maxInFlight?: number | undefined;
  /** How many events of a stream come in before they are taken from it, at most. Default 64. */
  streamWindow?: number | undefined;
  /** How many bytes an answer or an event has at most. Default 16 777 216. */
  maxFrameSize?: number | undefined;
  /** Where it gets the time from. Default the clocks of the machine. */
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
