/**
 * Where a delivery stands. It starts `pending` and ends once:
 *
 * - `accepted`, `rejected`, `released`, `modified`: the receiver's outcome;
 * - `settled`: done without an outcome, as every message sent with `outgoingWindow: 0` is once it is written;
 * - `aborted`: given up; the error says why;
 * - `expired`: its time ran out while it was queued, so it was not sent.
 */
export type Status = 'pending' | 'accepted' | 'rejected' | 'released' | 'modified' | 'settled' | 'aborted' | 'expired';

const AFTER: Readonly<Record<Status, readonly Status[]>> = {
  pending: ['accepted', 'rejected', 'released', 'modified', 'settled', 'aborted', 'expired'],
  // A pre-settled delivery that was received can still be marked by its receiver.
  settled: ['accepted', 'rejected', 'released', 'modified'],
  accepted: [],
  rejected: [],
  released: [],
  modified: [],
  aborted: [],
  expired: [],
};

/** Whether a delivery may go from one status to another. */
export function mayBecome(from: Status, to: Status): boolean {
  return AFTER[from].includes(to);
}
