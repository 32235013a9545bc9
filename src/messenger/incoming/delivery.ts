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
 * A message that was received, and what to answer it with.
 *
 * @typeParam Content What the body of the message is taken for. Nobody checks it.
 */
export class Delivery<Content = Body> {
  readonly #window: IncomingWindow;
  readonly #delivery: IncomingDelivery;
  /** What to give to `accept`, `reject`, `release`, `modify` or `settle` of the messenger. */
  readonly tracker: Tracker;

  /** @internal */
  constructor(
    /** The message. Its sections are decoded when they are read. */
    readonly message: ReceivedMessage<Content>,
    delivery: IncomingDelivery,
    /** Where it came from. `undefined` for what a peer sends over a connection made from here, such as an answer. */
    readonly subscription: Subscription | undefined,
    window: IncomingWindow,
  ) {
    this.#window = window;
    this.#delivery = delivery;
    this.tracker = delivery;
  }

  /**
   * Tells the sender that the message is dealt with. Does nothing when it has an outcome already.
   *
   * @throws TrackerError when the message has left the window, and so has another outcome: see `incomingWindow`.
   */
  accept(): void {
    this.#window.finish(this.#delivery, ACCEPTED);
  }

  /**
   * Tells the sender that the message is not valid. Brokers drop it or put it aside.
   *
   * @param error Why: a condition such as `amqp:not-allowed`, and words for people.
   * @throws StateError with `incomingWindow: 0`, where every message is accepted as it is given out.
   */
  reject(error?: PeerError): void {
    this.#window.requireWindow('reject');
    this.#window.finish(this.#delivery, { type: 'rejected', error });
  }

  /** Gives the message back untouched: it may be delivered again, to anybody. Throws as `reject` does. */
  release(): void {
    this.#window.requireWindow('release');
    this.#window.finish(this.#delivery, RELEASED);
  }

  /** Gives the message back changed. Throws as `reject` does. */
  modify(change: Omit<Modified, 'type'> = {}): void {
    this.#window.requireWindow('modify');
    this.#window.finish(this.#delivery, { type: 'modified', ...change });
  }
}
