import type { Status } from './status.js';

/**
 * Follows one message: what `put` and `get` give. It is opaque: hand it to `status`, `accept`, `reject`, `release`,
 * `modify` or `settle` of the messenger it came from.
 */
export interface Tracker {
  /** Whether the message was sent or received. */
  readonly direction: 'outgoing' | 'incoming';
  /** Where the delivery stands now. */
  readonly status: Status;
  /** Why it was rejected (the peer's words) or aborted. */
  readonly error: Error | undefined;
  /**
   * Waits until the delivery ends. Never rejects: an aborted delivery resolves to `'aborted'`, and `error` says why.
   * May be called any number of times.
   */
  outcome(): Promise<Status>;
}

/** The waiting side of `outcome()`: made only for trackers that somebody waits for. */
export class OutcomePromise {
  readonly promise: Promise<Status>;
  resolve!: (status: Status) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
