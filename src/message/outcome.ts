import type { PeerError } from '../errors.js';
import type { Properties } from './message.js';

/** What a receiver says of a delivery (AMQP 1.0 §3.4). */
export type Outcome = Accepted | Rejected | Released | Modified;

/** The message has been dealt with (§3.4.2). */
export interface Accepted {
  /** Which outcome it is. */
  readonly type: 'accepted';
}

/** The message is not valid and is not wanted back (§3.4.3). */
export interface Rejected {
  /** Which outcome it is. */
  readonly type: 'rejected';
  /** Why. */
  readonly error?: PeerError | undefined;
}

/** The message was not looked at and may go to anybody (§3.4.4). */
export interface Released {
  /** Which outcome it is. */
  readonly type: 'released';
}

/** The message goes back changed (§3.4.5). */
export interface Modified {
  /** Which outcome it is. */
  readonly type: 'modified';
  /** Counts as a failed delivery. Default false. */
  readonly deliveryFailed?: boolean | undefined;
  /** Do not deliver it here again. Default false. */
  readonly undeliverableHere?: boolean | undefined;
  /** Annotations to set on it. */
  readonly annotations?: Properties | undefined;
}

/** The outcomes that carry nothing are shared, so that runs of them can be told by identity. */
export const ACCEPTED: Accepted = Object.freeze({ type: 'accepted' });
/** The one `released` outcome. */
export const RELEASED: Released = Object.freeze({ type: 'released' });
