import type { Tracker } from '../../src/index.js';

/** How a message is told from all others. */
export type Id = string;

/** A message that somebody put. */
export interface Sent {
  readonly id: Id;
  readonly by: string;
  readonly to: string;
  readonly at: number;
  readonly tracker: Tracker;
  endedAt: number | undefined;
}

/** A message that a program was given. */
export interface Handled {
  readonly id: Id;
  readonly by: string;
  readonly from: string;
  readonly at: number;
  readonly deliveryCount: number;
  /** What the program said of it. */
  outcome: 'accepted' | 'released' | 'failed' | 'rejected' | undefined;
}

/** The time in which somebody lost a connection or a link, or gave one up. */
interface Disturbance {
  readonly from: number;
  to: number;
}

/** What is known of a run from outside: what programs have put, were given and have said, and when they were disturbed. */
export class Ledger {
  readonly sent = new Map<Id, Sent>();
  readonly handled = new Map<Id, Handled[]>();
  /** What was found in the queues at the end. */
  readonly left = new Map<Id, number>();
  /** When a messenger lost a connection or a link, or gave one up. */
  readonly #disturbances = new Map<string, Disturbance[]>();
  readonly problems: string[] = [];

  problem(kind: string, words: string): void {
    this.problems.push(`${kind}: ${words}`);
  }

  handle(handled: Handled): void {
    const before = this.handled.get(handled.id);
    if (before === undefined) this.handled.set(handled.id, [handled]);
    else before.push(handled);
  }

  found(id: Id): void {
    this.left.set(id, (this.left.get(id) ?? 0) + 1);
  }

  /** Somebody is disturbed, for a moment or until the returned disturbance is given another end. */
  disturbed(who: string, at: number, until = at): Disturbance {
    const disturbance = { from: at, to: until };
    const known = this.#disturbances.get(who);
    if (known === undefined) this.#disturbances.set(who, [disturbance]);
    else known.push(disturbance);
    return disturbance;
  }

  /** Whether somebody was disturbed between two times. */
  wasDisturbed(who: string, from: number, to: number): boolean {
    return this.timesDisturbed(who, from, to) > 0;
  }

  /** How often somebody was disturbed between two times. */
  timesDisturbed(who: string, from: number, to: number): number {
    return this.#disturbances.get(who)?.filter((one) => one.to >= from && one.from <= to).length ?? 0;
  }

  /** How often anybody was, all in all. */
  get disturbances(): number {
    let count = 0;
    for (const times of this.#disturbances.values()) count += times.length;
    return count;
  }
}
