/**
 * Where a delivery stands. It starts `pending` and ends once:
 *
 * - `accepted`, `rejected`, `released`, `modified`: the receiver's outcome;
 * - `settled`: done without an outcome, as every message sent with `outgoingWindow: 0` is once it is written;
 * - `aborted`: given up; the error says why;
 * - `expired`: its time ran out while it was queued, so it was not sent.
 */
export type Status = 'pending' | 'accepted' | 'rejected' | 'released' | 'modified' | 'settled' | 'aborted' | 'expired';

/** What a delivery that came settled can still be marked as by its receiver. */
const MARKS: ReadonlySet<Status> = new Set(['accepted', 'rejected', 'released', 'modified']);

/** Whether a delivery may go from one status to another. */
export function mayBecome(from: Status, to: Status): boolean {
  return from === 'pending' ? to !== 'pending' : from === 'settled' && MARKS.has(to);
}
