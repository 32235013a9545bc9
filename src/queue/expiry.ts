/** What of a message says when it stops being of use. Any object fits; what lacks all of these never expires. */
export interface Expirable {
  /** When it expires, in milliseconds since 1970. Counts before all others. */
  readonly expiry?: Date | number | undefined;
  /** The same, as AMQP messages have it (`absolute-expiry-time`, AMQP 1.0 §3.2.4). */
  readonly expiryTime?: Date | number | undefined;
  /** How long it lives from its arrival, in milliseconds (`ttl`, AMQP 1.0 §3.2.1). */
  readonly ttl?: number | undefined;
}

/** The two times a queue needs. */
export interface QueueClock {
  /** Milliseconds that never go back: for lifetimes. */
  now(): number;
  /** Milliseconds since 1970: for expiry times, which peers have set by their own clocks. */
  wallNow(): number;
  /** Calls back once. The timer does not keep the process alive. */
  setTimeout(callback: () => void, delay: number): NodeJS.Timeout;
  clearTimeout(timer: NodeJS.Timeout): void;
}

/** The clocks of the machine. */
export const SYSTEM_QUEUE_CLOCK: QueueClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay).unref(),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * When a message that arrives now expires, on the clock that never goes back; `Infinity` for never. A wall-clock time is
 * turned into a remaining lifetime once, here: a clock that is set later moves nothing.
 */
export function deadlineOf(message: Expirable, clock: QueueClock): number {
  const absolute = message.expiry ?? message.expiryTime;
  if (absolute !== undefined) return clock.now() + Number(absolute) - clock.wallNow();
  return message.ttl === undefined ? Infinity : clock.now() + message.ttl;
}
