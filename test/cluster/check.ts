/** What the clients have seen of a run. */
export interface Record {
  /** The numbers of the messages that were accepted. */
  readonly accepted: readonly number[];
  /** How many ended otherwise, by outcome. */
  readonly otherwise: { readonly [outcome: string]: number };
  /** How many never ended. */
  readonly pending: number;
  /** What each consumer received, in that order. */
  readonly received: readonly (readonly number[])[];
  /**
   * How many outcomes may have got lost on their way: what producers had under way, and what consumers had just accepted,
   * when they lost a connection. Each may make a copy.
   */
  readonly uncertain: number;
  /** The longest time in which no message got an outcome although one was waiting, in milliseconds. */
  readonly longestWithoutService: number;
}

/** What the record says of the promises. */
export interface Verdict {
  readonly accepted: number;
  readonly received: number;
  /** Accepted and received by nobody. */
  readonly lost: readonly number[];
  /** Received and never sent. */
  readonly unexpected: readonly number[];
  readonly copies: number;
  /** First deliveries to a consumer that came after a later message of the same producer. */
  readonly outOfOrder: number;
}

/** Messages of producer `p` have the numbers `p * PRODUCER` and up. */
export const PRODUCER = 100_000_000;

/**
 * The queue checker of Jepsen: what was acknowledged was received, and nothing that nobody has sent.
 *
 * @param sent How many each producer has sent.
 */
export function check({ accepted, received }: Record, sent: readonly number[]): Verdict {
  const all = received.flat();
  const distinct = new Set(all);
  return {
    accepted: accepted.length,
    received: all.length,
    lost: accepted.filter((number) => !distinct.has(number)),
    unexpected: [...distinct].filter((number) => !(number % PRODUCER < (sent[Math.floor(number / PRODUCER)] ?? 0))),
    copies: all.length - distinct.size,
    outOfOrder: received.reduce((sum, numbers) => sum + countOutOfOrder(numbers), 0),
  };
}

function countOutOfOrder(numbers: readonly number[]): number {
  const seen = new Set<number>();
  const last = new Map<number, number>();
  let count = 0;
  for (const number of numbers) {
    const producer = Math.floor(number / PRODUCER);
    const highest = last.get(producer) ?? -1;
    if (!seen.has(number) && number < highest) count++;
    seen.add(number);
    last.set(producer, Math.max(highest, number));
  }
  return count;
}
