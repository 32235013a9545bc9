import type { PubSubError } from '../errors.js';
import type { Message } from './message.js';
import { callHandler } from './subscriber.js';
import type { DirectSubscriber } from './subscriber.js';

interface Entry {
  readonly subscriber: DirectSubscriber;
  /** Entries are numbered as they come. */
  readonly number: number;
}

/** The subscriptions of `subscribe` inside a process, by the name of their type. */
export class DirectTable {
  /** The subscribers in the order they came. A loop over a set skips those that have left it. */
  readonly #entries = new Map<string, Set<Entry>>();
  #lastNumber = 0;

  /** Adds a subscriber behind the others of its type. Returns what takes it out again. */
  add(subscriber: DirectSubscriber): () => void {
    const { messageName } = subscriber;
    const entry: Entry = { subscriber, number: ++this.#lastNumber };
    let entries = this.#entries.get(messageName);
    if (entries === undefined) this.#entries.set(messageName, (entries = new Set()));
    entries.add(entry);
    return () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#entries.get(messageName) === entries) this.#entries.delete(messageName);
    };
  }

  /** The number of subscribers of a type. */
  count(messageName: string): number {
    return this.#entries.get(messageName)?.size ?? 0;
  }

  /**
   * Calls every subscriber of a type that is here already and has not left by its turn, in the order they came.
   *
   * @returns Nothing when all is done and well; else what has failed, once everybody is done.
   */
  call(messageName: string, message: Message): Promise<readonly PubSubError[]> | undefined {
    const entries = this.#entries.get(messageName);
    if (entries === undefined) return undefined;
    const last = this.#lastNumber;
    let results: Promise<PubSubError | undefined>[] | undefined;
    for (const { subscriber, number } of entries) {
      if (number > last) break; // has come since
      const result = callHandler(subscriber, message);
      if (result !== undefined) (results ??= []).push(Promise.resolve(result));
    }
    if (results === undefined) return undefined;
    return Promise.all(results).then((errors) => errors.filter((error) => error !== undefined));
  }
}
