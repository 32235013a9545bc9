import type { Endpoint } from '../../address/endpoint.js';
import { AuthenticationError, DecodeError, OptionError, ProtocolError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { Environment } from './environment.js';
import type { HostList } from './host-list.js';
import { MAX_REDIRECTS, RedirectError } from './named-hosts.js';

/** The options by which a lost connection is opened again. Times are in milliseconds. */
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

/** A connection open this long was a good one: the next reconnect starts from the shortest delay. Milliseconds. */
const STABLE = 5000;

/** The condition of a peer that knows who we are and does not want us (AMQP 1.0 §2.8.15). */
const NOT_ALLOWED = 'amqp:not-allowed';

/** The end of a connection. */
export interface ConnectionLoss {
  /** Why; `undefined` when it was closed in peace. */
  readonly reason: MessagingError | undefined;
  /** The time for which it was open, in milliseconds; `undefined` when it never was. */
  readonly openFor: number | undefined;
  /** True when a link was ever attached over it. */
  readonly isUsed: boolean;
  /** True when anybody still wants it. */
  readonly isWanted: boolean;
  /** It was closed from here, only to be made anew. */
  readonly isRenewal: boolean;
}

/** The settings of a connection that decide over it. */
export interface RetrySettings {
  readonly reconnect: ReconnectPolicy;
  readonly dialPeerHosts?: boolean;
  readonly environment: Pick<Environment, 'random'>;
}

/** Decides what becomes of a connection that is lost or could not be made: whether to try again, when, and where. */
export class Retries {
  readonly #endpoint: Endpoint;
  readonly #policy: ReconnectPolicy;
  readonly #hosts: HostList;
  readonly #random: () => number;
  readonly #dialPeerHosts: boolean;
  #attempt = 0;
  #redirects = 0;
  /** True when the connection has ever been of use. Until then, a refusal counts as one of the first attempt. */
  #isProven = false;

  constructor(endpoint: Endpoint, settings: RetrySettings, hosts: HostList) {
    this.#endpoint = endpoint;
    this.#policy = settings.reconnect;
    this.#hosts = hosts;
    this.#random = settings.environment.random;
    this.#dialPeerHosts = settings.dialPeerHosts ?? false;
  }

  /** Decides about the next attempt. Returns the milliseconds to wait; `undefined` when there is to be none. */
  next(loss: ConnectionLoss): number | undefined {
    const { reason, openFor, isUsed, isWanted, isRenewal } = loss;
    const wasStable = openFor !== undefined && openFor >= STABLE;
    if (wasStable) this.#attempt = this.#redirects = 0;
    // A peer may refuse only after its open frame (AMQP 1.0 §2.4.1), so being open for a moment proves nothing.
    this.#isProven ||= isUsed || wasStable;
    if (this.#dialPeerHosts && reason instanceof RedirectError && this.#redirects < MAX_REDIRECTS) {
      this.#redirects++;
      this.#hosts.redirect(reason.apply(this.#endpoint));
      return 0;
    }
    if (isRenewal && reason === undefined) return 0;
    if (this.#isFatal(loss)) return undefined;
    const isRound = openFor === undefined ? this.#hosts.failed() : this.#hosts.lost(wasStable);
    if (!isRound && openFor === undefined) return 0; // another host may be there
    // A first host that did not do says nothing of the others.
    const isSure = this.#isProven || this.#policy.initial || !isRound;
    const mayRetry = isWanted && isSure && this.#attempt < this.#policy.retries;
    if (!mayRetry) return undefined;
    this.#redirects = 0; // a wait breaks the row
    // As long as there are other hosts, one that is lost is no reason to wait longer each time, only not to come in a crowd.
    return reconnectDelay(this.#policy, isRound ? this.#attempt++ : 0, this.#random());
  }

  /** It is over. Whoever needs the connection again begins from the start. */
  reset(): void {
    this.#attempt = 0;
    this.#redirects = 0;
    this.#isProven = false;
    this.#hosts.reset();
  }

  /** Whether trying again would not help. A host that a peer has named is passed over: the next one may be better. */
  #isFatal({ reason, openFor }: ConnectionLoss): boolean {
    if (this.#hosts.current.isNamedByPeer === true) return false;
    if (reason instanceof OptionError) return true;
    if (reason instanceof AuthenticationError || reason?.condition === NOT_ALLOWED) return !this.#policy.refused;
    // What answers in the place of a broker that is away, such as a proxy, may speak anything.
    const isBroken = reason instanceof ProtocolError || reason instanceof DecodeError;
    return isBroken && (openFor !== undefined || !this.#isProven);
  }
}

/**
 * Draws the time to wait before attempt `attempt` (from 0): anything up to a bound that doubles each time. Drawing from the
 * whole range ("full jitter") keeps clients that lost the same broker from coming back all at once.
 */
export function reconnectDelay(policy: ReconnectPolicy, attempt: number, random: number): number {
  const bound = Math.min(policy.maxDelay, policy.delay * 2 ** Math.min(attempt, 52));
  return Math.floor(random * bound);
}
