import type { PeerError } from '../errors.js';
import type { Properties } from '../message/message.js';
import type { Outcome } from '../message/outcome.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { DeliveryOwner } from '../queue/outgoing-delivery.js';
import { WakeUp } from '../queue/wake-up.js';
import { Browsers } from './browser.js';
import { Consumer, ConsumerRound } from './consumer.js';
import type { ConsumerLink } from './consumer.js';
import type { DeathReason } from './dead-letter.js';
import type { IncomingMessage } from './incoming-message.js';
import { MessageLine } from './message-line.js';
import type { QueueContext } from './queue-context.js';
import { noCounts } from './queue-counts.js';
import type { QueueCounts } from './queue-counts.js';
import type { QueueSettings } from './queue-settings.js';
import { RateMeter } from './rates.js';
import { redeliver } from './redelivery.js';
import { StoredMessage, storeMessage } from './stored-message.js';

/** From so many bytes on those of a message are shared by its deliveries, instead of being copied for each. */
const SHARED_FROM = 16_384;

/** The least time between two looks of a queue for messages that have expired, in milliseconds. */
const EXPIRY_INTERVAL = 100;

/**
 * One queue: messages in order, and consumers that compete for them. A message goes to the next consumer in turn that
 * has credit, and stays the queue's until that consumer has said what became of it.
 */
export class BrokerQueue implements DeliveryOwner {
  readonly kind = 'queue';
  readonly counts: QueueCounts = noCounts();
  readonly rates: RateMeter;
  /** The links that only look at its messages. */
  readonly browsers: Browsers;
  readonly #context: QueueContext;
  readonly #line = new MessageLine();
  readonly #consumers = new ConsumerRound();
  #lastPlace = 0;
  #outstanding = 0;
  #bytes = 0;
  #isDispatchDue = false;
  readonly #wakeUp: WakeUp<BrokerQueue>;

  constructor(
    /** Its address; that of the topic, for a subscription. */
    readonly address: string,
    readonly settings: QueueSettings,
    context: QueueContext,
  ) {
    this.#context = context;
    this.rates = new RateMeter(this.counts, context.clock.now());
    this.browsers = new Browsers(address, this.#line, context);
    this.#wakeUp = new WakeUp<BrokerQueue>(context.clock, this, (queue) => queue.expire());
  }

  get destination(): string {
    return this.address;
  }

  /** Messages that wait for a consumer. */
  get depth(): number {
    return this.#line.size;
  }

  /** Messages that are out with a consumer. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Links that take messages from it. */
  get consumers(): number {
    return this.#consumers.size;
  }

  /** The bytes of all messages it has, those out with a consumer among them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a message in, at the end. Returns why not, when it does not. A dead letter is never refused. */
  take(message: IncomingMessage, mayRefuse = true): PeerError | undefined {
    const refusal = mayRefuse ? this.#context.memory.refusal(message.size) : undefined;
    if (refusal !== undefined) {
      this.counts.overflowed++;
      return refusal;
    }
    if (message.size >= SHARED_FROM) message.share(this.#context.output);
    return this.publish(message, mayRefuse);
  }

  /** Does as `take`, for a message for which the broker has room. */
  publish(message: IncomingMessage, mayRefuse: boolean): PeerError | undefined {
    const { maxMessages, maxBytes, overflow } = this.settings;
    const { size } = message;
    const isTooMuch = this.depth + this.#outstanding >= maxMessages || this.#bytes + size > maxBytes;
    if (isTooMuch && mayRefuse && (overflow === 'reject' || size > maxBytes)) {
      this.counts.overflowed++;
      return {
        condition: 'amqp:resource-limit-exceeded',
        description: `The queue ${this.address} holds ${maxMessages} messages or ${maxBytes} bytes, and no more.`,
      };
    }
    this.#append(message);
    // What is out with consumers cannot be dropped, and counts: the new message may itself be the oldest that waits.
    if (isTooMuch) this.#dropHead();
    this.dispatch();
    return undefined;
  }

  /** Adds a consumer, at the end of the round. */
  addConsumer(link: ConsumerLink): Consumer {
    const consumer = new Consumer(link);
    this.#consumers.add(consumer);
    this.sendable(consumer);
    return consumer;
  }

  /** A consumer takes messages, or more of them. */
  sendable(consumer: Consumer): void {
    this.#consumers.ready(consumer);
    this.#line.retrySetAside();
    this.dispatch();
  }

  /** A consumer is gone. The messages that it had come back. `failed` when its connection was lost: it may have died of one. */
  removeConsumer(consumer: Consumer, failed: boolean): void {
    if (!this.#consumers.remove(consumer)) return;
    for (const delivery of consumer.link.takeAll()) {
      if (delivery instanceof StoredMessage && delivery.consumer === consumer) {
        this.#outstanding--;
        this.#comeBack(delivery, failed && delivery.wasSent);
      }
    }
    this.#line.retrySetAside();
    this.#dispatchSoon();
  }

  /** Gives out messages while there are any and a consumer has credit. */
  dispatch(): void {
    for (let message = this.#line.peek(); message !== undefined; message = this.#line.peek()) {
      if (message.deadline !== Infinity && message.deadline <= this.#context.clock.now()) {
        this.#line.shift();
        this.#die(message, 'expired');
        continue;
      }
      const consumer = this.#consumers.next(message.excluded);
      if (consumer !== undefined) {
        this.#line.shift();
        this.#deliver(message, consumer);
      } else if (message.excluded !== undefined && this.#consumers.someReady()) {
        this.#line.shift();
        if (!this.#line.setAside(message)) this.#die(message, 'undeliverable');
      } else {
        return;
      }
    }
  }

  /** Lets go of the messages that have expired. */
  expire(): void {
    for (const message of this.#line.takeExpired(this.#context.clock.now())) this.#die(message, 'expired');
    this.#scheduleExpiry();
  }

  /** Forgets every message that waits. Returns how many those were. */
  purge(): number {
    const messages = this.#line.drain();
    for (const message of messages) this.#forget(message);
    return messages.length;
  }

  /** It is deleted: forgets its messages, and looks at no clock any more. */
  close(): void {
    this.purge();
    this.#wakeUp.cancel();
  }

  deliveryEnded(delivery: OutgoingDelivery, outcome?: Outcome): void {
    if (!(delivery instanceof StoredMessage)) return;
    this.#outstanding--;
    if (this.#context.events.isActive) this.#context.events.settled(this.address, delivery, outcome);
    switch (delivery.status) {
      case 'accepted':
        this.#accepted(delivery);
        break;
      case 'rejected':
        this.counts.rejected++;
        this.#die(delivery, 'rejected', outcome?.type === 'rejected' ? outcome.error : undefined);
        break;
      case 'modified': {
        const { deliveryFailed = false, undeliverableHere, annotations } = outcome?.type === 'modified' ? outcome : {};
        this.#comeBack(delivery, deliveryFailed, undeliverableHere, annotations);
        break;
      }
      case 'aborted':
        // It was sent settled, and the connection lost; or it was too large for its consumer, and never left.
        if (delivery.wasSent) this.#accepted(delivery);
        else this.#comeBack(delivery, false, true);
        break;
      default:
        // Settled without an outcome: the consumer has not said that it has dealt with it, unless it was sent settled.
        if (delivery.presettled) this.#accepted(delivery);
        else this.#comeBack(delivery, false);
    }
  }

  #append(message: IncomingMessage): void {
    const { clock, output, events } = this.#context;
    const lifetime = message.lifetime(clock);
    const deadline = lifetime === Infinity ? Infinity : clock.now() + lifetime;
    const { firstAcquirer } = message;
    const standing = { place: ++this.#lastPlace, owner: this, deadline, firstAcquirer, deliveryCount: 0 };
    const stored = storeMessage(output, message, standing);
    this.counts.received++;
    this.#keep(stored);
    this.#line.add(stored);
    if (events.isActive) events.received(this.address, stored);
    if (deadline !== Infinity) this.#scheduleExpiry();
    if (this.browsers.size > 0) this.browsers.advanceAll();
  }

  #deliver(message: StoredMessage, consumer: Consumer): void {
    const { events, clock } = this.#context;
    message.consumer = consumer;
    this.#outstanding++;
    this.counts.delivered++;
    if (message.ttlAt >= 0) message.stampTtl(clock.now());
    if (events.isActive) events.delivered(this.address, message);
    consumer.link.send(message);
  }

  #keep(message: StoredMessage): void {
    this.#bytes += message.size;
    this.#context.memory.add(message);
  }

  #forget(message: StoredMessage): void {
    this.#bytes -= message.size;
    this.#context.memory.remove(message);
  }

  #accepted(message: StoredMessage): void {
    this.#forget(message);
    this.counts.accepted++;
  }

  /** Puts a message back where it was, unless it has failed too often. `isExcluded`: not for the same consumer. */
  #comeBack(message: StoredMessage, failed: boolean, isExcluded = false, annotations?: Properties): void {
    if (isExcluded && message.consumer !== undefined) (message.excluded ??= new WeakSet()).add(message.consumer);
    if (message.wasSent) this.counts.redelivered++;
    const deliveryCount = message.deliveryCount + (failed ? 1 : 0);
    const redelivery = { owner: this, deliveryCount, annotations };
    const again = message.wasSent ? redeliver(this.#context.output, message, redelivery) : message.unsent();
    this.#keep(again);
    this.#forget(message);
    if (failed && again.deliveryCount >= this.settings.maxDeliveries) {
      this.#die(again, 'max-deliveries');
      return;
    }
    this.#line.putBack(again);
    if (again.deadline !== Infinity) this.#scheduleExpiry();
    this.#dispatchSoon();
  }

  /** In a later turn: a consumer that releases what it gets would otherwise be given it again at once, for ever. */
  #dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    this.#context.defer(() => {
      this.#isDispatchDue = false;
      this.dispatch();
    });
  }

  #dropHead(): void {
    const { maxMessages, maxBytes } = this.settings;
    while (this.depth + this.#outstanding > maxMessages || this.#bytes > maxBytes) {
      const oldest = this.#line.shift();
      if (oldest === undefined) return;
      this.counts.overflowed++;
      this.#die(oldest, 'max-length');
    }
  }

  /** A message leaves unaccepted. */
  #die(message: StoredMessage, reason: DeathReason, error?: PeerError): void {
    const { deadLetterAddress } = this.settings;
    const { events } = this.#context;
    const death = { address: this.address, reason, error };
    this.#forget(message);
    if (reason === 'expired') this.counts.expired++;
    // What dies where the dead lie has nowhere left to go.
    const to = deadLetterAddress === this.address ? null : deadLetterAddress;
    const isBuried = to !== null && this.#context.bury(message.reread(), death, to);
    if (isBuried) this.counts.deadLettered++;
    if (events.isActive) events.died(death, message, isBuried ? to : undefined);
  }

  #scheduleExpiry(): void {
    const deadline = this.#line.nextDeadline;
    if (deadline >= this.#wakeUp.time) return;
    this.#wakeUp.at(Math.max(deadline, this.#context.clock.now() + EXPIRY_INTERVAL));
  }
}
