import { ChannelQueueFullError, InvalidMessageFormatError, OptionError, asError } from '../errors.js';
import type { PeerError } from '../errors.js';
import { tellOf } from '../tell-listeners.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import { onAbort, within } from '../wait.js';
import { messageOf } from './feed-message.js';
import type { FeedMessage } from './feed-message.js';
import type { Message } from './message.js';
import type { SseContext } from './sse-context.js';

/** A message that has come and waits for an outcome. A `Delivery` of a messenger fits. */
export interface FeedDelivery<Received = FeedMessage> {
  /** The message. */
  readonly message: Received;
  /**
   * The tracker of the delivery, if it has one. A feed refuses a delivery that is `accepted` before the feed has
   * broadcast it.
   */
  readonly tracker?:
    | {
        /** Its status, as a `Tracker` has it. */
        readonly status: string;
      }
    | undefined;
  /** Accepts the delivery: the message has been handled. */
  accept(): void;
  /** Releases the delivery: another receiver may have the message. */
  release(): void;
  /** Rejects the delivery: no receiver should try again. The feed releases a delivery without this method. */
  reject?(error?: PeerError): void;
}

/** The options of a feed. */
export interface FeedOptions<Received = FeedMessage> {
  /** Makes the message of the channel; `undefined` leaves one out, and accepts it. Default: what `messageOf` says. */
  map?: ((received: Received) => Message | undefined) | undefined;
  /**
   * The moment at which the feed accepts a delivery. `on-broadcast`: at once. `on-written`: when the connection of
   * every client has taken the message, leaving out clients that have read nothing for 5 seconds or `patience`,
   * whichever is longer. Default `on-broadcast`.
   */
  ack?: 'on-broadcast' | 'on-written' | undefined;
  /**
   * True: the feed accepts a message that the history has, with the same id and content, and does not send it again.
   * Such a message came before, and its outcome was lost. The feed sends another message of that id with an id of the
   * channel's. Default true.
   */
  deduplicate?: boolean | undefined;
  /** The feed calls this when it rejects a message, with the reason: `map` threw, or the message cannot be an event. */
  onReject?: ((error: Error, received: Received) => void) | undefined;
  /** Stops the feed, as `stop()` does, when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** The names of the options of a feed. */
export const FEED_OPTIONS: readonly (keyof FeedOptions)[] = ['map', 'ack', 'deduplicate', 'onReject', 'signal'];

interface Unwritten<Received> {
  readonly position: number;
  readonly delivery: FeedDelivery<Received>;
}

/** Messages that come from elsewhere into a channel, as fast as its clients read and no faster. */
export class Feed<Received = FeedMessage> implements AsyncDisposable {
  /**
   * Resolves when the feed is over: the source has ended, or `stop` was called. Rejects with what the source has
   * thrown: await it, or a failed feed is an unhandled rejection.
   */
  readonly done: Promise<void>;
  readonly #context: SseContext;
  readonly #ended: () => void;
  readonly #iterator: AsyncIterator<FeedDelivery<Received>, unknown>;
  readonly #options: FeedOptions<Received>;
  readonly #map: (received: Received) => Message | undefined;
  readonly #stopping = new AbortController();
  readonly #stop = (): void => this.#stopping.abort();
  #callOff = (): void => undefined;
  /** The deliveries that were broadcast and not yet written to every client, the oldest first. */
  readonly #unwritten = new RingBuffer<Unwritten<Received>>();
  #accepting: Promise<void> | undefined;

  /** @param ended Called once, when the feed is over. */
  constructor(
    context: SseContext,
    source: AsyncIterable<FeedDelivery<Received>>,
    options: FeedOptions<Received>,
    ended: () => void,
  ) {
    this.#context = context;
    this.#ended = ended;
    this.#iterator = source[Symbol.asyncIterator]();
    this.#options = options;
    // Without `map`, Received is FeedMessage: the signature of `SseChannel.feed` sees to it.
    this.#map = options.map ?? (messageOf as (received: Received) => Message);
    if (options.signal !== undefined) this.#callOff = onAbort(options.signal, this.#stop);
    this.done = this.#run();
  }

  /** Stops it. What was not broadcast is released, and with `on-written` also what was not written. */
  async stop(): Promise<void> {
    this.#stop();
    // The caller who awaits `done` gets the error.
    await this.done.catch(() => undefined);
  }

  /** Stops it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    try {
      while (await this.#pass());
      await this.#accepting;
    } finally {
      this.#stop();
      this.#callOff();
      for (const { delivery } of this.#unwritten.drain()) delivery.release();
      // Not awaited: a generator answers only after the message it waits for.
      void this.#iterator.return?.();
      this.#ended();
    }
  }

  /**
   * Refuses a delivery that the messenger has accepted already: the message would be lost if the feed ended before it
   * could broadcast.
   */
  #checkWindow({ tracker }: FeedDelivery<Received>): void {
    if (tracker?.status !== 'accepted') return;
    throw new OptionError('The messenger accepts what it gives out: with incomingWindow 0 a feed would lose messages.');
  }

  /** Broadcasts one message. False when the source has no more, or the feed was stopped. */
  async #pass(): Promise<boolean> {
    if (!(await this.#ready())) return false;
    const delivery = await this.#next();
    if (delivery === undefined) return false;
    this.#checkWindow(delivery);
    try {
      await this.#broadcast(delivery);
    } catch (error) {
      delivery.release();
      throw error;
    }
    return !this.#stopping.signal.aborted;
  }

  /** Waits until no listener and no client holds the channel back. False when the feed was stopped. */
  async #ready(): Promise<boolean> {
    const { signal } = this.#stopping;
    try {
      await this.#context.channel.ready({ signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  /** Waits for the next delivery. The feed releases a delivery that comes after it was stopped. */
  #next(): Promise<FeedDelivery<Received> | undefined> {
    return within<FeedDelivery<Received> | undefined>(
      this.#context.settings.clock,
      { signal: this.#stopping.signal },
      (settle) => {
        this.#iterator.next().then(
          ({ done, value }) => {
            if (done === true) settle.resolve(undefined);
            else if (settle.isOver) value.release();
            else settle.resolve(value);
          },
          (error: unknown) => settle.reject(asError(error)),
        );
        return () => undefined;
      },
    );
  }

  async #broadcast(delivery: FeedDelivery<Received>): Promise<void> {
    const { ack = 'on-broadcast', deduplicate = true } = this.#options;
    const message = this.#messageOf(delivery);
    if (message === 'rejected') return;
    const isKnown = message?.id !== undefined && deduplicate && this.#context.remembers(message);
    if (message === undefined || isKnown) {
      delivery.accept();
      return;
    }
    const position = this.#context.log.next;
    if (!(await this.#deliver(delivery, message))) return;
    if (ack === 'on-broadcast') {
      delivery.accept();
    } else {
      this.#unwritten.push({ position, delivery });
      this.#accepting ??= this.#acceptWritten();
    }
  }

  #messageOf(delivery: FeedDelivery<Received>): Message | 'rejected' | undefined {
    try {
      return this.#map(delivery.message);
    } catch (error) {
      this.#reject(delivery, asError(error));
      return 'rejected';
    }
  }

  /** Broadcasts a message when the listeners have room. False when the message was rejected or the feed was stopped. */
  async #deliver(delivery: FeedDelivery<Received>, message: Message): Promise<boolean> {
    for (;;) {
      try {
        this.#context.channel.broadcast(message);
        return true;
      } catch (error) {
        if (error instanceof InvalidMessageFormatError) {
          this.#reject(delivery, error);
          return false;
        }
        // Another broadcast has taken the room.
        if (!(error instanceof ChannelQueueFullError)) throw error;
      }
      if (await this.#ready()) continue;
      delivery.release();
      return false;
    }
  }

  #reject(delivery: FeedDelivery<Received>, error: Error): void {
    const why = { condition: 'amqp:decode-error', description: error.message };
    if (delivery.reject === undefined) delivery.release();
    else delivery.reject(why);
    if (this.#options.onReject !== undefined) tellOf(this.#options.onReject, error, delivery.message);
  }

  /** Accepts deliveries as the connections take them, until none is left. */
  async #acceptWritten(): Promise<void> {
    const { signal } = this.#stopping;
    const { clients, patience } = this.#context;
    this.#acceptFlushed();
    while (this.#unwritten.size > 0 && !signal.aborted) {
      await clients.changes(patience, signal);
      this.#acceptFlushed();
    }
    this.#accepting = undefined;
  }

  #acceptFlushed(): void {
    const { clients, patience } = this.#context;
    const flushed = clients.flushed(patience);
    for (let first = this.#unwritten.peek(); first !== undefined; first = this.#unwritten.peek()) {
      if (first.position >= flushed) return;
      this.#unwritten.shift();
      first.delivery.accept();
    }
  }
}
