import type { PeerError } from '../../errors.js';
import type { Outcome } from '../../message/outcome.js';
import type { Properties } from '../../message/message.js';

/** What more may be asked of the node at the peer's end of a link (AMQP 1.0 §3.5.3, §3.5.4). */
export interface TerminusOptions {
  /** How much of the terminus outlives the connection: 0 nothing, 1 that it exists, 2 what is unsettled too. Default 0. */
  readonly durable?: 0 | 1 | 2 | undefined;
  /** When the peer's clock for `terminusTimeout` starts. Default `session-end`. */
  readonly expiryPolicy?: 'link-detach' | 'session-end' | 'connection-close' | 'never' | undefined;
  /** How long the peer keeps the terminus then, in seconds. Default 0. */
  readonly terminusTimeout?: number | undefined;
  /** Whether a receiver takes messages away or only looks at them. Sources only. */
  readonly distributionMode?: 'move' | 'copy' | undefined;
  /** Which messages a receiver wants, by the names of the filters. Sources only. */
  readonly filter?: Properties | undefined;
  /** What becomes of a delivery that the receiver settles without an outcome, or loses. Sources only. */
  readonly defaultOutcome?: Outcome | undefined;
  /** What the node is to be able to do. */
  readonly capabilities?: readonly string[] | undefined;
}

/** What a link is asked for when it is attached. */
export interface LinkOptions extends TerminusOptions {
  /** Its name: unique, since peers keep links by it (AMQP 1.0 §2.6.1). */
  readonly name: string;
  /** The node at the peer; `null` for the anonymous node, `undefined` with `dynamic`. */
  readonly address: string | null | undefined;
  /** Whether the peer makes a node of its own for it. */
  readonly dynamic: boolean;
  /** Messages go out, or are wanted, settled. */
  readonly presettled: boolean;
  /** The largest message taken, in bytes. Receivers only. */
  readonly maxMessageSize: number;
  /** Whether the sender settles: 0 never first, 1 always, 2 as it likes (AMQP 1.0 §2.8.2). Default 2. */
  readonly senderSettleMode?: 0 | 1 | 2 | undefined;
  /** Whether the receiver settles first, 0, or only after the sender, 1 (AMQP 1.0 §2.8.3). Default 0. */
  readonly receiverSettleMode?: 0 | 1 | undefined;
  /** How often a message is sent again after a lost connection, before it is aborted. Default no limit. Senders only. */
  readonly maxRedeliveries?: number | undefined;
  /** Properties of the link. */
  readonly properties?: Properties | undefined;
}

/**
 * How a link has ended: the peer has closed it, or only detached it, which lets a durable terminus stay (AMQP 1.0
 * §2.6.3–4); its connection is gone; or it was closed from here.
 */
export type LinkEnd = 'closed' | 'detached' | 'lost' | 'here';

/** How a link is closed from here. */
export interface LinkClose {
  /** What the peer is told. Default: nothing is wrong. */
  readonly error?: PeerError | undefined;
  /** Only detach: what is durable at the peer stays (AMQP 1.0 §2.6.4). Default false. */
  readonly keep?: boolean | undefined;
}
