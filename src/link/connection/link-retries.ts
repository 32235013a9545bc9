import type { Clock } from '../../clock.js';
import type { LinkError } from '../../errors.js';
import type { Link } from '../session/link-table.js';
import { reconnectDelay } from './retries.js';
import type { RetrySettings } from './retries.js';

/** A link that was attached this long was of use: its next attempt starts from the shortest delay. Milliseconds. */
const STABLE_LINK = 5000;

/** What a peer says of a link that it will not have, however often it is attached (AMQP 1.0 §2.8.15–18). */
const FATAL_CONDITIONS: ReadonlySet<string> = new Set([
  'amqp:not-found',
  'amqp:unauthorized-access',
  'amqp:not-allowed',
  'amqp:not-implemented',
  'amqp:resource-deleted',
  'amqp:resource-locked',
  'amqp:invalid-field',
  'amqp:decode-error',
  'amqp:link:stolen',
  'amqp:link:redirect',
  'amqp:link:message-size-exceeded',
  'amqp:link:transfer-limit-exceeded',
]);

/**
 * Decides what becomes of a link that the peer has closed, or ended with its session, while the connection stays. A link
 * that was attached before comes back, with its messages, unless the condition says that it never will.
 */
export class LinkRetries {
  readonly #settings: RetrySettings;
  readonly #clock: Clock;
  readonly #losses = new WeakMap<Link, { attempt: number; at: number }>();

  constructor(settings: RetrySettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Says how many milliseconds to wait before a link is attached again; `undefined` when it is gone for good. */
  next(link: Link, error: LinkError): number | undefined {
    const { reconnect, environment } = this.#settings;
    if (!link.wasAttached || FATAL_CONDITIONS.has(error.condition ?? '')) return undefined;
    const now = this.#clock.now();
    const last = this.#losses.get(link);
    const attempt = last === undefined || now - last.at >= STABLE_LINK ? 0 : last.attempt + 1;
    if (attempt >= reconnect.retries) return undefined;
    this.#losses.set(link, { attempt, at: now });
    return reconnectDelay(reconnect, attempt, environment.random());
  }
}
