import { uniqueId } from '../unique-id.js';
import { OptionError } from '../errors.js';
import { TypedEmitter } from '../typed-emitter.js';
import type { Overflow } from '../queue/client-queue-options.js';
import type { Message } from './message.js';
import { checkNames } from './option-names.js';

/** How a listener takes its messages. */
export interface ListenerOptions {
  /** Tells it from the other listeners of a channel. Default a random UUID, which nobody can guess. */
  id?: string | undefined;
  /** How many messages wait for it at most, in each of its channels. Default 1000; `Infinity` has no limit. */
  capacity?: number | undefined;
  /**
   * What a message does that finds no room. With `throw` nobody gets it and the caller is told, so the listener holds
   * its channel back. With `drop-oldest` and `drop-newest` the event `dropped` tells what is lost. Default `throw`.
   */
  overflow?: Overflow | undefined;
  /** Whether messages that come while it is stopped wait for it, or are dropped. Default `keep`. */
  whileStopped?: 'keep' | 'drop' | undefined;
  /**
   * Whether it wants a message. Default it wants all. When this throws, the listener does not get the message: the event
   * `dropped` has it, and `onError` of the channel why.
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
 * Somebody who gets the messages of a channel. Messages wait for it in a bounded queue, one for each channel it is
 * registered with, until a stream takes them. It is not running when it is made, and may be started and stopped any
 * number of times.
 */
export class MessageQueueListener extends TypedEmitter<ListenerEvents> {
  /** Tells it from the other listeners of a channel. */
  readonly id: string;
  /** How many messages wait for it at most, in each of its channels. */
  readonly capacity: number;
  /** What a message does that finds no room. */
  readonly overflow: Overflow;
  /** Whether messages that come while it is stopped wait for it. */
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

  /** Whether streams give out its messages. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Lets streams give out its messages. Starting again does nothing. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.emit('start');
  }

  /** Ends its streams; what waits for it waits on. Stopping again does nothing. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.emit('stop');
  }

  /** Whether it wants a message; those it does not want never reach its queue. */
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
