import type { Status } from './status.js';

/**
 * Identifies one delivery, as `put` and `get` return it. Pass it to `status`, `accept`, `reject`, `release`, `modify`
 * or `settle` of the same messenger.
 */
export interface Tracker {
  /** The direction of the message: sent or received. */
  readonly direction: 'outgoing' | 'incoming';
  /** The current status of the delivery. */
  readonly status: Status;
  /** The reason it was rejected, in the peer's words, or aborted. */
  readonly error: Error | undefined;
  /**
   * Waits until the delivery ends, and resolves to its status. Never rejects: an aborted delivery resolves to
   * `'aborted'`, and `error` tells the reason. May be called any number of times.
   */
  outcome(): Promise<Status>;
}

/** The promise behind `outcome()`. It is made only when `outcome()` is called. */
export class OutcomePromise {
  readonly promise: Promise<Status>;
  resolve!: (status: Status) => void;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
