import { InvalidListenerError, OptionError } from '../errors.js';
import type { AbstractChannel } from './abstract-channel.js';
import { CHANNEL_CLOSED } from './message.js';
import type { Message } from './message.js';
import { MessageQueueListener } from './message-queue-listener.js';
import type { ListenerOptions } from './message-queue-listener.js';
import { SignedMessage } from './signed-message.js';

/** A function of an application for messages of a type. The listener sends its replies to the sender of the message. */
export type Action = (message: SignedMessage) => ActionReplies | Promise<ActionReplies>;

/** The replies of an action; nothing stands for none. */
// A function that returns nothing is void, and that is one that replies nothing.
// oxlint-disable-next-line typescript/no-invalid-void-type
export type ActionReplies = Iterable<Message> | undefined | void;

/** The types of the messages that every application listener acts on by itself. */
const INTERNAL: ReadonlySet<string> = new Set(['start', 'stop', 'remove', CHANNEL_CLOSED]);

/**
 * A listener that answers: it is told by messages what to do, and replies to their senders, in the same channel. It
 * registers itself. Of its own it knows `start`, `stop`, and `remove`, which stops it and takes it out of the channel.
 */
export class SimpleDistributedApplicationListener extends MessageQueueListener {
  readonly #channel: AbstractChannel<unknown>;
  readonly #actions = new Map<string, Action>();

  /** @throws As `AbstractChannel.registerListener` does, and OptionError for an option that cannot be. */
  constructor(channel: AbstractChannel<unknown>, options: Omit<ListenerOptions, 'onMessage'> = {}) {
    super(options);
    this.#channel = channel;
    channel.registerListener(this);
  }

  /**
   * Says what to do with messages of a type. The last one said counts.
   *
   * @throws OptionError for the types it knows of its own.
   */
  setAction(type: string, action: Action): void {
    if (INTERNAL.has(type)) throw new OptionError(`The action ${type} is the listener's own. Take another name.`);
    this.#actions.set(type, action);
  }

  /**
   * Does what the message says, and sends the replies, each signed with the listener's id. A type nobody knows is told
   * by the event `unknown`.
   *
   * @throws InvalidMessageFormatError when an action needs a sender and the message has none; whatever the action throws.
   */
  override async onMessage(message: Message): Promise<void> {
    if (INTERNAL.has(message.type)) {
      this.#obey(message.type);
      return;
    }
    const action = this.#actions.get(message.type);
    if (action === undefined) {
      this.emit('unknown', message);
      return;
    }
    const signed = message instanceof SignedMessage ? message : SignedMessage.from(message);
    const replies = Array.from((await action(signed)) ?? [], (reply) => this.#sign(reply));
    for (const [index, reply] of replies.entries()) {
      try {
        this.#channel.dispatch(signed.senderId, reply);
      } catch (error) {
        if (!(error instanceof InvalidListenerError)) throw error;
        this.emit('undeliverable', replies.slice(index), error);
        return;
      }
    }
  }

  #sign({ type, payload, id }: Message): SignedMessage {
    return new SignedMessage(this.id, type, payload, { id });
  }

  #obey(type: string): void {
    if (type === 'start') this.start();
    if (type === 'stop' || type === 'remove') this.stop();
    if (type === 'remove') this.#channel.removeListener(this.id);
  }
}
