/** The lowest and the highest of several runs. */
export type Spread = readonly [lowest: number, highest: number];

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  if (upper === undefined || lower === undefined) throw new Error('There is no median of no values.');
  return (lower + upper) / 2;
}

/** The lowest and the highest value. */
export function spread(values: readonly number[]): Spread {
  return [Math.min(...values), Math.max(...values)];
}
