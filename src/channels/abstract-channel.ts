import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { uniqueId } from '../unique-id.js';
import {
  ChannelQueueFullError,
  InvalidChannelError,
  InvalidListenerError,
  NoMessagesError,
  OptionError,
  asError,
} from '../errors.js';
import { tellOf } from '../tell-listeners.js';
import { Mailbox } from './mailbox.js';
import type { MailboxSettings } from './mailbox.js';
import { CHANNEL_CLOSED, Message } from './message.js';
import { LISTENER_OPTIONS, MessageQueueListener } from './message-queue-listener.js';
import type { ListenerOptions } from './message-queue-listener.js';
import { MessageStream } from './message-stream.js';
import { checkNames } from '../check-options.js';

/** The options of a channel. */
export interface ChannelOptions {
  /** Tells it from the other channels of a container. Default a random UUID, which nobody can guess. */
  id?: string | undefined;
  /** The default options of the listeners that `addListener` and `watch` make. */
  listener?: Omit<ListenerOptions, 'id'> | undefined;
  /**
   * The milliseconds that streams wait between two messages of one listener. Default 0. Messages to clients without a
   * listener are not delayed.
   */
  streamDelay?: number | undefined;
  /** The source of the time. Default the clocks of the machine. */
  clock?: Clock | undefined;
  /**
   * The channel calls this with an error that no call can throw, such as that of a hook of the program. The error has
   * cost one client or one message, and no other. Default a warning of the process.
   */
  onError?: ((error: Error) => void) | undefined;
}

/** The names of the options that every channel has. */
export const CHANNEL_OPTIONS: readonly (keyof ChannelOptions)[] = ['id', 'listener', 'streamDelay', 'clock', 'onError'];

/** The options of a stream. */
export interface StreamOptions {
  /** Ends the stream when it is aborted, as leaving its loop does. */
  signal?: AbortSignal | undefined;
}

/** The options of `watch`: those of its listener, and the signal that ends it. */
export type WatchOptions = ListenerOptions & StreamOptions;

/**
 * Messages go in by `dispatch`, to one listener, and `broadcast`, to all of them; they come out by `messageStream`, in
 * the order they went in, in a shape that `adapt` decides. A channel without traffic costs nothing: no timer runs.
 */
export abstract class AbstractChannel<Out> implements AsyncDisposable {
  /** Tells it from the other channels of a container. */
  readonly id: string;
  readonly #defaults: Omit<ListenerOptions, 'id'>;
  readonly #onError: (error: Error) => void;
  readonly #settings: MailboxSettings;
  readonly #mailboxes = new Map<string, Mailbox>();
  #isClosed = false;

  /** @throws OptionError for an option that cannot be. */
  constructor(options: ChannelOptions = {}) {
    checkNames('a channel', options, CHANNEL_OPTIONS);
    const { id = uniqueId(), listener = {}, streamDelay = 0, clock = SYSTEM_CLOCK, onError = warn } = options;
    if (typeof id !== 'string' || id === '') throw new OptionError('Option id of a channel must be a string.');
    if (typeof onError !== 'function') throw new OptionError('Option onError of a channel must be a function.');
    if (typeof streamDelay !== 'number' || !(streamDelay >= 0)) {
      throw new OptionError('Option streamDelay of a channel must be a number of milliseconds from 0 up.');
    }
    checkNames('a listener', listener, LISTENER_OPTIONS);
    this.#onError = onError;
    this.#settings = {
      streamDelay,
      clock,
      onError: (error) => this.report(error),
      removed: (mailbox) => {
        if (this.#mailboxes.get(mailbox.listener.id) === mailbox) this.#mailboxes.delete(mailbox.listener.id);
      },
    };
    this.id = id;
    this.#defaults = listener;
  }

  /** Makes what streams give out of a message. */
  abstract adapt(message: Message): Out;

  /** True after `close`. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Its listeners, in the order they were registered. */
  get listeners(): MessageQueueListener[] {
    return Array.from(this.#mailboxes.values(), ({ listener }) => listener);
  }

  /**
   * Makes a listener and registers it. It is not running yet.
   *
   * @throws OptionError for an option that cannot be; InvalidListenerError when the id is taken; InvalidChannelError
   * after `close`.
   */
  addListener(options: ListenerOptions = {}): MessageQueueListener {
    const listener = new MessageQueueListener({ ...this.#defaults, ...options });
    this.registerListener(listener);
    return listener;
  }

  /**
   * Registers a listener. It may be in several channels; messages wait for it in each of them separately. Registering
   * it again drops what waits for it, and begins anew.
   *
   * @throws InvalidListenerError when another listener has its id; InvalidChannelError after `close`.
   */
  registerListener(listener: MessageQueueListener): void {
    this.checkOpen();
    const known = this.#mailboxes.get(listener.id);
    if (known !== undefined && known.listener !== listener) {
      throw new InvalidListenerError(`Channel ${this.id} has another listener ${listener.id}. Give it another id.`);
    }
    this.#mailboxes.set(listener.id, new Mailbox(listener, this.#settings));
    known?.remove();
  }

  /** The listener with this id. @throws InvalidListenerError when there is none. */
  getListener(id: string): MessageQueueListener {
    return this.mailbox(id).listener;
  }

  /**
   * Forgets a listener and what waits for it. Its streams give out one message that tells the end, stop it, and end.
   *
   * @throws InvalidListenerError when there is none with this id.
   */
  removeListener(id: string): void {
    this.mailbox(id).remove();
  }

  /**
   * Sends a message to one listener, running or not. One of the type `_eric_channel_closed` is the last it gets: its
   * streams end with it, and it is removed.
   *
   * @throws InvalidListenerError when there is none with this id, or it was told the end; ChannelQueueFullError when it
   * has no room and its overflow is `throw`; InvalidChannelError after `close`.
   */
  dispatch(id: string, message: Message): void {
    this.checkOpen();
    const mailbox = this.mailbox(id);
    if (mailbox.state !== 'open') {
      throw new InvalidListenerError(`Listener ${id} was told the end and takes no more messages. Register it again.`);
    }
    this.#checkRoom([mailbox], message);
    deposit(mailbox, message);
  }

  /**
   * Sends a message to every listener there is now. Later ones do not get it.
   *
   * @throws ChannelQueueFullError when a listener has no room and its overflow is `throw`: then nobody got it, and
   * `ready` tells when there is room; InvalidChannelError after `close`.
   */
  broadcast(message: Message): void {
    this.checkOpen();
    const open = [...this.#mailboxes.values()].filter(({ state }) => state === 'open');
    this.#checkRoom(open, message);
    for (const mailbox of open) deposit(mailbox, message);
  }

  /**
   * Resolves when no listener holds the channel back: every one with the overflow `throw` has room. Somebody else may
   * take the room meanwhile, so a broadcast can still throw.
   *
   * @throws The signal's reason when it is aborted.
   */
  async ready({ signal }: StreamOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    let full = this.#findFull();
    while (full !== undefined) {
      await full.whenRoom(signal);
      full = this.#findFull();
    }
  }

  /**
   * Takes the oldest message of a listener, has it handled by `onMessage`, and returns it. When that throws, the message
   * stays first in the queue.
   *
   * @throws InvalidListenerError when there is no listener with this id; NoMessagesError when it is stopped or has no
   * message; whatever `onMessage` throws.
   */
  async deliverNext(id: string): Promise<Message> {
    const mailbox = this.mailbox(id);
    if (!mailbox.listener.isRunning) throw new NoMessagesError(`Listener ${id} is stopped. Start it first.`);
    const message = mailbox.take();
    if (message === undefined) throw new NoMessagesError(`Listener ${id} has no message.`);
    await mailbox.handle(message);
    return message;
  }

  /**
   * The messages of a listener as they come, adapted. The stream of a listener that is not running ends at once, and
   * what waits for it waits on. It ends when the listener is stopped. When the listener is not in the channel, or is
   * removed, or the end is told, it gives out one message of the type `_eric_channel_closed`, stops the listener and
   * ends. Several streams of one listener share its messages. Leaving the loop keeps the listener.
   */
  messageStream(listener: MessageQueueListener, { signal }: StreamOptions = {}): AsyncIterableIterator<Out> {
    return this.#streamOf(listener, (message) => this.adapt(message), signal);
  }

  /**
   * Listens from now on: a listener of its own, started, and its stream. The listener is removed when the stream ends:
   * by leaving its loop, `return()`, or the signal. A watcher that is given up otherwise keeps its messages up to its
   * capacity, and with the overflow `throw` holds the channel back.
   *
   * @throws As `addListener` does.
   */
  watch({ signal, ...options }: WatchOptions = {}): AsyncIterableIterator<Out> {
    const listener = this.addListener(options);
    listener.start();
    const adapt = (message: Message): Out => this.adapt(message);
    return this.#streamOf(listener, adapt, signal, () => {
      if (this.#mailboxes.get(listener.id)?.listener === listener) this.removeListener(listener.id);
      listener.stop();
    });
  }

  /**
   * Tells every listener the end. Each listener gets what waits for it, then one message of the type
   * `_eric_channel_closed`. Then its streams end, and the channel stops and removes it. The channel stays open for
   * other listeners.
   */
  notifyEnd(): void {
    this.broadcast(new Message(CHANNEL_CLOSED));
  }

  /** Tells every listener the end, as `notifyEnd` does, and takes no more messages. Closing again does nothing. */
  close(): Promise<void> {
    if (!this.#isClosed) this.notifyEnd();
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Returns the mailbox of a listener.
   *
   * @throws InvalidListenerError when there is no listener with this id.
   * @internal
   */
  protected mailbox(id: string): Mailbox {
    const mailbox = this.#mailboxes.get(id);
    if (mailbox === undefined) throw new InvalidListenerError(`Channel ${this.id} has no listener ${id}.`);
    return mailbox;
  }

  /**
   * Calls `onError` with an error. An error of `onError` itself is an uncaught exception of the process, and disturbs
   * no caller here.
   *
   * @internal
   */
  report(thrown: unknown): void {
    tellOf(this.#onError, asError(thrown));
  }

  /**
   * The messages of a listener, as `messageStream` gives them out, as they are.
   *
   * @internal
   */
  messages(listener: MessageQueueListener, signal: AbortSignal): AsyncIterableIterator<Message> {
    return this.#streamOf(listener, (message) => message, signal);
  }

  #streamOf<Shape>(
    listener: MessageQueueListener,
    adapt: (message: Message) => Shape,
    signal: AbortSignal | undefined,
    ended: () => void = () => undefined,
  ): MessageStream<Shape> {
    const mailbox = this.#mailboxes.get(listener.id);
    return new MessageStream(listener, mailbox?.listener === listener ? mailbox : undefined, adapt, signal, ended);
  }

  /** True while a listener holds the channel back: it has no room, and must not lose a message. */
  protected get isHeldBack(): boolean {
    return this.#findFull() !== undefined;
  }

  #findFull(): Mailbox | undefined {
    for (const mailbox of this.#mailboxes.values()) if (mailbox.holdsBack) return mailbox;
    return undefined;
  }

  /** @throws InvalidChannelError after `close`. */
  protected checkOpen(): void {
    if (this.#isClosed) throw new InvalidChannelError(`Channel ${this.id} is closed. Make a new one.`);
  }

  /**
   * Checks the room before any listener gets the message, so that all get it or none. The message that tells the end
   * needs no room.
   */
  #checkRoom(mailboxes: readonly Mailbox[], message: Message): void {
    if (message.type === CHANNEL_CLOSED) return;
    const full = mailboxes.find((mailbox) => mailbox.refuses(message));
    if (full === undefined) return;
    const { id, capacity } = full.listener;
    throw new ChannelQueueFullError(
      `Listener ${id} has ${capacity} messages waiting, all it may have. Nobody got the message. Await ready() first.`,
    );
  }
}

function deposit(mailbox: Mailbox, message: Message): void {
  if (message.type === CHANNEL_CLOSED) mailbox.end(message);
  else mailbox.put(message);
}

function warn(error: Error): void {
  process.emitWarning(error);
}
