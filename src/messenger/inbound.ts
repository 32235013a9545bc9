import { checkOutcome } from '../codec/outcome.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { OptionError, StateError, TrackerError, asError } from '../errors.js';
import type { LinkRequest } from '../link/link-request.js';
import type { ReceiverLink } from '../link/receiver-link.js';
import { ACCEPTED } from '../message/outcome.js';
import type { Outcome } from '../message/outcome.js';
import { IncomingDelivery } from '../queue/incoming-delivery.js';
import { IncomingWindow } from '../queue/incoming-window.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import type { Tracker } from '../queue/tracker.js';
import { CreditScheduler } from './credit-scheduler.js';
import type { Settings, WaitOptions } from './options.js';
import { resolveTimeout } from './options.js';
import { Sources } from './sources.js';
import type { SourcesHost } from './sources.js';
import type { Subscription } from './subscription.js';
import { wait } from './wait.js';
import type { Settle } from './wait.js';

/** How long a link may wait for credit before others are asked to give some back, in milliseconds (spec §4.3). */
const REBALANCE_DELAY = 250;

/** A message that was received, and the tracker to answer it with. */
export interface Received {
  /** The message. Its sections are decoded when they are read. */
  readonly message: ReceivedMessage;
  /** What to give to `accept`, `reject`, `release`, `modify` or `settle`. */
  readonly tracker: Tracker;
  /** Where it came from. `undefined` for what a peer sends over a connection made from here, such as an answer. */
  readonly subscription: Subscription | undefined;
}

/** The way in: link → queue → get → accept → settle. */
export class Inbound {
  readonly #settings: Settings;
  readonly #sources: Sources;
  readonly #queue = new RingBuffer<IncomingDelivery>();
  readonly #window = new IncomingWindow();
  readonly #credit: CreditScheduler<ReceiverLink>;
  #last: IncomingDelivery | undefined;
  /** Since `stop`: what is queued stays, though the peers will deliver it again to whoever asks (spec §1.4). */
  #stopped = false;
  #waiters: Settle<undefined>[] = [];
  #runScheduled = false;
  #rebalanceTimer: NodeJS.Timeout | undefined;

  constructor(host: SourcesHost) {
    this.#settings = host.settings;
    this.#credit = new CreditScheduler({
      grant: (link, credit) => link.issueCredit(credit),
      drain: (link) => link.drain(),
    });
    this.#sources = new Sources(host, {
      opened: (link) => {
        this.#credit.add(link);
        this.#scheduleRun();
      },
      received: (delivery, link) => this.#received(delivery, link),
      aborted: (link) => {
        this.#credit.received(link);
        this.#scheduleRun();
      },
      drained: (link) => {
        this.#credit.drained(link);
        this.#scheduleRun();
      },
      lost: (link, aborted) => {
        this.#credit.remove(link);
        if (aborted.length > 0 && !this.#stopped) this.#dropAborted();
        this.#scheduleRun();
      },
      sourceLost: () => this.sourcesChanged(),
    });
  }

  /** Messages that wait for `get`. */
  get incoming(): number {
    return this.#queue.size;
  }

  /** Credit that peers have or could have. */
  get receiving(): number {
    return this.#credit.receiving;
  }

  /** See `Messenger.subscribe`. */
  subscribe(routed: string): Subscription {
    return this.#sources.subscribe(routed);
  }

  /** Takes a link that a peer wants to send on. */
  accept(request: LinkRequest, subscription: Subscription | undefined): void {
    this.#sources.accept(request, subscription);
  }

  /** Waits for a message. See `Messenger.recv`. */
  async recv(count: number, options: WaitOptions): Promise<void> {
    if (!Number.isInteger(count))
      throw new OptionError('recv() takes a whole number of messages, or nothing for automatic.');
    if (count === -1) this.#credit.setAutomatic();
    else if (count === -2) this.#credit.setManual();
    else this.#credit.setExplicit(Math.max(count, 0));
    this.#run();
    if (this.#queue.size > 0) return;
    const { exhausted } = this.#sources;
    if (exhausted !== undefined) {
      this.#sources.failureTold();
      throw exhausted;
    }
    const limits = {
      timeout: resolveTimeout(options.timeout, this.#settings.timeout),
      signal: options.signal,
      onTimeout: () => 'No message has come. Credit stays granted, so one may still; call recv() again to wait on.',
    };
    await wait<undefined>(limits, (settle) => {
      this.#waiters.push(settle);
      return () => (this.#waiters = this.#waiters.filter((waiter) => waiter !== settle));
    });
  }

  /** Takes the oldest message. See `Messenger.get`. */
  get(): Received | undefined {
    const delivery = this.#queue.shift();
    if (delivery === undefined) return undefined;
    this.#scheduleRun();
    const message = this.#decode(delivery);
    const { incomingWindow } = this.#settings;
    this.#last = delivery;
    if (incomingWindow !== 0) this.#window.add(delivery, incomingWindow < 0 ? Infinity : incomingWindow);
    else if (delivery.status === 'pending') delivery.finish(ACCEPTED);
    return { message, tracker: delivery, subscription: this.#sources.subscriptionOf(delivery.source) };
  }

  /** Gives one delivery an outcome, or, without a tracker, everything in the window through the last `get`. */
  finish(tracker: Tracker | undefined, outcome: Outcome): void {
    checkOutcome(outcome);
    if (tracker !== undefined) this.#own(tracker).finish(outcome);
    else if (this.#last !== undefined) this.#window.finishThrough(this.#last, outcome);
  }

  /** Settles one delivery, or, when cumulative, everything in the window through it. */
  settle(tracker: Tracker, cumulative: boolean): void {
    const delivery = this.#own(tracker);
    if (cumulative) this.#window.settleThrough(delivery);
    else delivery.settle();
  }

  /** Whether a tracker came from here. */
  owns(tracker: Tracker): boolean {
    return tracker instanceof IncomingDelivery && this.#sources.has(tracker.source);
  }

  /** The messenger stops: sources end, what is queued can still be got. */
  stop(): void {
    clearTimeout(this.#rebalanceTimer);
    this.#rebalanceTimer = undefined;
    this.#stopped = true;
    this.#sources.stop();
    const error = new StateError('The messenger was stopped.');
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** The stop is over: connections made from now on are new. */
  resume(): void {
    this.#stopped = false;
  }

  /** Something may have been the last source: then nobody need wait any longer. */
  sourcesChanged(): void {
    if (this.#waiters.length === 0) return;
    const { exhausted } = this.#sources;
    if (exhausted === undefined) return;
    this.#sources.failureTold();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(exhausted);
  }

  #own(tracker: Tracker): IncomingDelivery {
    if (tracker instanceof IncomingDelivery && this.#sources.has(tracker.source)) return tracker;
    throw new TrackerError('An incoming tracker of this messenger is needed: what get() returned with the message.');
  }

  #received(delivery: IncomingDelivery, link: ReceiverLink): void {
    this.#queue.push(delivery);
    this.#credit.received(link);
    this.#scheduleRun();
    if (this.#waiters.length > 0) for (const waiter of this.#waiters.splice(0)) waiter.resolve(undefined);
  }

  /** A message that makes no sense is rejected, since nobody else can make sense of it either. */
  #decode(delivery: IncomingDelivery): ReceivedMessage {
    try {
      return new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
    } catch (error) {
      const description = asError(error).message;
      delivery.finish({ type: 'rejected', error: { condition: 'amqp:decode-error', description } });
      throw error;
    }
  }

  /** The peer will deliver these again; to give them out now would double them. */
  #dropAborted(): void {
    for (const delivery of this.#queue.drain()) if (delivery.status !== 'aborted') this.#queue.push(delivery);
  }

  #scheduleRun(): void {
    if (this.#runScheduled) return;
    this.#runScheduled = true;
    process.nextTick(() => this.#run());
  }

  #run(): void {
    this.#runScheduled = false;
    this.#credit.run(this.#queue.size);
    if (!this.#credit.starved) {
      clearTimeout(this.#rebalanceTimer);
      this.#rebalanceTimer = undefined;
    } else if (this.#rebalanceTimer === undefined) {
      this.#rebalanceTimer = setTimeout(() => {
        this.#rebalanceTimer = undefined;
        this.#credit.rebalance();
      }, REBALANCE_DELAY).unref();
    }
  }
}
