/** How a lost connection is opened again. Times are in milliseconds. */
export interface ReconnectOptions {
  /** Also when the first attempt of all fails. Default false: a wrong address should be told at once. */
  initial?: boolean;
  /** The delay the first retry is drawn from. Default 1000: the clients of a broker that comes back come one by one. */
  delay?: number;
  /** The largest delay. Default 30 000. */
  maxDelay?: number;
  /** Failed attempts in a row before it is given up. Default no limit. */
  retries?: number;
  /**
   * Also when the peer refuses the credentials or does not allow the connection. Default false: that is for people to
   * mend, and goes on for ever without them.
   */
  refused?: boolean;
}

/** `ReconnectOptions` with the defaults filled in. */
export type ReconnectPolicy = Required<ReconnectOptions>;

/** The policy that holds unless options say otherwise. */
export const DEFAULT_RECONNECT: ReconnectPolicy = Object.freeze({
  initial: false,
  delay: 1000,
  maxDelay: 30_000,
  retries: Infinity,
  refused: false,
});

/**
 * How long to wait before attempt `attempt` (from 0): anything up to a bound that doubles each time. Drawing from the
 * whole range ("full jitter") keeps clients that lost the same broker from coming back all at once.
 */
export function reconnectDelay(policy: ReconnectPolicy, attempt: number, random: number): number {
  const bound = Math.min(policy.maxDelay, policy.delay * 2 ** Math.min(attempt, 52));
  return Math.floor(random * bound);
}
