import { OptionError, QueueFullError } from '../../errors.js';
import type { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { Status } from '../../queue/status.js';
import type { MessengerContext } from '../options/context.js';
import { resolveTimeout } from '../options/option-checks.js';
import type { WaitOptions } from '../options/options.js';
import { AbortedMessages } from './aborted-messages.js';
import { PendingSends } from './pending-sends.js';

/**
 * Counts the messages that were put and have not ended, and keeps the calls that wait for them and the aborted
 * messages. The messages themselves wait at their links.
 */
export class OutgoingQueue {
  readonly #context: MessengerContext;
  /** Set when a caller has found the queue full, until there is room. */
  #wasFull = false;
  readonly #counts = { accepted: 0, rejected: 0, released: 0, modified: 0, settled: 0, aborted: 0, expired: 0 };
  #messages = 0;
  #bytes = 0;
  readonly #sends = new PendingSends();
  /** Messages that were aborted while no `send` waited for them. The next `send` reports them. */
  readonly #aborted = new AbortedMessages();
  readonly #waitingForRoom = new Set<() => void>();

  constructor(context: MessengerContext) {
    this.#context = context;
  }

  /** The number of messages that have not ended. */
  get messages(): number {
    return this.#messages;
  }

  /** The encoded bytes of these messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of messages that have ended, by their status. */
  get counts(): Readonly<Record<Exclude<Status, 'pending'>, number>> {
    return { ...this.#counts };
  }

  /** Counts a message that was put. */
  added(delivery: OutgoingDelivery): void {
    this.#messages++;
    this.#bytes += delivery.size;
  }

  /** Counts a message that has ended, and wakes the calls that wait for it. */
  ended(delivery: OutgoingDelivery): void {
    const { status } = delivery;
    if (status !== 'pending') this.#counts[status]++;
    this.#messages--;
    this.#bytes -= delivery.size;
    if (this.#wasFull && this.#hasRoom()) this.#tellOfRoom();
    const isAwaited = this.#sends.ended(delivery);
    if (status === 'aborted' && !isAwaited) this.#aborted.add(delivery);
    this.#context.ended(delivery);
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
    const { settings, waits } = this.#context;
    // It waits even without `blocking`, because waiting is its only purpose.
    const limits = {
      timeout: resolveTimeout(options.timeout, settings.timeout),
      signal: options.signal,
      onTimeout: () => 'The outgoing queue is still full.',
    };
    await waits.bounded<undefined>(limits, (settle) => {
      const wake = (): void => settle.resolve(undefined);
      this.#waitingForRoom.add(wake);
      return () => this.#waitingForRoom.delete(wake);
    });
  }

  /**
   * Waits until at most `outgoing − count` of the messages that are there now have not ended. Throws a `SendError` with
   * those that were aborted. Returns false, without blocking, when too many have not ended.
   *
   * @param last The number of the last message that counts.
   */
  async settled(count: number, last: number, options: WaitOptions): Promise<boolean> {
    if (!Number.isInteger(count)) throw new OptionError('send() takes a whole number of messages, or nothing for all.');
    const target = count < 0 ? 0 : Math.max(this.#messages - count, 0);
    if (this.#messages <= target) {
      this.#aborted.throwIfAny();
      return true;
    }
    const onTimeout = (): string =>
      `${this.#messages} messages have no outcome yet. They stay queued; call send() again to wait on.`;
    const aborted = await this.#context.waits.until<AbortedMessages>(options, onTimeout, (settle) => {
      const call = this.#sends.add(last, this.#messages, target, () => settle.resolve(call.aborted));
      call.aborted.take(this.#aborted);
      return () => {
        // A call that ends early reports nothing: the next one reports its messages.
        if (this.#sends.remove(call)) this.#aborted.take(call.aborted);
      };
    });
    (aborted ?? this.#aborted).throwIfAny();
    return aborted !== undefined;
  }

  /** Notes that the program knows of an aborted message: no `send` reports it again. */
  reported(delivery: OutgoingDelivery): void {
    this.#aborted.remove(delivery);
  }

  /** Throws a `SendError` with the aborted messages that no call has reported. */
  throwAborted(): void {
    this.#aborted.throwIfAny();
  }

  /** Drops the aborted messages: the program has aborted them itself. */
  forgetAborted(): void {
    this.#aborted.clear();
  }

  #tellOfRoom(): void {
    this.#wasFull = false;
    for (const wake of this.#waitingForRoom) wake();
    this.#waitingForRoom.clear();
    this.#context.drained();
  }

  #hasRoom(): boolean {
    const { maxOutgoing } = this.#context.settings;
    return this.#messages < maxOutgoing.messages && this.#bytes < maxOutgoing.bytes;
  }
}
