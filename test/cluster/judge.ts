import type { Record, Verdict } from './check.js';

/** A promise, and whether a run has kept it. */
export interface Bar {
  readonly title: string;
  readonly holds: boolean;
  readonly seen: string;
  /** What the library does not do yet, so that the promise may not be kept. */
  readonly missing?: string;
}

/** The longest that there may be no service while two of three hosts are well, in milliseconds. */
const SERVICE = 10_000;

/** Holds what a run has shown against what is promised. */
export function judge(record: Record, verdict: Verdict, left: number): readonly Bar[] {
  const { accepted, received, lost, unexpected, copies, outOfOrder } = verdict;
  const others = JSON.stringify(record.otherwise);
  return [
    {
      title: 'every message that was accepted was received',
      holds: lost.length === 0 && accepted > 0,
      seen: `${accepted} accepted, ${received} received, ${lost.length} lost ${lost.slice(0, 5).join(' ')}`,
    },
    {
      title: 'nothing was received that was not sent',
      holds: unexpected.length === 0,
      seen: `${unexpected.length} unexpected`,
    },
    {
      title: 'every message ended, and was accepted',
      holds: record.pending === 0 && others === '{}',
      seen: `${record.pending} pending, otherwise ${others}`,
    },
    { title: 'nothing is left in the queue', holds: left === 0, seen: `${left} left` },
    {
      title: 'there are no more copies than outcomes that may have got lost',
      holds: copies <= record.uncertain,
      seen: `${copies} copies, ${record.uncertain} uncertain, ${outOfOrder} first deliveries out of order`,
    },
    {
      title: `there is service again within ${SERVICE / 1000} s`,
      holds: record.longestWithoutService <= SERVICE,
      seen: `${(record.longestWithoutService / 1000).toFixed(1)} s without at worst`,
      missing:
        'A connection leaves after six to eight seconds without an outcome, and the next node may not serve at once.',
    },
  ];
}
