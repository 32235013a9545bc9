import { onAbort } from '../wait.js';
import { CHANNEL_CLOSED, Message } from './message.js';
import type { Mailbox } from './mailbox.js';
import type { MessageQueueListener } from './message-queue-listener.js';

/** What a stream needs to know of the channel it belongs to. */
export interface StreamSource<Out> {
  readonly listener: MessageQueueListener;
  /** The listener's mailbox; `undefined` when the channel does not have it. */
  readonly mailbox: Mailbox | undefined;
  /** What the stream gives out for a message. */
  adapt(message: Message): Out;
  /** Takes the next message. `undefined` when there is none. */
  take(mailbox: Mailbox): Message | undefined;
  /** Has the listener handle a message that was taken. */
  handle(mailbox: Mailbox, message: Message): Promise<void>;
  /** Called once, when the stream is over, whatever has ended it. */
  ended(): void;
}

/**
 * The messages of one listener as they come. It waits for them: nothing is polled. An object and no generator, because
 * a generator that was never started runs no `finally`, and its `return` waits for the message it waits for.
 */
export class MessageStream<Out> implements AsyncIterableIterator<Out>, AsyncDisposable {
  readonly #source: StreamSource<Out>;
  #callOff = (): void => undefined;
  readonly #ending = new AbortController();
  readonly #end = (): void => {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#callOff();
    this.#source.ended();
  };

  constructor(source: StreamSource<Out>, signal: AbortSignal | undefined) {
    this.#source = source;
    if (signal !== undefined) this.#callOff = onAbort(signal, this.#end);
  }

  /** The next message; done when the listener is stopped, after the message that tells the end, or after `return`. */
  async next(): Promise<IteratorResult<Out, undefined>> {
    try {
      const message = await this.#take();
      if (message !== undefined) return { done: false, value: this.#source.adapt(message) };
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
    const { listener, mailbox } = this.#source;
    const { signal } = this.#ending;
    while (!signal.aborted && listener.isRunning) {
      const delay = mailbox?.delay ?? 0;
      const message = mailbox === undefined || delay > 0 ? undefined : this.#source.take(mailbox);
      if (mailbox !== undefined && message !== undefined) {
        mailbox.given();
        await this.#source.handle(mailbox, message);
      }
      if (message !== undefined && message.type !== CHANNEL_CLOSED) return message;
      if (message !== undefined || mailbox === undefined || mailbox.state === 'removed') {
        listener.stop();
        this.#end();
        return message ?? new Message(CHANNEL_CLOSED);
      }
      // Nothing was awaited since the look into the mailbox: no change is missed.
      await mailbox.changes.within({ signal, timeout: delay > 0 ? delay : undefined });
    }
    return undefined;
  }
}
