import { asError } from '../errors.js';
import type { Envelope } from './envelope.js';
import type { Message } from './message.js';

/** A handler of `subscribeAsync`, which the broker calls with each message. */
export type AsyncHandler<M extends Message> = (message: M, context: AsyncMessageContext<M>) => unknown;

/** The decision on a delivery. */
export type Decision =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'released' }
  | { readonly outcome: 'rejected'; readonly error: Error }
  | { readonly outcome: 'failed'; readonly error: Error };

/** A delivery to one handler of `subscribeAsync`: what is known of its message, and ways to say what becomes of it. */
export class AsyncMessageContext<M extends Message = Message> implements Envelope<M> {
  readonly message: M;
  readonly name: string;
  readonly messageId: string;
  readonly correlationId: string | undefined;
  readonly publishedAt: Date;
  readonly expiresAt: Date | undefined;
  #decide: ((decision: Decision) => void) | undefined;

  /** @internal */
  constructor(
    envelope: Envelope<M>,
    /** The queue it came from. */
    readonly queueName: string,
    /** The number of deliveries of this message that have failed before: 0 the first time. */
    readonly deliveryCount: number,
    /** Aborted when the subscription or the broker ends: a handler that takes long should give up. */
    readonly signal: AbortSignal,
    decide: (decision: Decision) => void,
  ) {
    this.message = envelope.message;
    this.name = envelope.name;
    this.messageId = envelope.messageId;
    this.correlationId = envelope.correlationId;
    this.publishedAt = envelope.publishedAt;
    this.expiresAt = envelope.expiresAt;
    this.#decide = decide;
  }

  /** True when the handler, or the broker for it, has decided on the message. */
  get decided(): boolean {
    return this.#decide === undefined;
  }

  /**
   * The message is dealt with, and the queue forgets it, now: not only when the handler returns. Of several decisions
   * the first counts, so whatever the handler throws later brings the message back no more.
   */
  accept(): void {
    this.decide({ outcome: 'accepted' });
  }

  /** The message is no good: it is dead at once, and not delivered again. @param reason Why. */
  reject(reason?: unknown): void {
    const error = reason === undefined ? new Error('The handler rejected the message.') : asError(reason);
    this.decide({ outcome: 'rejected', error });
  }

  /** The message goes back untouched, and is delivered again, to whoever shares the queue. Not counted as a failure. */
  release(): void {
    this.decide({ outcome: 'released' });
  }

  /** @internal */
  decide(decision: Decision): void {
    const decide = this.#decide;
    this.#decide = undefined;
    decide?.(decision);
  }
}
