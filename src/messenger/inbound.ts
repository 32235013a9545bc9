import { checkOutcome } from '../codec/outcome.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { DecodeError, OptionError, StateError, TrackerError, asError } from '../errors.js';
import type { LinkRequest } from '../link/link-request.js';
import { ReceiverLink } from '../link/receiver-link.js';
import type { Message } from '../message/message.js';
import { ACCEPTED } from '../message/outcome.js';
import type { Outcome } from '../message/outcome.js';
import { IncomingDelivery } from '../queue/incoming-delivery.js';
import { IncomingWindow } from '../queue/incoming-window.js';
import type { Status } from '../queue/status.js';
import { TrackerWindow } from '../queue/tracker-window.js';
import type { Tracker } from '../queue/tracker.js';
import { Delivery } from './delivery.js';
import type { DeliveryHost } from './delivery.js';
import type { DeliveryStream } from './delivery-stream.js';
import { Granter } from './granter.js';
import { IncomingLanes } from './incoming-lanes.js';
import type { ReceiveOptions } from './incoming-lanes.js';
import { resolveTimeout } from './options.js';
import type { Settings, WaitOptions } from './options.js';
import { Sources } from './sources.js';
import type { LinkListener, SourcesHost } from './sources.js';
import type { SubscribeOptions } from './subscribe-options.js';
import type { Subscription } from './subscription.js';
import type { Settle } from './wait.js';
import type { Waits } from './waits.js';

/** What the incoming side needs from its messenger. */
export interface InboundHost extends SourcesHost {
  readonly waits: Waits;
  /** A message has come, by a subscription to this or, `undefined`, by a link that a peer has made. */
  received(delivery: IncomingDelivery, source: string | undefined): void;
}

/** The way in: link → queue → get → accept → settle. */
export class Inbound implements DeliveryHost {
  readonly #host: InboundHost;
  readonly #settings: Settings;
  readonly #sources: Sources;
  readonly #lanes: IncomingLanes;
  readonly #credit: Granter;
  readonly #window = new IncomingWindow();
  readonly #trackers = new TrackerWindow();
  #last: IncomingDelivery | undefined;
  /** Since `stop`: what is queued stays, though the peers will deliver it again to whoever asks (spec §1.4). */
  #stopped = false;
  #waiters: Settle<true>[] = [];

  constructor(host: InboundHost) {
    this.#host = host;
    this.#settings = host.settings;
    this.#credit = new Granter(() => this.#lanes.size);
    this.#sources = new Sources(host, this.#listener());
    this.#lanes = new IncomingLanes({
      give: (delivery) => this.#giveOrTell(delivery),
      exhausted: () => this.#exhausted(),
      shareChanged: (subscription, credit) =>
        this.#credit.setShare(subscription, credit ?? this.#sources.optionsOf(subscription)?.credit),
      streaming: (credit) => (credit === 0 ? this.#credit.recv(0) : this.#credit.recv(-1, credit)),
    });
  }

  /** Messages that wait for `get`, or for a loop over what comes. */
  get incoming(): number {
    return this.#lanes.size;
  }

  /** Credit that peers have or could have. */
  get receiving(): number {
    return this.#credit.receiving;
  }

  /** The tracker of the last `get`. */
  get last(): Tracker | undefined {
    return this.#last;
  }

  /** The sources of messages. */
  get sources(): Sources {
    return this.#sources;
  }

  /** See `Messenger.subscribe`. */
  subscribe(routed: string, options: SubscribeOptions): Subscription {
    const subscription = this.#sources.subscribe(routed, options);
    this.#credit.setShare(subscription, options.credit);
    return subscription;
  }

  /** Hands what comes by a subscription to somebody else, not to the queue. */
  divert(subscription: Subscription, take: (delivery: IncomingDelivery) => void): void {
    this.#lanes.divert(subscription, take);
  }

  /** Takes a link that a peer wants to send on. */
  accept(request: LinkRequest, subscription: Subscription | undefined): void {
    this.#sources.accept(request, subscription);
  }

  /** Waits for a message. See `Messenger.recv`. */
  async recv(count: number, options: WaitOptions): Promise<boolean> {
    if (!Number.isInteger(count))
      throw new OptionError('recv() takes a whole number of messages, or nothing for automatic.');
    this.#credit.recv(count);
    if (this.#lanes.main.size > 0) return true;
    const { blocking, passive } = this.#settings;
    const exhausted = blocking && !passive ? this.#exhausted() : undefined;
    if (exhausted !== undefined) throw exhausted;
    const onTimeout = (): string =>
      'No message has come. Credit stays granted, so one may still; call recv() again to wait on.';
    const isThere = await this.#host.waits.until<true>(options, onTimeout, (settle) => {
      this.#waiters.push(settle);
      return () => (this.#waiters = this.#waiters.filter((waiter) => waiter !== settle));
    });
    return isThere ?? false;
  }

  /** The deliveries as they come. See `Messenger.receive`. */
  receive(options: ReceiveOptions): DeliveryStream {
    const { subscription } = options;
    if (subscription !== undefined && this.#sources.optionsOf(subscription) === undefined) {
      throw new StateError('The subscription has ended, or is not one of this messenger. Subscribe again.');
    }
    return this.#lanes.stream(options);
  }

  /** Takes the oldest message. See `Messenger.get`. */
  get(): Delivery | undefined {
    const delivery = this.#lanes.main.tryPull();
    return delivery && this.give(delivery);
  }

  /** Takes the oldest message unread. See `Messenger.get`. */
  discard(): Tracker | undefined {
    const delivery = this.#lanes.main.tryPull();
    if (delivery !== undefined) this.#take(delivery);
    return delivery;
  }

  /** Gives out a delivery that has been taken from a queue. Throws when it makes no sense; it is rejected then. */
  give(delivery: IncomingDelivery): Delivery {
    const message = this.#decode(delivery);
    this.#take(delivery);
    return new Delivery(message, delivery, this.#sources.subscriptionOf(delivery.source), this);
  }

  /** Where an answer goes: to the host that the address names, else back to where the message came from. */
  answerAddress({ tracker, subscription }: Delivery, replyTo: string): string | undefined {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(replyTo)) return undefined;
    const base = subscription && this.#sources.baseOf(subscription);
    if (base !== undefined && !base.includes('~')) return `${base}/${replyTo}`;
    const peer = this.#sources.peerOf(this.own(tracker).source);
    if (peer === undefined)
      throw new StateError('The connection the message came on is gone, and with it the way back.');
    return `amqp://${peer}/${replyTo}`;
  }

  /** Throws when an outcome could have no effect. */
  requireWindow(call: string): void {
    if (this.#settings.incomingWindow !== 0) return;
    throw new StateError(
      `${call}() has no effect with incomingWindow 0: get() has accepted the message. Set a window.`,
    );
  }

  /** Gives one delivery an outcome, or everything in the window through it, or through the last `get`. */
  finish(tracker: Tracker | undefined, outcome: Outcome, cumulative = false): void {
    checkOutcome(outcome);
    const delivery = tracker === undefined ? this.#last : this.own(tracker);
    if (delivery === undefined) return;
    if (tracker === undefined || cumulative) this.#window.finishThrough(delivery, outcome);
    // What is not remembered has slid out of the window, and was settled then (spec §1.8).
    else if (this.#remembers(delivery)) delivery.finish(outcome);
  }

  /** Settles one delivery, or everything in the window through it, and forgets it. */
  settle(tracker: Tracker, cumulative: boolean): void {
    const delivery = this.own(tracker);
    if (cumulative) {
      this.#window.settleThrough(delivery);
      this.#trackers.forgetThrough(delivery);
    } else {
      delivery.settle();
      this.#trackers.forget(delivery);
    }
  }

  /** Where a message stands, as long as it is remembered. */
  status(delivery: IncomingDelivery): Status | undefined {
    return this.#remembers(delivery) ? delivery.status : undefined;
  }

  /** Whether a tracker came from here. */
  owns(tracker: Tracker): tracker is IncomingDelivery {
    return tracker instanceof IncomingDelivery && this.#sources.has(tracker.source);
  }

  /** The delivery of a tracker. Throws `TrackerError` when it did not come from here. */
  own(tracker: Tracker): IncomingDelivery {
    if (this.owns(tracker)) return tracker;
    throw new TrackerError('An incoming tracker of this messenger is needed: what get() returned with the message.');
  }

  /** The messenger stops: sources end, what is queued can still be got. */
  stop(): void {
    this.#credit.stop();
    this.#stopped = true;
    this.#sources.stop();
    this.#lanes.stop();
    const error = new StateError('The messenger was stopped.');
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** The stop is over: connections made from now on are new. */
  resume(): void {
    this.#stopped = false;
  }

  /** Something may have been the last source: then nobody need wait any longer. */
  sourcesChanged(): void {
    const isAwaited = this.#waiters.length > 0 || this.#lanes.isStreaming;
    const exhausted = isAwaited ? this.#exhausted() : undefined;
    this.#lanes.sourcesChanged(exhausted);
    if (exhausted === undefined) return;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(exhausted);
  }

  #listener(): LinkListener {
    const credit = this.#credit;
    return {
      opened: (link, subscription) => credit.opened(link, subscription),
      received: (delivery, link, subscription) => this.#received(delivery, link, subscription),
      settled: (link) => credit.settled(link),
      aborted: (link) => credit.received(link),
      drained: (link) => credit.drained(link),
      lost: (link, aborted) => {
        credit.lost(link);
        // The peer will deliver these again; to give them out now would double them.
        if (!this.#stopped) this.#lanes.remove(this.#sources.subscriptionOf(link), aborted);
      },
      sourceLost: () => this.sourcesChanged(),
      end: (subscription, keep, options) => this.#end(subscription, keep, options),
      grant: (subscription, count) => this.#sources.grant(subscription, count),
    };
  }

  async #end(subscription: Subscription, keep: boolean, { timeout, signal }: WaitOptions): Promise<void> {
    const limits = {
      timeout: resolveTimeout(timeout, undefined),
      signal,
      onTimeout: () => 'The peer has not answered that the subscription is closed.',
    };
    await this.#host.waits.promised(limits, this.#sources.end(subscription, keep));
  }

  /** Why no message can come, once: whoever asks tells it. */
  #exhausted(): Error | undefined {
    const { exhausted } = this.#sources;
    if (exhausted !== undefined) this.#sources.failureTold();
    return exhausted;
  }

  #received(delivery: IncomingDelivery, link: ReceiverLink, subscription: Subscription | undefined): void {
    this.#credit.received(link, delivery.settled);
    this.#lanes.push(delivery, subscription);
    this.#host.received(delivery, subscription?.source);
    if (this.#waiters.length === 0 || this.#lanes.main.isEmpty) return;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(true);
  }

  #take(delivery: IncomingDelivery): void {
    const { incomingWindow } = this.#settings;
    delivery.sequence = this.#trackers.next();
    this.#last = delivery;
    if (delivery.source instanceof ReceiverLink) this.#credit.got(delivery.source, delivery.settled);
    if (incomingWindow !== 0) this.#window.add(delivery, incomingWindow < 0 ? Infinity : incomingWindow);
    else if (delivery.status === 'pending') delivery.finish(ACCEPTED);
  }

  #remembers(delivery: IncomingDelivery): boolean {
    return this.#trackers.has(delivery, this.#settings.incomingWindow);
  }

  /** A loop goes on with what makes sense. */
  #giveOrTell(delivery: IncomingDelivery): Delivery | undefined {
    try {
      return this.give(delivery);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#host.failed(error);
      return undefined;
    }
  }

  /** A message that makes no sense is rejected, since nobody else can make sense of it either. */
  #decode(delivery: IncomingDelivery): ReceivedMessage {
    try {
      return new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
    } catch (error) {
      const description = asError(error).message;
      delivery.finish({ type: 'rejected', error: { condition: 'amqp:decode-error', description } });
      if (delivery.source instanceof ReceiverLink) this.#credit.got(delivery.source, delivery.settled);
      throw error;
    }
  }
}

/** Makes a message of the caller's what a received one is: what it held before is gone. */
export function fill(into: Message, message: ReceivedMessage): void {
  for (const key of Object.keys(into)) Reflect.deleteProperty(into, key);
  Object.assign(into, message.toObject());
}
