import { InvalidChannelError } from '../errors.js';
import type { AbstractChannel } from './abstract-channel.js';
import { SseChannel } from './sse-channel.js';
import type { SseChannelOptions } from './sse-options.js';

/** Channels by id. Each container has channels of its own: what one makes, another does not see. */
export class SseChannelContainer implements Iterable<AbstractChannel<unknown>>, AsyncDisposable {
  readonly #channels = new Map<string, AbstractChannel<unknown>>();
  readonly #defaults: SseChannelOptions;

  /** @param defaults - How the channels behave that `add` makes, unless it is given options of their own. */
  constructor(defaults: Omit<SseChannelOptions, 'id'> = {}) {
    this.#defaults = defaults;
  }

  /** The number of channels. */
  get size(): number {
    return this.#channels.size;
  }

  /** The ids of its channels, in the order they were added. */
  get ids(): string[] {
    return [...this.#channels.keys()];
  }

  /**
   * Makes a channel for server-sent events.
   *
   * @throws InvalidChannelError when the id is taken; OptionError for an option that cannot be.
   */
  add(options: SseChannelOptions = {}): SseChannel {
    const channel = new SseChannel({ ...this.#defaults, ...options });
    this.register(channel);
    return channel;
  }

  /** Adds a channel of any kind. @throws InvalidChannelError when it has another channel with this id. */
  register(channel: AbstractChannel<unknown>): void {
    const known = this.#channels.get(channel.id);
    if (known !== undefined && known !== channel) {
      throw new InvalidChannelError(`There is another channel ${channel.id}. Give it another id.`);
    }
    this.#channels.set(channel.id, channel);
  }

  /** True when the container has a channel with this id. */
  has(id: string): boolean {
    return this.#channels.has(id);
  }

  /** The channel with this id. @throws InvalidChannelError when there is none. */
  get(id: string): AbstractChannel<unknown> {
    const channel = this.#channels.get(id);
    if (channel === undefined) throw new InvalidChannelError(`There is no channel ${id}.`);
    return channel;
  }

  /**
   * Removes a channel and closes it: its streams give out what they have, tell the end, and end.
   *
   * @throws InvalidChannelError when there is none with this id.
   */
  rm(id: string): Promise<void> {
    const channel = this.get(id);
    this.#channels.delete(id);
    return channel.close();
  }

  /** Removes and closes every channel. */
  async close(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.rm(id)));
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Its channels, in the order they were added. */
  [Symbol.iterator](): IterableIterator<AbstractChannel<unknown>> {
    return this.#channels.values();
  }
}
