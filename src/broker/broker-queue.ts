import { Output } from '../codec/output.js';
import type { SenderLink } from '../link/sender-link.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import { StoredMessage } from './stored-message.js';

/** What a queue has seen since it was made. */
export interface QueueCounts {
  /** Messages that came in. */
  received: number;
  /** Messages a consumer has taken for good. */
  accepted: number;
  /** Messages a consumer did not want; they are in the dead-letter queue. */
  rejected: number;
  /** Deliveries of messages that had been out before. */
  redelivered: number;
}

/** A message that is out with a consumer. */
class Outstanding extends OutgoingDelivery {
  constructor(
    readonly stored: StoredMessage,
    presettled: boolean,
    owner: DeliveryOwner,
  ) {
    super(stored.buffer, stored.start, stored.end, presettled, 0, owner);
  }
}

/**
 * One queue: messages in order, and consumers that compete for them. A message goes to the next consumer in turn that
 * has credit, and stays the queue's until that consumer has accepted it.
 */
export class BrokerQueue {
  readonly counts: QueueCounts = { received: 0, accepted: 0, rejected: 0, redelivered: 0 };
  readonly #waiting = new RingBuffer<StoredMessage>();
  /** Messages that came back, by their place in the queue: they go out before all others. */
  #returned: StoredMessage[] = [];
  readonly #consumers: { link: SenderLink; owner: DeliveryOwner }[] = [];
  readonly #output = new Output();
  #nextConsumer = 0;
  #position = 0;
  #outstanding = 0;

  constructor(
    readonly name: string,
    /** Takes what a consumer has rejected. */
    readonly deadLetter: (message: StoredMessage) => void,
  ) {}

  /** Messages that wait for a consumer. */
  get depth(): number {
    return this.#waiting.size + this.#returned.length;
  }

  /** Messages that are out with a consumer. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Links that receive from it. */
  get consumers(): number {
    return this.#consumers.length;
  }

  /** Takes a message in at the end. */
  push(delivery: IncomingDelivery): void {
    this.#append(StoredMessage.from(delivery, this.#output, this.#position++));
  }

  /** Takes in a message that another queue let go of. */
  take({ buffer, start, end }: StoredMessage): void {
    this.#append(new StoredMessage(buffer, start, end, this.#position++));
  }

  /** Adds a consumer at the end of the round. */
  addConsumer(link: SenderLink): void {
    const owner: DeliveryOwner = {
      destination: this.name,
      deliveryEnded: (delivery) => {
        if (delivery instanceof Outstanding) this.#ended(delivery);
      },
    };
    this.#consumers.push({ link, owner });
    this.dispatch();
  }

  /** A consumer is gone. What it had comes back. */
  removeConsumer(link: SenderLink): void {
    const index = this.#consumers.findIndex((consumer) => consumer.link === link);
    if (index < 0) return;
    this.#consumers.splice(index, 1);
    for (const delivery of link.takeAll()) delivery.finish('aborted');
    this.dispatch();
  }

  /** Gives out messages while there are any and somebody has credit. */
  dispatch(): void {
    while (this.depth > 0) {
      const consumer = this.#next();
      if (consumer === undefined) return;
      const stored = this.#returned.shift() ?? this.#waiting.shift();
      if (stored === undefined) return;
      this.#outstanding++;
      consumer.link.send(new Outstanding(stored, consumer.link.options.presettled, consumer.owner));
    }
  }

  #append(stored: StoredMessage): void {
    this.counts.received++;
    this.#waiting.push(stored);
    this.dispatch();
  }

  #next(): { link: SenderLink; owner: DeliveryOwner } | undefined {
    for (let tried = 0; tried < this.#consumers.length; tried++) {
      this.#nextConsumer = (this.#nextConsumer + 1) % this.#consumers.length;
      const consumer = this.#consumers[this.#nextConsumer];
      if (consumer !== undefined && consumer.link.available > 0) return consumer;
    }
    return undefined;
  }

  #ended(delivery: Outstanding): void {
    this.#outstanding--;
    switch (delivery.status) {
      case 'accepted':
        this.counts.accepted++;
        return;
      case 'settled':
        // Without an outcome nobody has said that it was dealt with, unless the consumer wanted no questions asked.
        if (delivery.presettled) this.counts.accepted++;
        else this.#comeBack(delivery.stored, false);
        return;
      case 'rejected':
        this.counts.rejected++;
        this.deadLetter(delivery.stored);
        return;
      case 'modified':
        this.#comeBack(delivery.stored, true);
        return;
      default:
        this.#comeBack(delivery.stored, false);
    }
  }

  /** Puts a message back where it was. Several that come back together keep their order. */
  #comeBack(stored: StoredMessage, failed: boolean): void {
    this.counts.redelivered++;
    const again = stored.returned(this.#output, failed);
    let index = this.#returned.length;
    while (index > 0 && this.#returned[index - 1]!.position > again.position) index--;
    this.#returned.splice(index, 0, again);
    // In a later turn: a consumer that releases what it gets would otherwise be given it again at once, for ever.
    setImmediate(() => this.dispatch());
  }
}
