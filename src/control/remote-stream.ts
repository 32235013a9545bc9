import type { AbstractChannel } from '../channels/abstract-channel.js';
import type { MessageQueueListener } from '../channels/message-queue-listener.js';
import { ChannelQueueFullError } from '../errors.js';

/** The messages of a listener on their way to a client: one of the streams of a connection. */
export class RemoteStream {
  /** The id of the listener whose messages these are. */
  readonly listenerId: string;
  readonly #events: AsyncIterableIterator<unknown>;
  readonly #ending = new AbortController();
  readonly #ended: () => void;
  #failure: Error | undefined;

  /** @param ended - Called once, when the stream is over. */
  constructor(channel: AbstractChannel<unknown>, listener: MessageQueueListener, ended: () => void) {
    this.listenerId = listener.id;
    this.#ended = ended;
    this.#events = channel.messageStream(listener, { signal: this.#ending.signal });
  }

  /** Aborted when the stream is over. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Why it ended before its time. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * The next event; `undefined` when there are no more.
   *
   * @throws ChannelQueueFullError when the client reads too slowly; whatever the listener throws.
   */
  async next(): Promise<{ readonly event: unknown } | undefined> {
    const next = await this.#events.next();
    if (this.#failure !== undefined) throw this.#failure;
    return next.done === true ? undefined : { event: next.value };
  }

  /** Messages were lost because too many were waiting: better no stream than one with a gap. */
  overflow(lost: number): void {
    this.#failure ??= new ChannelQueueFullError(
      `The stream is over: it was read too slowly, and ${lost} of its messages had no room. Open it again.`,
    );
    this.end();
  }

  /** Ends it. Ending again does nothing. */
  end(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#ended();
  }
}
