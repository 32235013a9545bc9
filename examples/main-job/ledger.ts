import type { Taken } from './protocol.js';

/** What one consumer has done, in messages. */
export interface Tally {
  readonly name: string;
  accepted: number;
  rejected: number;
  /** Given back: each of these was delivered again, to anybody. */
  released: number;
}

/** Who took which message, and how often. */
export class Ledger {
  /** Messages the broker has taken from the producer, and those it has not. */
  sent = 0;
  refused = 0;
  /** Messages of an earlier run that were in the way. */
  stale = 0;
  readonly consumers: readonly Tally[];
  /** How often each message was accepted or rejected, by its number. */
  readonly #timesTaken: Map<number, number> = new Map<number, number>();

  constructor(
    readonly count: number,
    consumers: readonly string[],
  ) {
    this.consumers = consumers.map((name) => ({ name, accepted: 0, rejected: 0, released: 0 }));
  }

  /** Messages that were taken at least once. */
  get taken(): number {
    return this.#timesTaken.size;
  }

  /** Whether there is nothing left to wait for. */
  get isComplete(): boolean {
    return this.sent + this.refused === this.count && this.taken >= this.sent;
  }

  /** Enters what the producer has sent. */
  enterSent(accepted: number, refused: number): void {
    this.sent += accepted;
    this.refused += refused;
  }

  /** Enters what a consumer has done. */
  enterTaken(name: string, { accepted, rejected, released, stale }: Taken): void {
    const tally = this.consumers.find((consumer) => consumer.name === name);
    if (tally === undefined) throw new Error(`There is no consumer ${name}.`);
    tally.accepted += accepted.length;
    tally.rejected += rejected.length;
    tally.released += released.length;
    this.stale += stale;
    for (const number of [...accepted, ...rejected]) {
      this.#timesTaken.set(number, (this.#timesTaken.get(number) ?? 0) + 1);
    }
  }

  /** What is wrong, as a sentence; `undefined` when every message was sent once and taken once. */
  get fault(): string | undefined {
    const { count, sent, refused } = this;
    const lost = count - this.taken;
    const doubled = [...this.#timesTaken.values()].filter((times) => times > 1).length;
    if (sent !== count) return `The broker took ${sent} of ${count} messages, and refused ${refused}.`;
    if (lost > 0) return `${lost} of ${count} messages are lost: no consumer has taken them.`;
    if (doubled > 0) return `${doubled} of ${count} messages were taken more than once.`;
    return undefined;
  }
}
