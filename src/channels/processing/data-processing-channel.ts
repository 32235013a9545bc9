import { InvalidListenerError, OptionError } from '../../errors.js';
import { AbstractChannel, CHANNEL_OPTIONS } from '../abstract-channel.js';
import type { ChannelOptions, StreamOptions } from '../abstract-channel.js';
import type { Mailbox } from '../mailbox.js';
import { Message } from '../message.js';
import type { MessageQueueListener } from '../message-queue-listener.js';
import { checkNames } from '../../check-options.js';
import type { MessageHandler } from './message-handler.js';
import type { ProcessedItem, QueueItem } from './processed-item.js';
import { ProcessingRun } from './processing-run.js';
import { Workbench } from './workbench.js';

/** The options of a `DataProcessingChannel`. */
export interface DataProcessingOptions<Result> extends ChannelOptions {
  /** The number of messages of a listener that the channel handles at once, from 1 up. */
  maxWorkers: number;
  /**
   * Handles a message; `handleInPool` makes one that does it in worker threads. Default the `onMessage` of the listener,
   * whose result is the payload.
   */
  handler?: MessageHandler<Result> | undefined;
}

/** The options of `processQueue`. */
export interface ProcessQueueOptions extends StreamOptions {
  /**
   * True: results come in the order of the queue. Default false: results come in the order in which handlers finish.
   */
  ordered?: boolean | undefined;
  /**
   * True: the loop waits for more messages when the queue is empty, until the listener is stopped or gets the message
   * that tells the end. Default false: the loop handles the messages that are in the queue when it is called, whether
   * the listener is running or not.
   */
  follow?: boolean | undefined;
  /**
   * When a handler throws: `item` has the loop give out an item that holds the error, `throw` ends the loop with the
   * error. Default `item`.
   */
  errors?: 'item' | 'throw' | undefined;
}

/**
 * A channel whose messages are handled several at once. Streams give messages out one after the other, as in every
 * channel; `processQueue` handles what waits for a listener, and gives out the results.
 */
export class DataProcessingChannel<Result = unknown> extends AbstractChannel<ProcessedItem<unknown>> {
  readonly #maxWorkers: number;
  readonly #handler: MessageHandler<Result> | undefined;
  readonly #benches = new WeakMap<Mailbox, Workbench<Message, ProcessedItem<Result>>>();

  /** @throws OptionError for an option that cannot be. */
  constructor(options: DataProcessingOptions<Result>) {
    checkNames('a DataProcessingChannel', options, [...CHANNEL_OPTIONS, 'maxWorkers', 'handler']);
    const { maxWorkers, handler, ...rest } = options;
    super(rest);
    if (!Number.isInteger(maxWorkers) || maxWorkers < 1) {
      throw new OptionError('Option maxWorkers must be a whole number from 1 up.');
    }
    if (handler !== undefined && typeof handler !== 'function') {
      throw new OptionError('Option handler must be a function. Wrap a pool of threads in handleInPool.');
    }
    this.#maxWorkers = maxWorkers;
    this.#handler = handler;
  }

  /**
   * Makes the item that streams and `processQueue` give out for a message: its type and payload. Override it to give
   * out more. With a `handler`, `processQueue` has it adapt a message whose payload is the result.
   */
  adapt(message: Message): ProcessedItem<unknown> {
    return { event: message.type, data: message.payload };
  }

  /**
   * Handles the messages that wait for a listener, at most `maxWorkers` at once, and gives out the results as they are
   * finished. Of those that finish in the same turn of the event loop, that one comes first whose promise settled first.
   * A message of the type `_eric_channel_closed` is not handled, and comes last.
   *
   * No message is lost. What is not begun stays in the queue: besides the messages that are handled, at most as many
   * are taken from it as results wait to be taken from the loop, and those are at most `maxWorkers`, too; four times that
   * in order, so that a message that takes long does not idle the other workers at once. When the loop
   * is left, what is under way is finished, and its results come first in the next call. When the signal is aborted,
   * handlers are told; a message whose handler then throws goes back into the queue, and the loop throws the signal's
   * reason.
   *
   * @throws InvalidListenerError when the listener is not in the channel; OptionError for an option that cannot be.
   */
  processQueue(
    listener: MessageQueueListener,
    options: ProcessQueueOptions = {},
  ): AsyncIterableIterator<QueueItem<Result>> & AsyncDisposable {
    checkNames('processQueue', options, ['ordered', 'follow', 'errors', 'signal']);
    const { ordered = false, follow = false, errors = 'item', signal } = options;
    if (!['item', 'throw'].includes(errors)) throw new OptionError('Option errors must be item or throw.');
    const mailbox = this.mailbox(listener.id);
    if (mailbox.listener !== listener) {
      throw new InvalidListenerError(`Channel ${this.id} has another listener ${listener.id}.`);
    }
    return new ProcessingRun(mailbox, this.#bench(mailbox), { ordered, follow, errors, signal }, (last) => {
      listener.stop();
      // The result of the message that tells the end is its payload, null.
      return this.adapt(last) as ProcessedItem<Result>;
    });
  }

  async #perform(
    listener: MessageQueueListener,
    message: Message,
    signal: AbortSignal,
  ): Promise<ProcessedItem<Result>> {
    if (this.#handler === undefined) {
      await listener.onMessage(message);
      // Without a handler the result has the type of what `adapt` makes of the message.
      return this.adapt(message) as ProcessedItem<Result>;
    }
    const { type, id } = message;
    const result = await this.#handler(message, { signal });
    // The type of the result is the handler's, which `adapt` does not know.
    return this.adapt(new Message(type, result, { id })) as ProcessedItem<Result>;
  }

  #bench(mailbox: Mailbox): Workbench<Message, ProcessedItem<Result>> {
    const known = this.#benches.get(mailbox);
    if (known !== undefined) return known;
    const { listener, clock } = mailbox;
    const bench = new Workbench<Message, ProcessedItem<Result>>(
      this.#maxWorkers,
      (message, signal) => this.#perform(listener, message, signal),
      clock,
    );
    this.#benches.set(mailbox, bench);
    return bench;
  }
}
