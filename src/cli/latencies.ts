/** The number of buckets for each doubling: values are inexact by less than 2 %. */
const STEPS = 36;
/** The smallest latency that has a bucket of its own, in milliseconds. */
const SMALLEST = 0.001;

/** A histogram of latencies, whose size does not grow with their number. */
export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;
  #max = 0;

  /** Adds a latency, in milliseconds. */
  add(latency: number): void {
    const bucket = Math.max(0, Math.ceil(Math.log2(Math.max(latency, SMALLEST) / SMALLEST) * STEPS));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
    this.#max = Math.max(this.#max, latency);
  }

  /**
   * The latency in milliseconds that a share of all latencies did not exceed, such as 0.99 for the 99th percentile. 0
   * when there are none.
   */
  percentile(share: number): number {
    const wanted = Math.ceil(share * this.#count);
    let seen = 0;
    // Empty buckets are holes, which `entries` returns too.
    for (const [bucket, count] of (this.#buckets as (number | undefined)[]).entries()) {
      seen += count ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(this.#max, SMALLEST * 2 ** (bucket / STEPS));
    }
    return 0;
  }
}
