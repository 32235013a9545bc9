import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { checkAddress, duration, whole } from './server-options.js';
import type { ResolvedAddress, SocketAddress } from './server-options.js';
import type { TokenOptions } from './token.js';

/** How a `SocketClient` behaves. Times are milliseconds. */
export interface SocketClientOptions extends SocketAddress, TokenOptions {
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
  readonly timeout: number;
  readonly maxInFlight: number;
  readonly streamWindow: number;
  readonly maxFrameSize: number;
  readonly clock: Clock;
}

/** Checks options and fills in the defaults. Throws `OptionError` for what cannot be. */
export function resolveClientOptions(options: SocketClientOptions): ClientSettings {
  const { token, tokenFile, clock = SYSTEM_CLOCK } = options;
  return {
    address: checkAddress(options),
    tokenOptions: { token, tokenFile },
    timeout: duration('timeout', options.timeout ?? 10_000),
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? 1000),
    streamWindow: whole('streamWindow', options.streamWindow ?? 64),
    maxFrameSize: whole('maxFrameSize', options.maxFrameSize ?? 16_777_216),
    clock,
  };
}
