import type { PeerError } from '../errors.js';
import type { Properties } from './message.js';

/** The receiver's verdict on a delivery (AMQP 1.0 §3.4). */
export type Outcome = Accepted | Rejected | Released | Modified;

/** The receiver has processed the message (§3.4.2). */
export interface Accepted {
  /** The kind of outcome. */
  readonly type: 'accepted';
}

/** The message is invalid and cannot be processed (§3.4.3). */
export interface Rejected {
  /** The kind of outcome. */
  readonly type: 'rejected';
  /** The reason. */
  readonly error?: PeerError | undefined;
}

/** The receiver has not processed the message: the sender may deliver it again, to any receiver (§3.4.4). */
export interface Released {
  /** The kind of outcome. */
  readonly type: 'released';
}

/** The receiver returns the message changed (§3.4.5). */
export interface Modified {
  /** The kind of outcome. */
  readonly type: 'modified';
  /** True if the sender must count a failed delivery. Default false. */
  readonly deliveryFailed?: boolean | undefined;
  /** True if the sender must not deliver the message to this receiver again. Default false. */
  readonly undeliverableHere?: boolean | undefined;
  /** Annotations to set on the message. */
  readonly annotations?: Properties | undefined;
}

/** The `accepted` outcome. It is one shared object, so that runs of it can be found by comparing references. */
export const ACCEPTED: Accepted = Object.freeze({ type: 'accepted' });
/** The `released` outcome, one shared object as well. */
export const RELEASED: Released = Object.freeze({ type: 'released' });
