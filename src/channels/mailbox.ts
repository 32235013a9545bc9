import type { Clock } from '../clock.js';
import { ClientQueue } from '../queue/client-queue.js';
import { WaiterLine } from '../queue/waiter-line.js';
import { tellListeners } from '../tell-listeners.js';
import type { Message } from './message.js';
import type { MessageQueueListener } from './message-queue-listener.js';

/**
 * The state of a mailbox. `open`: it takes messages. `ending`: it gives out what it has, and last the message that
 * tells the end. `removed`: it is empty for good.
 */
export type MailboxState = 'open' | 'ending' | 'removed';

/** What the channel gives its mailboxes. */
export interface MailboxSettings {
  /** The milliseconds between two messages of its streams. */
  readonly streamDelay: number;
  readonly clock: Clock;
  /** Called with an error of the listener's filter. */
  onError(error: unknown): void;
  /** Called when the mailbox becomes `removed`. */
  removed(mailbox: Mailbox): void;
}

/** The messages of one channel that wait for one listener. */
export class Mailbox {
  readonly listener: MessageQueueListener;
  /** The callers who wait for a change: a message has come, the listener was stopped, or the mailbox ends. */
  readonly changes: WaiterLine<void>;
  readonly #queue: ClientQueue<Message>;
  readonly #settings: MailboxSettings;
  /** The time from which streams may give out the next message. */
  #nextAt = -Infinity;
  /** The messages that were taken and could not be handled: they come before all others. */
  readonly #returned: Message[] = [];
  readonly #wake = (): void => this.changes.serveAll();
  #state: MailboxState = 'open';
  #last: Message | undefined;

  constructor(listener: MessageQueueListener, settings: MailboxSettings) {
    this.listener = listener;
    this.#settings = settings;
    this.changes = new WaiterLine(settings.clock);
    const { capacity, overflow } = listener;
    this.#queue = new ClientQueue<Message>({ capacity, overflow, flushInterval: 0 });
    this.#queue.on('dropped', (messages) => this.#dropped(messages));
    listener.on('stop', this.#wake);
  }

  get state(): MailboxState {
    return this.#state;
  }

  /** The number of messages that wait. */
  get size(): number {
    return this.#returned.length + this.#queue.size;
  }

  /** True when the listener holds its channel back: it must not lose a message, and has no room for one. */
  get holdsBack(): boolean {
    return this.#state === 'open' && this.listener.overflow === 'throw' && this.#queue.size >= this.#queue.capacity;
  }

  /** True when `put` would throw. */
  refuses(message: Message): boolean {
    // An error of the filter is reported when the message is put.
    return this.holdsBack && this.#keeps && this.#wants(message, () => undefined);
  }

  /** Resolves when the mailbox has room, or takes no more messages. */
  whenRoom(signal: AbortSignal | undefined): Promise<void> {
    return this.#queue.ready({ signal });
  }

  /**
   * Adds a message, if the listener wants it. A listener whose filter throws does not get the message, and its event
   * `dropped` says so.
   */
  put(message: Message): void {
    const isWanted = this.#wants(message, (error) => {
      this.#settings.onError(error);
      this.#dropped([message]);
    });
    if (!isWanted) return;
    if (this.#keeps) {
      this.#queue.push(message);
      this.#wake();
    } else {
      this.#dropped([message]);
    }
  }

  /** Takes the oldest message. The last one tells the end. */
  take(): Message | undefined {
    const message = this.#returned.shift() ?? this.#queue.tryPull();
    if (message !== undefined || this.#state !== 'ending') return message;
    this.remove();
    return this.#last;
  }

  /** The milliseconds until a stream may give out the next message, whichever stream gave out the last. */
  get delay(): number {
    return this.#settings.streamDelay === 0 ? 0 : Math.max(0, this.#nextAt - this.#settings.clock.now());
  }

  get clock(): Clock {
    return this.#settings.clock;
  }

  /** Notes that a stream gives out a message. */
  given(): void {
    this.#nextAt = this.#settings.clock.now() + this.#settings.streamDelay;
  }

  /** Puts back a message that `take` gave: it comes first again. */
  putBack(message: Message): void {
    if (this.#state === 'removed') return;
    this.#returned.push(message);
    this.#wake();
  }

  /** Has the listener handle a message that `take` gave. When the listener throws, the message is put back. */
  async handle(message: Message): Promise<void> {
    try {
      await this.listener.onMessage(message);
    } catch (error) {
      this.putBack(message);
      throw error;
    }
    tellListeners(this.listener, 'message', [message]);
  }

  /** Takes no more messages; `last` is given out when all others are. */
  end(last: Message): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#last = last;
    this.#queue.stop();
    this.#wake();
  }

  /** Drops the messages that it has, and becomes `removed`. */
  remove(): void {
    if (this.#state === 'removed') return;
    this.#state = 'removed';
    this.#settings.removed(this);
    this.listener.off('stop', this.#wake);
    const returned = this.#returned.splice(0);
    if (returned.length > 0) this.#dropped(returned);
    this.#queue.stop({ drain: false });
    this.#wake();
  }

  get #keeps(): boolean {
    return this.listener.isRunning || this.listener.whileStopped === 'keep';
  }

  #wants(message: Message, onThrow: (error: unknown) => void): boolean {
    try {
      return this.listener.wants(message);
    } catch (error) {
      onThrow(error);
      return false;
    }
  }

  /**
   * This is called in the midst of a broadcast: a listener of the event that throws must not stop the broadcast
   * half-way.
   */
  #dropped(messages: readonly Message[]): void {
    tellListeners(this.listener, 'dropped', [messages]);
  }
}
