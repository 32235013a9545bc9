import type { HandlerError } from './errors.js';
import type { Message } from './message.js';
import { callHandler } from './subscriber.js';
import type { DirectSubscriber } from './subscriber.js';

interface Entry {
  readonly subscriber: DirectSubscriber;
  isAttached: boolean;
}

/** The subscriptions of `subscribe` inside a process, by the name of their type. */
export class DirectTable {
  /** A list is never changed, only replaced: whoever walks through one is not disturbed. */
  readonly #entries = new Map<string, readonly Entry[]>();

  /** Adds a subscriber behind the others of its type. Returns what takes it out again. */
  add(subscriber: DirectSubscriber): () => void {
    const { messageName } = subscriber;
    const entry: Entry = { subscriber, isAttached: true };
    this.#entries.set(messageName, [...(this.#entries.get(messageName) ?? []), entry]);
    return () => {
      entry.isAttached = false;
      const rest = this.#entries.get(messageName)?.filter((other) => other !== entry) ?? [];
      if (rest.length > 0) this.#entries.set(messageName, rest);
      else this.#entries.delete(messageName);
    };
  }

  /** The subscribers of a type, in the order they came. */
  of(messageName: string): readonly DirectSubscriber[] {
    return this.#entries.get(messageName)?.map(({ subscriber }) => subscriber) ?? [];
  }

  /** How many subscribers a type has. */
  count(messageName: string): number {
    return this.#entries.get(messageName)?.length ?? 0;
  }

  /**
   * Calls every subscriber of a type that has not left by its turn, in the order they came.
   *
   * @returns Nothing when all is done and well; else what has failed, once everybody is done.
   */
  call(messageName: string, message: Message): readonly HandlerError[] | Promise<readonly HandlerError[]> | undefined {
    const entries = this.#entries.get(messageName);
    if (entries === undefined) return undefined;
    let results: Promise<HandlerError | undefined>[] | undefined;
    for (const { subscriber, isAttached } of entries) {
      const result = isAttached ? callHandler(subscriber, message) : undefined;
      if (result !== undefined) (results ??= []).push(Promise.resolve(result));
    }
    if (results === undefined) return undefined;
    return Promise.all(results).then((errors) => errors.filter((error) => error !== undefined));
  }
}
