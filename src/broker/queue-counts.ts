/** The messages that a queue has seen since it was made, counted by what has become of them. */
export interface QueueCounts {
  /** Came in. */
  received: number;
  /** Were given to a consumer; again counts again. */
  delivered: number;
  /** Were taken by a consumer for good. */
  accepted: number;
  /** Were not wanted by a consumer. */
  rejected: number;
  /** Came back after they had been out. */
  redelivered: number;
  /** Expired before a consumer took them. */
  expired: number;
  /** Were too much: refused to their senders, or dropped. */
  overflowed: number;
  /** Went on to the dead-letter address. */
  deadLettered: number;
}

/** Makes the counts of a queue that has seen no message yet. */
export function noCounts(): QueueCounts {
  return {
    received: 0,
    delivered: 0,
    accepted: 0,
    rejected: 0,
    redelivered: 0,
    expired: 0,
    overflowed: 0,
    deadLettered: 0,
  };
}
