import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';

/** The fields of a message that decide when it expires. Any object fits; one without these fields never expires. */
export interface Expirable {
  /** The time it expires. A number is milliseconds since 1970. Takes precedence over the other fields. */
  readonly expiry?: Date | number | null | undefined;
  /** The time it expires, as AMQP messages have it (`absolute-expiry-time`, AMQP 1.0 §3.2.4). */
  readonly expiryTime?: Date | number | null | undefined;
  /** Its lifetime from its arrival, in milliseconds (`ttl`, AMQP 1.0 §3.2.1). */
  readonly ttl?: number | null | undefined;
}

/**
 * The remaining milliseconds of a message that arrives now: 0 or less when it has expired, `Infinity` when it never
 * expires. The wall clock is read here only: setting it later has no effect on the message.
 */
export function lifetimeOf(message: Expirable, clock: Clock): number {
  const expiry = message.expiry ?? message.expiryTime;
  if (expiry != null) return checked(expiry instanceof Date ? expiry.getTime() : expiry, EXPIRY) - clock.wallNow();
  const { ttl } = message;
  return ttl == null ? Infinity : checked(ttl, TTL);
}

/** Sets the `expiry` of a message that arrives now, unless it has one or never expires. */
export function appendExpiry(message: Expirable, lifetime: number, clock: Clock): void {
  if (message.expiry != null || lifetime === Infinity) return;
  if (Reflect.set(message, 'expiry', new Date(clock.wallNow() + lifetime))) return;
  throw new OptionError('The expiry cannot be written into a message that is frozen. Leave out appendExpiry.');
}

const EXPIRY = 'The expiry of a message must be a Date, or a number of milliseconds since 1970.';
const TTL = 'The ttl of a message must be a number of milliseconds.';

/** A deadline that is not a number would compare as false with every other, and so break the order of the queue. */
function checked(milliseconds: number, problem: string): number {
  if (typeof milliseconds === 'number' && !Number.isNaN(milliseconds)) return milliseconds;
  throw new OptionError(problem);
}
