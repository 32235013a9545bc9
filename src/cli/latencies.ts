/** Buckets to each doubling: values are off by less than 2 %. */
const STEPS = 36;
/** The smallest latency that is told apart, in milliseconds. */
const SMALLEST = 0.001;

/** How long things took: a histogram whose size does not grow with their number. */
export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;
  #max = 0;

  /** Adds one, in milliseconds. */
  add(latency: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log2(Math.max(latency, SMALLEST) / SMALLEST) * STEPS));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
    this.#max = Math.max(this.#max, latency);
  }

  /** The latency, in milliseconds, that this share of all did not exceed: 0.99 for the 99th percentile. 0 without any. */
  percentile(share: number): number {
    const wanted = Math.ceil(share * this.#count);
    let seen = 0;
    // Buckets that nothing fell into are holes, which `entries` gives too.
    for (const [bucket, count] of (this.#buckets as (number | undefined)[]).entries()) {
      seen += count ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(this.#max, SMALLEST * 2 ** (bucket / STEPS));
    }
    return 0;
  }
}
