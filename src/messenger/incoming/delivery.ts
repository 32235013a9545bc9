import type { ReceivedMessage } from '../../codec/received-message.js';
import type { PeerError } from '../../errors.js';
import { ACCEPTED, RELEASED } from '../../message/outcome.js';
import type { Modified, Outcome } from '../../message/outcome.js';
import type { Tracker } from '../../queue/tracker.js';
import type { Subscription } from './subscription.js';

/** Who tells the sender of an outcome. */
export interface DeliveryHost {
  /** Throws `StateError` when `call` could have no effect. */
  requireWindow(call: string): void;
  finish(tracker: Tracker, outcome: Outcome): void;
}

/** A message that was received, and what to answer it with. */
export class Delivery {
  readonly #host: DeliveryHost;

  /** @internal */
  constructor(
    /** The message. Its sections are decoded when they are read. */
    readonly message: ReceivedMessage,
    /** What to give to `accept`, `reject`, `release`, `modify` or `settle` of the messenger. */
    readonly tracker: Tracker,
    /** Where it came from. `undefined` for what a peer sends over a connection made from here, such as an answer. */
    readonly subscription: Subscription | undefined,
    host: DeliveryHost,
  ) {
    this.#host = host;
  }

  /** Tells the sender that the message is dealt with. Does nothing when it has an outcome already. */
  accept(): void {
    this.#host.finish(this.tracker, ACCEPTED);
  }

  /**
   * Tells the sender that the message is not valid. Brokers drop it or put it aside.
   *
   * @param error Why: a condition such as `amqp:not-allowed`, and words for people.
   * @throws StateError with `incomingWindow: 0`, where every message is accepted as it is given out.
   */
  reject(error?: PeerError): void {
    this.#host.requireWindow('reject');
    this.#host.finish(this.tracker, { type: 'rejected', error });
  }

  /** Gives the message back untouched: it may be delivered again, to anybody. Throws as `reject` does. */
  release(): void {
    this.#host.requireWindow('release');
    this.#host.finish(this.tracker, RELEASED);
  }

  /** Gives the message back changed. Throws as `reject` does. */
  modify(change: Omit<Modified, 'type'> = {}): void {
    this.#host.requireWindow('modify');
    this.#host.finish(this.tracker, { type: 'modified', ...change });
  }
}
