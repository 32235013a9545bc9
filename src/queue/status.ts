/**
 * The status of a delivery. It starts as `pending` and ends once:
 *
 * - `accepted`, `rejected`, `released`, `modified`: the receiver's outcome;
 * - `settled`: done without an outcome, as every message sent with `outgoingWindow: 0` is once it is written;
 * - `aborted`: it failed; `error` tells the reason;
 * - `expired`: it expired while it was queued, so it was not sent.
 */
export type Status = 'pending' | 'accepted' | 'rejected' | 'released' | 'modified' | 'settled' | 'aborted' | 'expired';

/** The outcomes that a receiver can still give to a delivery that came settled. */
const MARKS: ReadonlySet<Status> = new Set(['accepted', 'rejected', 'released', 'modified']);

/** True if a delivery may go from one status to another. */
export function mayBecome(from: Status, to: Status): boolean {
  return from === 'pending' ? to !== 'pending' : from === 'settled' && MARKS.has(to);
}
