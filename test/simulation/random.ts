import { seeded } from '../support/seeded.js';

/** Chance, from a seed. Everything that a run leaves to chance comes from here, so that it can be run again. */
export class Random {
  /** From 0 up to 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  /** A source of its own, so that who draws less or more does not change what others draw. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A number from `least` up to `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** Whether something happens that does so in this share of all cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of several. */
  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]!;
  }

  /** A name in the shape of a random UUID. */
  readonly uuid = (): string => {
    const digits = Array.from({ length: 4 }, () =>
      this.below(2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
  };
}
