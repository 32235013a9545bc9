import { OptionError, QueueFullError } from '../errors.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { Settings, WaitOptions } from './options.js';
import { resolveTimeout } from './options.js';
import { GivenUp } from './given-up.js';
import { wait } from './wait.js';

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
  #sequence = 0;
  #messages = 0;
  #bytes = 0;
  #waiters: SendWaiter[] = [];
  /** Given up while no `send` waited: the next has to tell. */
  readonly #givenUp = new GivenUp();
  #whenRoom: (() => void)[] = [];

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Messages that have not ended. */
  get messages(): number {
    return this.#messages;
  }

  /** The number of the next message. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** A message has been queued. */
  added(delivery: OutgoingDelivery): void {
    this.#messages++;
    this.#bytes += delivery.size;
  }

  /** A message has ended. */
  ended(delivery: OutgoingDelivery): void {
    this.#messages--;
    this.#bytes -= delivery.size;
    if (this.#whenRoom.length > 0 && this.#hasRoom()) for (const wake of this.#whenRoom.splice(0)) wake();
    const isTold = this.#waiters.length > 0 && this.#tellWaiters(delivery);
    if (delivery.status === 'aborted' && !isTold) this.#givenUp.add(delivery);
  }

  /** Throws `QueueFullError` when there is no room for one more message. */
  requireRoom(): void {
    if (this.#hasRoom()) return;
    throw new QueueFullError(
      `${this.#messages} messages of ${this.#bytes} bytes are queued, which is all maxOutgoing allows. ` +
        'Await ready() or send() before the next put().',
    );
  }

  /** Waits until there is room for one more message. */
  async room(options: WaitOptions): Promise<void> {
    if (this.#hasRoom()) return;
    await wait<undefined>(
      this.#limits(options, () => 'The outgoing queue is still full.'),
      (settle) => {
        const wake = (): void => settle.resolve(undefined);
        this.#whenRoom.push(wake);
        return () => (this.#whenRoom = this.#whenRoom.filter((other) => other !== wake));
      },
    );
  }

  /** Waits until at most `outgoing − count` of the messages there are now have not ended. Throws what was given up. */
  async settled(count: number, options: WaitOptions): Promise<void> {
    if (!Number.isInteger(count)) throw new OptionError('send() takes a whole number of messages, or nothing for all.');
    const givenUp = new GivenUp();
    givenUp.take(this.#givenUp);
    const target = count < 0 ? 0 : Math.max(this.#messages - count, 0);
    if (this.#messages > target) {
      const onTimeout = (): string =>
        `${this.#messages} messages have no outcome yet. They stay queued; call send() again to wait on.`;
      await wait<undefined>(this.#limits(options, onTimeout), (settle) => {
        const finish = (): void => settle.resolve(undefined);
        const waiter: SendWaiter = { last: this.#sequence, remaining: this.#messages - target, givenUp, finish };
        this.#waiters.push(waiter);
        return () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          // Ended by its time-out or signal, it tells nothing more: the next `send` does.
          if (waiter.remaining > 0) this.#givenUp.take(givenUp);
        };
      });
    }
    givenUp.throwIfAny();
  }

  /** Whoever gave the messages up knows: no `send` need tell. */
  forgetAborted(): void {
    this.#givenUp.clear();
  }

  #limits({ timeout, signal }: WaitOptions, onTimeout: () => string): Parameters<typeof wait>[0] {
    return { timeout: resolveTimeout(timeout, this.#settings.timeout), signal, onTimeout };
  }

  #hasRoom(): boolean {
    const { maxOutgoing } = this.#settings;
    return this.#messages < maxOutgoing.messages && this.#bytes < maxOutgoing.bytes;
  }

  /** Returns whether some `send` waits for this message. */
  #tellWaiters(delivery: OutgoingDelivery): boolean {
    let isAwaited = false;
    for (const waiter of [...this.#waiters]) {
      if (delivery.sequence > waiter.last || waiter.remaining === 0) continue;
      isAwaited = true;
      if (delivery.status === 'aborted') waiter.givenUp.add(delivery);
      if (--waiter.remaining === 0) waiter.finish();
    }
    return isAwaited;
  }
}
