import { onAbort } from '../wait.js';
import { CHANNEL_CLOSED, Message } from './message.js';
import type { Mailbox } from './mailbox.js';
import type { MessageQueueListener } from './message-queue-listener.js';

/**
 * The messages of one listener as they come, without polling. This is an object and no generator, because a generator
 * that was never started runs no `finally`, and the `return` of a generator waits for the message that its `next` waits
 * for.
 */
export class MessageStream<Out> implements AsyncIterableIterator<Out>, AsyncDisposable {
  readonly #listener: MessageQueueListener;
  readonly #mailbox: Mailbox | undefined;
  readonly #adapt: (message: Message) => Out;
  readonly #ended: () => void;
  #callOff = (): void => undefined;
  readonly #ending = new AbortController();
  readonly #end = (): void => {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#callOff();
    this.#ended();
  };

  /**
   * @param mailbox The mailbox of the listener; `undefined` when the channel does not have the listener.
   * @param adapt Makes what the stream gives out of a message.
   * @param signal Ends the stream when it is aborted.
   * @param ended Called once, when the stream is over, whatever has ended it.
   */
  constructor(
    listener: MessageQueueListener,
    mailbox: Mailbox | undefined,
    adapt: (message: Message) => Out,
    signal: AbortSignal | undefined,
    ended: () => void,
  ) {
    this.#listener = listener;
    this.#mailbox = mailbox;
    this.#adapt = adapt;
    this.#ended = ended;
    if (signal !== undefined) this.#callOff = onAbort(signal, this.#end);
  }

  /** The next message; done when the listener is stopped, after the message that tells the end, or after `return`. */
  async next(): Promise<IteratorResult<Out, undefined>> {
    try {
      const message = await this.#take();
      if (message !== undefined) return { done: false, value: this.#adapt(message) };
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#end();
    return { done: true, value: undefined };
  }

  /** Ends the stream. A `next` that waits gets no message. */
  return(): Promise<IteratorResult<Out, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #take(): Promise<Message | undefined> {
    const [listener, mailbox] = [this.#listener, this.#mailbox];
    const { signal } = this.#ending;
    while (!signal.aborted && listener.isRunning) {
      const delay = mailbox?.delay ?? 0;
      const message = mailbox === undefined || delay > 0 ? undefined : mailbox.take();
      if (mailbox !== undefined && message !== undefined) {
        mailbox.given();
        await mailbox.handle(message);
      }
      if (message !== undefined && message.type !== CHANNEL_CLOSED) return message;
      if (message !== undefined || mailbox === undefined || mailbox.state === 'removed') {
        listener.stop();
        this.#end();
        return message ?? new Message(CHANNEL_CLOSED);
      }
      // The stream has awaited nothing since it looked into the mailbox, so it misses no change.
      await mailbox.changes.within({ signal, timeout: delay > 0 ? delay : undefined });
    }
    return undefined;
  }
}
