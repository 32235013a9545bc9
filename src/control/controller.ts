import type { AbstractChannel } from '../channels/abstract-channel.js';
import { Message } from '../channels/message.js';
import type { MessageQueueListener } from '../channels/message-queue-listener.js';
import type { SseChannelContainer } from '../channels/sse-channel-container.js';
import { InvalidListenerError } from '../errors.js';
import type { PlainCommand, RemoteListenerOptions, StreamCommand } from './command.js';
import { RemoteStream } from './remote-stream.js';

/** Carries out the commands of clients on a container of channels. Knows no socket. */
export class Controller {
  readonly #container: SseChannelContainer;
  /**
   * The number of streams that keep a listener running, for each listener that was stopped before the first of them
   * came.
   */
  readonly #startedHere = new Map<MessageQueueListener, number>();

  constructor(container: SseChannelContainer) {
    this.#container = container;
  }

  /**
   * Carries out a command that is answered once.
   *
   * @returns The id of what was made, else `null`.
   * @throws InvalidChannelError, InvalidListenerError, InvalidMessageFormatError, ChannelQueueFullError or OptionError, as
   * the methods of channels do.
   */
  async run(command: PlainCommand): Promise<string | null> {
    if (command.verb === 'create') {
      return this.#container.add(command.channel === undefined ? {} : { id: command.channel }).id;
    }
    const channel = this.#container.get(command.channel);
    switch (command.verb) {
      case 'register':
        return channel.addListener(command.options).id;
      case 'dispatch':
        channel.dispatch(command.listener, new Message(command.type, command.payload));
        return null;
      case 'broadcast':
        channel.broadcast(new Message(command.type, command.payload));
        return null;
      case 'removeListener':
        channel.removeListener(command.listener);
        return null;
      case 'removeChannel':
        await this.#container.rm(command.channel);
        return null;
    }
  }

  /**
   * Opens a stream. It must be ended.
   *
   * @throws As `run` does.
   */
  open(command: StreamCommand): RemoteStream {
    const channel = this.#container.get(command.channel);
    return command.verb === 'watch'
      ? watch(channel, command.options)
      : this.#listen(channel, channel.getListener(command.listener));
  }

  /** Removes a listener if it is still there. */
  forget(channelId: string, listenerId: string): void {
    if (!this.#container.has(channelId)) return;
    const channel = this.#container.get(channelId);
    if (hasListener(channel, listenerId)) channel.removeListener(listenerId);
  }

  /** Streams the messages of a listener, which runs as long as somebody listens. */
  #listen(channel: AbstractChannel<unknown>, listener: MessageQueueListener): RemoteStream {
    const count = this.#startedHere.get(listener);
    if (listener.isRunning && count === undefined) return new RemoteStream(channel, listener, () => undefined);
    this.#startedHere.set(listener, (count ?? 0) + 1);
    listener.start();
    return new RemoteStream(channel, listener, () => {
      const left = (this.#startedHere.get(listener) ?? 1) - 1;
      if (left > 0) {
        this.#startedHere.set(listener, left);
      } else {
        this.#startedHere.delete(listener);
        listener.stop();
      }
    });
  }
}

/** Streams the messages of a channel to a listener of its own. One that reads too slowly holds nobody back: it ends. */
function watch(channel: AbstractChannel<unknown>, options: RemoteListenerOptions): RemoteStream {
  const listener = channel.addListener({ ...options, overflow: 'drop-oldest' });
  listener.start();
  const stream = new RemoteStream(channel, listener, () => {
    if (hasListener(channel, listener.id)) channel.removeListener(listener.id);
    listener.stop();
  });
  listener.on('dropped', (messages) => {
    if (hasListener(channel, listener.id)) stream.overflow(messages.length);
  });
  return stream;
}

function hasListener(channel: AbstractChannel<unknown>, id: string): boolean {
  try {
    return channel.getListener(id).id === id;
  } catch (error) {
    if (error instanceof InvalidListenerError) return false;
    throw error;
  }
}
