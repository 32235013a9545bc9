import { OptionError, QueueFullError } from '../../errors.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { Status } from '../../queue/status.js';
import { GivenUp } from './given-up.js';
import { resolveTimeout } from '../options/option-checks.js';
import type { WaitOptions } from '../options/options.js';
import type { Settings } from '../options/settings.js';
import type { Waits } from '../options/waits.js';

/** A `send` in progress. */
interface SendWaiter {
  /** Deliveries with a sequence up to this one count. */
  readonly last: number;
  /** How many of them must still end. */
  remaining: number;
  /** Those of them that were given up meanwhile: this `send` has to tell. */
  readonly givenUp: GivenUp;
  readonly finish: () => void;
}

/** Keeps account of what is queued for sending: how much there is, who waits for it to end, and what was given up. */
export class OutgoingLedger {
  readonly #settings: Settings;
  readonly #waits: Waits;
  readonly #drained: () => void;
  /** Whether somebody has found it full since there was room. */
  #wasFull = false;
  readonly #counts = { accepted: 0, rejected: 0, released: 0, modified: 0, settled: 0, aborted: 0, expired: 0 };
  #messages = 0;
  #bytes = 0;
  #waiters: SendWaiter[] = [];
  /** Given up while no `send` waited: the next has to tell. */
  readonly #givenUp = new GivenUp();
  #whenRoom: (() => void)[] = [];

  /** @param drained Called when there is room again, after somebody has found none. */
  constructor(settings: Settings, waits: Waits, drained: () => void) {
    this.#settings = settings;
    this.#waits = waits;
    this.#drained = drained;
  }

  /** Messages that have not ended. */
  get messages(): number {
    return this.#messages;
  }

  /** Their encoded bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many messages have ended how. */
  get counts(): Readonly<Record<Exclude<Status, 'pending'>, number>> {
    return { ...this.#counts };
  }

  /** A message has been queued. */
  added(delivery: OutgoingDelivery): void {
    this.#messages++;
    this.#bytes += delivery.size;
  }

  /** A message has ended. */
  ended(delivery: OutgoingDelivery): void {
    const { status } = delivery;
    if (status !== 'pending') this.#counts[status]++;
    this.#messages--;
    this.#bytes -= delivery.size;
    if (this.#wasFull && this.#hasRoom()) this.#makeKnown();
    const isTold = this.#waiters.length > 0 && this.#tellWaiters(delivery);
    if (status === 'aborted' && !isTold) this.#givenUp.add(delivery);
  }

  /** Throws `QueueFullError` when there is no room for one more message. */
  requireRoom(): void {
    if (this.#hasRoom()) return;
    this.#wasFull = true;
    throw new QueueFullError(
      `${this.#messages} messages of ${this.#bytes} bytes are queued, which is all maxOutgoing allows. ` +
        'Await ready() or send() before the next put().',
    );
  }

  /** Waits until there is room for one more message. */
  async room(options: WaitOptions): Promise<void> {
    if (this.#hasRoom()) return;
    this.#wasFull = true;
    // Whatever `blocking` says: to wait is all it is for.
    const limits = {
      timeout: resolveTimeout(options.timeout, this.#settings.timeout),
      signal: options.signal,
      onTimeout: () => 'The outgoing queue is still full.',
    };
    await this.#waits.bounded<undefined>(limits, (settle) => {
      const wake = (): void => settle.resolve(undefined);
      this.#whenRoom.push(wake);
      return () => (this.#whenRoom = this.#whenRoom.filter((other) => other !== wake));
    });
  }

  /**
   * Waits until at most `outgoing − count` of the messages there are now have not ended. Throws what was given up.
   * Returns false, without blocking, when they have not.
   *
   * @param last The number of the last message that counts.
   */
  async settled(count: number, last: number, options: WaitOptions): Promise<boolean> {
    if (!Number.isInteger(count)) throw new OptionError('send() takes a whole number of messages, or nothing for all.');
    const target = count < 0 ? 0 : Math.max(this.#messages - count, 0);
    if (this.#messages <= target) {
      this.#givenUp.throwIfAny();
      return true;
    }
    const givenUp = new GivenUp();
    const onTimeout = (): string =>
      `${this.#messages} messages have no outcome yet. They stay queued; call send() again to wait on.`;
    const isDone = await this.#waits.until<true>(options, onTimeout, (settle) => {
      givenUp.take(this.#givenUp);
      const finish = (): void => settle.resolve(true);
      const waiter: SendWaiter = { last, remaining: this.#messages - target, givenUp, finish };
      this.#waiters.push(waiter);
      return () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        // Ended before its time, it tells nothing more: the next `send` does.
        if (waiter.remaining > 0) this.#givenUp.take(givenUp);
      };
    });
    if (isDone === true) givenUp.throwIfAny();
    else this.#givenUp.throwIfAny();
    return isDone ?? false;
  }

  /** Somebody has been told of a message that was given up. */
  told(delivery: OutgoingDelivery): void {
    this.#givenUp.remove(delivery);
  }

  /** Throws what was given up and not told yet. */
  throwGivenUp(): void {
    this.#givenUp.throwIfAny();
  }

  /** Whoever gave the messages up knows: no `send` need tell. */
  forgetAborted(): void {
    this.#givenUp.clear();
  }

  #makeKnown(): void {
    this.#wasFull = false;
    for (const wake of this.#whenRoom.splice(0)) wake();
    this.#drained();
  }

  #hasRoom(): boolean {
    const { maxOutgoing } = this.#settings;
    return this.#messages < maxOutgoing.messages && this.#bytes < maxOutgoing.bytes;
  }

  /** Returns whether some `send` waits for this message. */
  #tellWaiters(delivery: OutgoingDelivery): boolean {
    let isAwaited = false;
    for (const waiter of this.#waiters) {
      if (delivery.sequence > waiter.last || waiter.remaining === 0) continue;
      isAwaited = true;
      if (delivery.status === 'aborted') waiter.givenUp.add(delivery);
      if (--waiter.remaining === 0) waiter.finish();
    }
    return isAwaited;
  }
}
