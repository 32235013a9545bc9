import type { QueueCounts } from './queue-counts.js';

/** Messages a second, over the last few seconds. */
export interface QueueRates {
  /** Came in. */
  readonly received: number;
  /** Were given to a consumer. */
  readonly delivered: number;
  /** Were taken by a consumer for good. */
  readonly accepted: number;
}

/** The time between two looks at the counts, in milliseconds. */
export const SAMPLE_INTERVAL = 1000;

/** The number of such looks from which rates are worked out. */
const SAMPLES = 5;

interface Sample extends QueueRates {
  readonly time: number;
}

/** Works out rates from counts that are looked at now and then: to count per message costs nothing more. */
export class RateMeter {
  readonly #counts: QueueCounts;
  readonly #samples: Sample[] = [];

  constructor(counts: QueueCounts, now: number) {
    this.#counts = counts;
    this.sample(now);
  }

  /** Takes a look. To be called every `SAMPLE_INTERVAL`. */
  sample(now: number): void {
    this.#samples.push(this.#look(now));
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The rates from the oldest look kept until now. */
  rates(now: number): QueueRates {
    const from = this.#samples[0]!; // one is there from the beginning
    const to = this.#look(now);
    // Shorter than this, one message would look like many.
    const seconds = Math.max(now - from.time, SAMPLE_INTERVAL) / 1000;
    return {
      received: (to.received - from.received) / seconds,
      delivered: (to.delivered - from.delivered) / seconds,
      accepted: (to.accepted - from.accepted) / seconds,
    };
  }

  #look(time: number): Sample {
    const { received, delivered, accepted } = this.#counts;
    return { time, received, delivered, accepted };
  }
}
