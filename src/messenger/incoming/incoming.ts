import { ReceivedMessage } from '../../codec/received-message.js';
import { DecodeError, OptionError, StateError, TrackerError, asError } from '../../errors.js';
import type { LinkError, MessagingError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import type { Message } from '../../message/message.js';
import type { Outcome } from '../../message/outcome.js';
import { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Status } from '../../queue/status.js';
import type { Tracker } from '../../queue/tracker.js';
import type { MessengerContext } from '../options/context.js';
import { MAX_CREDIT } from '../options/option-checks.js';
import type { WaitOptions } from '../options/options.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';
import type { Settle } from '../../wait.js';
import { unlimited } from '../options/waits.js';
import { Delivery } from './delivery.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { DeliveryStream } from './delivery-stream.js';
import { fill, requireFillable } from './fill.js';
import { IncomingCredit } from './incoming-credit.js';
import { incomingLinkOf } from './incoming-link.js';
import { IncomingWindow } from './incoming-window.js';
import { Loops } from './loops.js';
import type { LoopOwner, ReceiveOptions } from './loops.js';
import type { DeliveryHandler, Source } from './source.js';
import type { Subscription } from './subscription.js';
import { Subscriptions } from './subscriptions.js';
import type { SourceOwner } from './subscriptions.js';

/** The way in: link → queue → get → accept → settle. */
export class Incoming implements SourceOwner, LoopOwner {
  readonly queue: DeliveryQueue;
  readonly window: IncomingWindow;
  readonly credit: IncomingCredit;
  readonly #context: MessengerContext;
  readonly #subscriptions: Subscriptions;
  readonly #loops: Loops;
  #isStopped = false;

  constructor(context: MessengerContext) {
    const { settings } = context;
    this.#context = context;
    const { clock } = settings.environment;
    this.queue = new DeliveryQueue(clock);
    this.window = new IncomingWindow(settings);
    // Messages in the queue of a loop count against the credit of that loop only.
    this.credit = new IncomingCredit(clock, this.queue, () => this.bytes >= settings.maxIncoming.bytes);
    this.#subscriptions = new Subscriptions(context, this);
    this.#loops = new Loops(clock, this);
  }

  /** The number of messages that wait for `get`. */
  get incoming(): number {
    return this.queue.size;
  }

  /** The number of messages that wait for `get` or in the queue of a loop. */
  get queued(): number {
    return this.#loops.queued + this.queue.size;
  }

  /** The encoded bytes of waiting messages. */
  get bytes(): number {
    return this.#loops.bytes + this.queue.bytes;
  }

  /** The credit that peers have, or could have. */
  get receiving(): number {
    return this.credit.receiving;
  }

  /** The tracker of the message that the program got last. */
  get last(): Tracker | undefined {
    return this.window.last;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** See `Messenger.subscribe`. */
  subscribe(routed: string, options: SubscribeOptions): Subscription {
    return this.#subscriptions.subscribe(routed, options).subscription;
  }

  /** As `subscribe`, but with a link of its own, whose messages go to a handler instead of the queue. */
  handle(routed: string, options: SubscribeOptions, handler: DeliveryHandler): Subscription {
    const source = this.#subscriptions.subscribe(routed, options, false);
    source.handler = handler;
    return source.subscription;
  }

  /** Accepts a link on which a peer wants to send, over a connection that this messenger dialled. */
  accept(request: LinkRequest, connection: PeerConnection): void {
    this.#subscriptions.accept(request, connection, undefined);
  }

  /** Waits for a message. See `Messenger.recv`. */
  async recv(count: number, options: WaitOptions): Promise<boolean> {
    if (!Number.isInteger(count) || count > MAX_CREDIT)
      throw new OptionError(`recv() takes a whole number of messages up to ${MAX_CREDIT}, or nothing for automatic.`);
    this.credit.recv(count);
    if (!this.queue.isEmpty) return true;
    const { waits } = this.#context;
    const exhausted = waits.areBlocking ? this.exhausted() : undefined;
    if (exhausted !== undefined) throw exhausted;
    const onTimeout = (): string =>
      'No message has come. Credit stays granted, so one may still; call recv() again to wait on.';
    return (await waits.until<true>(options, onTimeout, (settle) => this.queue.watch(settle))) ?? false;
  }

  /** The deliveries as they come. See `Messenger.receive`. */
  receive(options: ReceiveOptions): DeliveryStream {
    const { subscription } = options;
    if (subscription === undefined) return this.#loops.start(undefined, options);
    const source = this.#subscriptions.sourceOf(subscription);
    if (source !== undefined) return this.#loops.start(source, options);
    throw new StateError('The subscription has ended, or is not one of this messenger. Subscribe again.');
  }

  /** Takes the oldest message. See `Messenger.get`. */
  get(into?: Message): Delivery | undefined {
    if (into !== undefined) requireFillable(into);
    const delivery = this.#take();
    if (delivery === undefined) return undefined;
    const message = decode(delivery, into);
    this.window.giveByGet(delivery);
    return this.#delivery(message, delivery);
  }

  /** Takes the oldest message unread. See `Messenger.get`. */
  discard(): Tracker | undefined {
    const delivery = this.#take();
    if (delivery !== undefined) this.window.giveByGet(delivery);
    return delivery;
  }

  /** An invalid message has been rejected, and the loop goes on with the next one. */
  giveByLoop(delivery: IncomingDelivery): Delivery | undefined {
    try {
      const message = decode(delivery, undefined);
      this.window.giveByLoop(delivery);
      return this.#delivery(message, delivery);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#context.failed(error);
      return undefined;
    } finally {
      this.credit.taken();
    }
  }

  /** The connection of a received message, for answers to it. */
  connectionOf({ tracker }: Delivery<unknown>): PeerConnection | undefined {
    return incomingLinkOf(this.own(tracker))?.connection;
  }

  /** Gives an outcome to one delivery, or to all in the window up to it or up to the last. */
  finish(tracker: Tracker | undefined, outcome: Outcome, cumulative = false): void {
    const delivery = tracker === undefined ? undefined : this.own(tracker);
    if (delivery === undefined || cumulative) this.window.finishThrough(delivery, outcome);
    else this.window.finish(delivery, outcome);
  }

  /** Settles and forgets one delivery, or all in the window up to it. */
  settle(tracker: Tracker, cumulative: boolean): void {
    this.window.settle(this.own(tracker), cumulative);
  }

  /** The status of a message, as long as it is remembered. */
  status(delivery: IncomingDelivery): Status | undefined {
    return this.window.status(delivery);
  }

  /** True if a tracker is an incoming one of this messenger. */
  owns(tracker: Tracker): tracker is IncomingDelivery {
    return tracker instanceof IncomingDelivery && incomingLinkOf(tracker)?.owner === this;
  }

  /** The delivery of a tracker. Throws `TrackerError` when it is not an incoming one of this messenger. */
  own(tracker: Tracker): IncomingDelivery {
    if (this.owns(tracker)) return tracker;
    throw new TrackerError('An incoming tracker of this messenger is needed: what get() returned with the message.');
  }

  /** Stops: ends all subscriptions. Queued messages can still be got. */
  stop(): void {
    this.credit.stop();
    this.#isStopped = true;
    this.#subscriptions.stop();
    this.#loops.stop();
    this.queue.fail(new StateError('The messenger was stopped.'));
  }

  /** Ends the stop: later connections are new ones. */
  resume(): void {
    this.#isStopped = false;
  }

  received(delivery: IncomingDelivery, source: Source | undefined): void {
    this.#context.received(delivery, source?.subscription.source);
  }

  takenBack(error: LinkError): void {
    this.#context.failed(error);
  }

  linkOpened(link: ReceiverLink, source: Source | undefined): boolean {
    return this.#subscriptions.linkOpened(link, source);
  }

  linkClosed(link: ReceiverLink, source: Source | undefined, error: MessagingError): void {
    this.#subscriptions.linkClosed(link, source, error);
  }

  exhausted(): Error | undefined {
    return this.#subscriptions.tellExhausted();
  }

  /** A subscription has ended. If it was the last one, calls that wait for messages reject. */
  sourcesChanged(): void {
    this.#loops.sourcesChanged();
    const exhausted = this.queue.isWatched ? this.exhausted() : undefined;
    if (exhausted !== undefined) this.queue.fail(exhausted);
  }

  async endSubscription(subscription: Subscription, keep: boolean, options: WaitOptions): Promise<void> {
    const limits = unlimited(options, 'The peer has not answered that the subscription is closed.');
    await this.#context.waits.promised(limits, this.#subscriptions.end(subscription, keep));
  }

  grant(subscription: Subscription, credit: number): void {
    const source = this.#subscriptions.sourceOf(subscription);
    if (source !== undefined) this.credit.grant(source, credit);
  }

  wait<Value>(options: WaitOptions, onTimeout: string, start: (settle: Settle<Value>) => () => void): Promise<Value> {
    return this.#context.waits.bounded(unlimited(options, onTimeout), start);
  }

  #take(): IncomingDelivery | undefined {
    const delivery = this.queue.shift();
    if (delivery !== undefined) this.credit.taken();
    return delivery;
  }

  #delivery(message: ReceivedMessage, delivery: IncomingDelivery): Delivery {
    return new Delivery(message, delivery, incomingLinkOf(delivery)?.source?.subscription, this.window);
  }
}

/** An invalid message is rejected, because no other receiver could read it. */
function decode(delivery: IncomingDelivery, into: Message | undefined): ReceivedMessage {
  try {
    const message = new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
    if (into !== undefined) fill(into, message);
    return message;
  } catch (error) {
    const description = asError(error).message;
    delivery.finish({ type: 'rejected', error: { condition: 'amqp:decode-error', description } });
    throw error;
  }
}
