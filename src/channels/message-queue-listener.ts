import { uniqueId } from '../unique-id.js';
import { OptionError } from '../errors.js';
import { TypedEmitter } from '../typed-emitter.js';
import type { Overflow } from '../queue/client-queue-options.js';
import type { Message } from './message.js';
import { checkNames } from '../check-options.js';

/** The options of a listener. */
export interface ListenerOptions {
  /** Tells it from the other listeners of a channel. Default a random UUID, which nobody can guess. */
  id?: string | undefined;
  /** The most messages that wait for the listener in each of its channels. Default 1000; `Infinity` sets no limit. */
  capacity?: number | undefined;
  /**
   * What the channel does with a message that finds no room. With `throw` no listener gets it and the caller gets an
   * error, so this listener holds its channel back. With `drop-oldest` and `drop-newest` the event `dropped` has the
   * messages that are lost. Default `throw`.
   */
  overflow?: Overflow | undefined;
  /** `keep`: messages that come while the listener is stopped wait for it. `drop`: they are dropped. Default `keep`. */
  whileStopped?: 'keep' | 'drop' | undefined;
  /**
   * Decides whether the listener gets a message. By default it gets all. When the filter throws, the listener does not
   * get the message: the event `dropped` has the message, and `onError` of the channel the error.
   */
  filter?: ((message: Message) => boolean) | undefined;
  /** Called with each message before a stream gives it out: what `onMessage` does unless a class overrides it. */
  onMessage?: ((message: Message) => void | Promise<void>) | undefined;
}

/** The events of a listener, by name, with what those who hear them get. */
export interface ListenerEvents {
  /** It was started. */
  start: [];
  /** It was stopped. */
  stop: [];
  /** A stream is about to give out a message, and `onMessage` has had it. */
  message: [message: Message];
  /** These were meant for it and nobody will get them: no room, stopped, or removed. */
  dropped: [messages: readonly Message[]];
  /** An application listener has no action for the type of this message, and did nothing. */
  unknown: [message: Message];
  /** The replies of an application listener have nobody to go to: who asked has left the channel. */
  undeliverable: [replies: readonly Message[], error: Error];
}

/** The names of the options of a listener. */
export const LISTENER_OPTIONS: readonly (keyof ListenerOptions)[] = [
  'id',
  'capacity',
  'overflow',
  'whileStopped',
  'filter',
  'onMessage',
];

const OVERFLOWS: readonly unknown[] = ['throw', 'drop-oldest', 'drop-newest'] satisfies Overflow[];
const WHILE_STOPPED: readonly unknown[] = ['keep', 'drop'];

/**
 * A receiver of the messages of a channel. Messages wait for it in a bounded queue, one for each channel it is
 * registered with, until a stream takes them. It is not running when it is made, and may be started and stopped any
 * number of times.
 */
export class MessageQueueListener extends TypedEmitter<ListenerEvents> {
  /** Tells it from the other listeners of a channel. */
  readonly id: string;
  /** The most messages that wait for the listener in each of its channels. */
  readonly capacity: number;
  /** What the channel does with a message that finds no room. */
  readonly overflow: Overflow;
  /** `keep`: messages that come while the listener is stopped wait for it. `drop`: they are dropped. */
  readonly whileStopped: 'keep' | 'drop';
  readonly #filter: ((message: Message) => boolean) | undefined;
  readonly #onMessage: ((message: Message) => void | Promise<void>) | undefined;
  #isRunning = false;

  /** @throws OptionError for an option that is unknown or cannot be. */
  constructor(options: ListenerOptions = {}) {
    super();
    checkNames('a listener', options, LISTENER_OPTIONS);
    const { id = uniqueId(), capacity = 1000, overflow = 'throw', whileStopped = 'keep' } = options;
    if (typeof id !== 'string' || id === '') throw new OptionError('Option id of a listener must be a string.');
    if (capacity !== Infinity && !(Number.isInteger(capacity) && capacity > 0)) {
      throw new OptionError('Option capacity of a listener must be a whole number from 1 up, or Infinity.');
    }
    if (!OVERFLOWS.includes(overflow)) throw new OptionError(`Option overflow must be one of ${OVERFLOWS.join(', ')}.`);
    if (!WHILE_STOPPED.includes(whileStopped)) throw new OptionError('Option whileStopped must be keep or drop.');
    this.id = id;
    this.capacity = capacity;
    this.overflow = overflow;
    this.whileStopped = whileStopped;
    this.#filter = options.filter;
    this.#onMessage = options.onMessage;
    // Every channel it is in hears its start and stop.
    this.setMaxListeners(0);
  }

  /** True while streams give out its messages. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Lets streams give out its messages. Starting again does nothing. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.emit('start');
  }

  /** Ends its streams. Messages go on to wait for it. Stopping again does nothing. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.emit('stop');
  }

  /** Asks the filter whether the listener wants a message. A message that it does not want never reaches its queue. */
  wants(message: Message): boolean {
    return this.#filter?.(message) ?? true;
  }

  /**
   * Called with each message when a stream takes it from the queue, before the stream gives it out. It may stop the
   * listener: this message is given out still. When it throws, the stream throws that and ends, and the message stays
   * first in the queue.
   */
  onMessage(message: Message): void | Promise<void> {
    return this.#onMessage?.(message);
  }
}
