import { namesHost } from '../../address/reply-to.js';
import { ReceivedMessage } from '../../codec/received-message.js';
import { DecodeError, OptionError, StateError, TrackerError, asError } from '../../errors.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import { ReceiverLink } from '../../link/session/receiver-link.js';
import type { Message } from '../../message/message.js';
import type { Outcome } from '../../message/outcome.js';
import { IncomingDelivery } from '../../queue/incoming-delivery.js';
import type { Status } from '../../queue/status.js';
import type { Tracker } from '../../queue/tracker.js';
import { AUTOMATIC_CREDIT, MAX_CREDIT } from './credit-scheduler.js';
import { Delivery } from './delivery.js';
import type { DeliveryHost } from './delivery.js';
import type { DeliveryStream } from './delivery-stream.js';
import { fill, requireFillable } from './fill.js';
import { GivenOut } from './given-out.js';
import { Granter } from './granter.js';
import { IncomingLanes } from './incoming-lanes.js';
import type { Diversion, ReceiveOptions } from './incoming-lanes.js';
import type { WaitOptions } from '../options/options.js';
import type { Settings } from '../options/settings.js';
import { Sources } from './subscriptions.js';
import type { LinkListener, SourcesHost } from './subscriptions.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';
import type { Subscription } from './subscription.js';
import type { Settle } from '../options/wait.js';
import { unlimited } from '../options/waits.js';
import type { Waits } from '../options/waits.js';

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
  readonly #given: GivenOut;
  /** Since `stop`: what is queued stays, though the peers will deliver it again to whoever asks (spec §1.4). */
  #stopped = false;
  #waiters: Settle<true>[] = [];

  constructor(host: InboundHost) {
    this.#host = host;
    this.#settings = host.settings;
    this.#given = new GivenOut(host.settings);
    // What waits for a loop of its own counts against the share of that loop.
    this.#credit = new Granter(
      host.settings.environment.clock,
      () => this.#lanes.main.size,
      () => this.#lanes.bytes >= this.#settings.maxIncoming.bytes,
    );
    this.#sources = new Sources(host, this.#listener());
    this.#lanes = new IncomingLanes({
      give: (delivery) => this.#giveOrTell(delivery),
      room: (signal) => this.#given.room(signal),
      subscriptionOf: ({ source }) => this.#sources.subscriptionOf(source),
      exhausted: () => this.#sources.tellExhausted(),
      reading: (subscription, credit) => this.#credit.setShare(subscription, this.#shareOf(subscription, credit)),
      left: (subscription) => this.#credit.setShare(subscription, this.#sources.optionsOf(subscription)?.credit),
      streaming: (credit) => (credit === 0 ? this.#credit.recv(0) : this.#credit.recv(-1, credit)),
      queued: () => this.#wakeWaiters(),
    });
  }

  /** Messages that wait for `get`. */
  get incoming(): number {
    return this.#lanes.main.size;
  }

  /** Messages that wait for `get` or for a loop of their own. */
  get queued(): number {
    return this.#lanes.size;
  }

  /** The encoded bytes of what was received and waits. */
  get bytes(): number {
    return this.#lanes.bytes;
  }

  /** Credit that peers have or could have. */
  get receiving(): number {
    return this.#credit.receiving;
  }

  /** The tracker of the last `get`. */
  get last(): Tracker | undefined {
    return this.#given.last;
  }

  /** See `Messenger.subscribe`. */
  subscribe(routed: string, options: SubscribeOptions): Subscription {
    const subscription = this.#sources.subscribe(routed, options);
    if (options.credit !== undefined) this.#credit.setShare(subscription, options.credit);
    return subscription;
  }

  /** As `subscribe`, with a link of its own, and what comes by it goes to somebody else, not to the queue. */
  divert(routed: string, options: SubscribeOptions, diversion: Diversion): Subscription {
    const subscription = this.#sources.subscribe(routed, options, false);
    this.#credit.setShare(subscription, options.credit);
    this.#lanes.divert(subscription, diversion);
    return subscription;
  }

  /** Takes a link that a peer wants to send on. */
  accept(request: LinkRequest, subscription: Subscription | undefined): void {
    this.#sources.accept(request, subscription);
  }

  /** Waits for a message. See `Messenger.recv`. */
  async recv(count: number, options: WaitOptions): Promise<boolean> {
    if (!Number.isInteger(count) || count > MAX_CREDIT)
      throw new OptionError(`recv() takes a whole number of messages up to ${MAX_CREDIT}, or nothing for automatic.`);
    this.#credit.recv(count);
    if (this.#lanes.main.size > 0) return true;
    const exhausted = this.#host.waits.areBlocking ? this.#sources.tellExhausted() : undefined;
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
    if (subscription !== undefined && !this.#sources.isThere(subscription)) {
      throw new StateError('The subscription has ended, or is not one of this messenger. Subscribe again.');
    }
    return this.#lanes.stream(options);
  }

  /** Takes the oldest message. See `Messenger.get`. */
  get(into?: Message): Delivery | undefined {
    if (into !== undefined) requireFillable(into);
    const delivery = this.#lanes.main.tryPull();
    return delivery && this.give(delivery, into);
  }

  /** Takes the oldest message unread. See `Messenger.get`. */
  discard(): Tracker | undefined {
    const delivery = this.#lanes.main.tryPull();
    if (delivery !== undefined) this.#take(delivery);
    return delivery;
  }

  /**
   * Gives out a delivery that has been taken from a queue, and fills a message of the caller's with it. Throws when it
   * makes no sense; it is rejected then.
   */
  give(delivery: IncomingDelivery, into?: Message): Delivery {
    const message = this.#decode(delivery, into);
    this.#take(delivery);
    return new Delivery(message, delivery, this.#sources.subscriptionOf(delivery.source), this);
  }

  /** Where an answer goes: to the host that the address names, else back to where the message came from. */
  answerAddress({ tracker }: Delivery, replyTo: string): string | undefined {
    return namesHost(replyTo) ? undefined : this.#sources.answerAddress(this.own(tracker).source, replyTo);
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
    this.#given.finish(tracker === undefined ? undefined : this.own(tracker), outcome, cumulative);
  }

  /** Settles one delivery, or everything in the window through it, and forgets it. */
  settle(tracker: Tracker, cumulative: boolean): void {
    this.#given.settle(this.own(tracker), cumulative);
  }

  /** Where a message stands, as long as it is remembered. */
  status(delivery: IncomingDelivery): Status | undefined {
    return this.#given.status(delivery);
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
    this.#lanes.sourcesChanged();
    const exhausted = this.#waiters.length > 0 ? this.#sources.tellExhausted() : undefined;
    if (exhausted === undefined) return;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(exhausted);
  }

  #listener(): LinkListener {
    const credit = this.#credit;
    return {
      opened: (link, subscription) => credit.opened(link, subscription),
      received: (delivery, link, subscription) => this.#received(delivery, link, subscription),
      settled: (link, inQueue) => {
        credit.settled(link, inQueue);
        this.#given.someEnded();
      },
      aborted: (link) => credit.aborted(link),
      drained: (link) => credit.drained(link),
      lost: (link, aborted) => {
        credit.lost(link);
        this.#given.someEnded();
        // The peer will deliver these again; to give them out now would double them.
        if (!this.#stopped) this.#lanes.lost(this.#sources.subscriptionOf(link), aborted);
      },
      sourceLost: () => this.sourcesChanged(),
      end: (subscription, keep, options) => this.#end(subscription, keep, options),
      grant: (subscription, count) => credit.grant(subscription, this.#sources.linkOf(subscription), count),
      wait: (limits, onTimeout, start) => this.#host.waits.bounded(unlimited(limits, onTimeout), start),
    };
  }

  async #end(subscription: Subscription, keep: boolean, options: WaitOptions): Promise<void> {
    const limits = unlimited(options, 'The peer has not answered that the subscription is closed.');
    await this.#host.waits.promised(limits, this.#sources.end(subscription, keep));
  }

  #received(delivery: IncomingDelivery, link: ReceiverLink, subscription: Subscription | undefined): void {
    this.#credit.received(link, delivery.settled);
    this.#host.received(delivery, subscription?.source);
    const diversion = this.#lanes.diversionOf(subscription);
    if (diversion === undefined) {
      this.#lanes.push(delivery, subscription);
      this.#wakeWaiters();
    } else {
      diversion.take(delivery);
      this.#credit.got(delivery.settled ? link : undefined);
    }
  }

  #wakeWaiters(): void {
    if (this.#waiters.length === 0 || this.#lanes.main.isEmpty) return;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(true);
  }

  #shareOf(subscription: Subscription, credit: number | undefined): number {
    return credit ?? this.#sources.optionsOf(subscription)?.credit ?? AUTOMATIC_CREDIT;
  }

  #take(delivery: IncomingDelivery): void {
    delivery.place = 0;
    this.#left(delivery);
    this.#given.add(delivery);
  }

  /** A delivery has left the queue. */
  #left(delivery: IncomingDelivery): void {
    const { source, settled } = delivery;
    this.#lanes.taken(delivery);
    this.#credit.got(settled && source instanceof ReceiverLink ? source : undefined);
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
  #decode(delivery: IncomingDelivery, into: Message | undefined): ReceivedMessage {
    try {
      const message = new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
      if (into !== undefined) fill(into, message);
      return message;
    } catch (error) {
      const description = asError(error).message;
      this.#left(delivery);
      delivery.finish({ type: 'rejected', error: { condition: 'amqp:decode-error', description } });
      throw error;
    }
  }
}
