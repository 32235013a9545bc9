import type { ReceivedMessage } from '../../codec/received-message.js';
import type { PeerError } from '../../errors.js';
import type { Body } from '../../message/body.js';
import { ACCEPTED, RELEASED } from '../../message/outcome.js';
import type { Modified } from '../../message/outcome.js';
import type { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Tracker } from '../../queue/tracker.js';
import type { IncomingWindow } from './incoming-window.js';
import type { Subscription } from './subscription.js';

/**
 * A received message, with the methods that give it an outcome.
 *
 * @typeParam Content The expected type of the body. It is not checked.
 */
export class Delivery<Content = Body> {
  readonly #window: IncomingWindow;
  readonly #delivery: IncomingDelivery;
  /** The tracker to pass to `accept`, `reject`, `release`, `modify` or `settle` of the messenger. */
  readonly tracker: Tracker;

  /** @internal */
  constructor(
    /** The message. Its sections are decoded when they are read. */
    readonly message: ReceivedMessage<Content>,
    delivery: IncomingDelivery,
    /**
     * The subscription that it came by. `undefined` for a message on a link that the peer attached, such as an answer.
     */
    readonly subscription: Subscription | undefined,
    window: IncomingWindow,
  ) {
    this.#window = window;
    this.#delivery = delivery;
    this.tracker = delivery;
  }

  /**
   * Accepts the message: it was processed. Does nothing when it has an outcome already.
   *
   * @throws TrackerError when the message has left the window and so has another outcome: see `incomingWindow`.
   */
  accept(): void {
    this.#window.finish(this.#delivery, ACCEPTED);
  }

  /**
   * Rejects the message: it is invalid. Brokers drop it, or move it to a dead-letter queue.
   *
   * @param error The reason: a condition such as `amqp:not-allowed`, and a description.
   * @throws StateError with `incomingWindow: 0`, which accepts every message as it is returned.
   */
  reject(error?: PeerError): void {
    this.#window.requireWindow('reject');
    this.#window.finish(this.#delivery, { type: 'rejected', error });
  }

  /** Releases the message unprocessed: it may be delivered again, to any receiver. Throws as `reject` does. */
  release(): void {
    this.#window.requireWindow('release');
    this.#window.finish(this.#delivery, RELEASED);
  }

  /** Returns the message to the sender with changes. Throws as `reject` does. */
  modify(change: Omit<Modified, 'type'> = {}): void {
    this.#window.requireWindow('modify');
    this.#window.finish(this.#delivery, { type: 'modified', ...change });
  }
}
