import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';

/** What of a message says when it stops being of use. Any object fits; what lacks all of these never expires. */
export interface Expirable {
  /** When it expires; a number is milliseconds since 1970. Counts before all others. */
  readonly expiry?: Date | number | null | undefined;
  /** The same, as AMQP messages have it (`absolute-expiry-time`, AMQP 1.0 §3.2.4). */
  readonly expiryTime?: Date | number | null | undefined;
  /** How long it lives from its arrival, in milliseconds (`ttl`, AMQP 1.0 §3.2.1). */
  readonly ttl?: number | null | undefined;
}

/**
 * How many milliseconds a message that arrives now has left; 0 or less when it has expired, `Infinity` when it never
 * will. The wall clock is read once, here: setting it later moves nothing.
 */
export function lifetimeOf(message: Expirable, clock: Clock): number {
  const expiry = message.expiry ?? message.expiryTime;
  if (expiry != null) return checked(expiry instanceof Date ? expiry.getTime() : expiry, EXPIRY) - clock.wallNow();
  const { ttl } = message;
  return ttl == null ? Infinity : checked(ttl, TTL);
}

/** Writes into a message that arrives now when it expires, unless it says so already or never does. */
export function appendExpiry(message: Expirable, lifetime: number, clock: Clock): void {
  if (message.expiry != null || lifetime === Infinity) return;
  if (Reflect.set(message, 'expiry', new Date(clock.wallNow() + lifetime))) return;
  throw new OptionError('The expiry cannot be written into a message that is frozen. Leave out appendExpiry.');
}

const EXPIRY = 'The expiry of a message must be a Date, or a number of milliseconds since 1970.';
const TTL = 'The ttl of a message must be a number of milliseconds.';

/** What is no number would stand before no deadline and after none, and so disorder the queue. */
function checked(milliseconds: number, problem: string): number {
  if (typeof milliseconds === 'number' && !Number.isNaN(milliseconds)) return milliseconds;
  throw new OptionError(problem);
}
