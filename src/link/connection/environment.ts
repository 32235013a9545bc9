import type { Duplex } from 'node:stream';
import { SYSTEM_CLOCK } from '../../clock.js';
import type { Clock } from '../../clock.js';
import { checkNames } from '../../check-options.js';
import { uniqueId } from '../../unique-id.js';
import { dial, listen } from './network.js';
import type { DialOptions, Listener, PortOptions } from './network.js';

/**
 * Everything that a messenger or a broker takes from the world around it: time, chance, names and the network. All have a default, the
 * machine's. A test can give a clock that it turns itself, and a program streams of its own, such as WebSockets.
 *
 * The functions are called without `this`.
 */
export interface Environment {
  /** Default: that of the machine. */
  readonly clock: Clock;
  /** A number from 0 up to 1, for the spread of attempts to connect again. Default `Math.random`. */
  readonly random: () => number;
  /** A name that nobody else has, for links, nodes and requests. Default a UUID of version 7, which sorts by
   * the time when it was made. */
  readonly randomUUID: () => string;
  /**
   * Starts to connect, and calls `connected` once bytes can be sent: with TLS, when the peer has been verified. A stream
   * that cannot be connected emits `error` and `close`. Default TCP, with or without TLS.
   */
  readonly dial: (options: DialOptions, connected: () => void) => Duplex;
  /**
   * Listens, and calls `accept` with every stream that comes, after any TLS handshake. Rejects when that cannot be.
   * Default TCP, with or without TLS.
   */
  readonly listen: (options: PortOptions, accept: (stream: Duplex) => void) => Promise<Listener>;
}

/** The machine. */
export const SYSTEM_ENVIRONMENT: Environment = {
  clock: SYSTEM_CLOCK,
  random: Math.random,
  randomUUID: uniqueId,
  dial,
  listen,
};

/** An environment with what is not given taken from the machine. Throws `OptionError` for what is unknown. */
export function environmentOf(given: Partial<Environment> = {}): Environment {
  checkNames('environment', given, Object.keys(SYSTEM_ENVIRONMENT));
  const { clock, random, randomUUID: uuid, dial: connect, listen: serve } = { ...SYSTEM_ENVIRONMENT, ...given };
  return { clock, random, randomUUID: uuid, dial: connect, listen: serve };
}
