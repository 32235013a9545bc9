import { OptionError } from '../errors.js';
import { Heap } from '../queue/heap.js';
import { NAME_IN_WORDS, isName } from './message.js';

/** The character between the name of a queue and its number. No name that a caller gives has it. */
const SEPARATOR = '~';

/** The subscriptions of a broker that name one queue for one type. */
interface Family {
  /** The number of subscriptions. */
  size: number;
  /** Numbers below `next` that are free again. */
  readonly free: Heap<number>;
  next: number;
}

/**
 * Gives each subscription of a broker a queue that no other of them has. The first of a type with a queue name has the
 * queue of that name, the second `NAME~2` and so on, so the same program has the same queues in every process.
 */
export class QueueNames {
  readonly #families = new Map<string, Family>();

  /** Takes the first name that is free. Returns it with what gives it back; doing so again does nothing. */
  take(messageName: string, queueName: string): { readonly name: string; readonly giveBack: () => void } {
    const key = `${messageName} ${queueName}`; // neither has a space
    let family = this.#families.get(key);
    if (family === undefined) {
      family = { size: 0, free: new Heap((number) => number), next: 1 };
      this.#families.set(key, family);
    }
    const { free } = family;
    const number = free.pop() ?? family.next++;
    family.size++;
    let isTaken = true;
    const giveBack = (): void => {
      if (!isTaken) return;
      isTaken = false;
      free.push(number);
      if (--family.size === 0) this.#families.delete(key);
    };
    return { name: number === 1 ? queueName : `${queueName}${SEPARATOR}${number}`, giveBack };
  }
}

/** Throws OptionError for what no queue can be called. */
export function checkQueue(queue: string): void {
  const [name, number = '2', ...more] = typeof queue === 'string' ? queue.split(SEPARATOR) : [];
  if (isName(name) && /^[1-9]\d*$/.test(number) && more.length === 0) return;
  throw new OptionError(
    `The name of a queue must be ${NAME_IN_WORDS}; that of a second subscription has ~2 behind it.`,
  );
}

/** True when a queue has this name, with or without a number behind it. */
export function isOfQueue(queue: string, queueName: string): boolean {
  return queue === queueName || queue.startsWith(queueName + SEPARATOR);
}
