import type { PeerError } from '../../errors.js';
import type { Outcome } from '../../message/outcome.js';
import type { Properties } from '../../message/message.js';
import type { Product } from './product.js';

/** Further wishes for the node at the peer's end of a link (AMQP 1.0 §3.5.3, §3.5.4). */
export interface TerminusOptions {
  /** The part of the terminus that outlives the connection: 0 nothing, 1 its existence, 2 its unsettled deliveries too. Default 0. */
  readonly durable?: 0 | 1 | 2 | undefined;
  /** When the peer's clock for `terminusTimeout` starts. Default `session-end`. */
  readonly expiryPolicy?: 'link-detach' | 'session-end' | 'connection-close' | 'never' | undefined;
  /** The time for which the peer keeps the terminus then, in seconds. Default 0. */
  readonly terminusTimeout?: number | undefined;
  /** The way a receiver gets messages: it takes them away, `move`, or only looks at them, `copy`. Sources only. */
  readonly distributionMode?: 'move' | 'copy' | undefined;
  /** Which messages a receiver wants, by the names of the filters. Sources only. */
  readonly filter?: Properties | undefined;
  /** The outcome of a delivery that the receiver settles without one, or loses. Sources only. */
  readonly defaultOutcome?: Outcome | undefined;
  /** The capabilities that the node is to have. */
  readonly capabilities?: readonly string[] | undefined;
}

/** The peer of a connection, as its open frame shows it. */
export interface PeerFacts {
  /** The broker, as far as it is known. */
  readonly product: Product;
  /** The capabilities that the peer has offered for the connection. */
  readonly offered: readonly string[];
}

/** The terms of a link as the peer has answered them. */
export interface GrantedTerms extends PeerFacts {
  /** The names of the filters. */
  readonly filters: readonly string[];
  readonly distributionMode: string | undefined;
  /** The capabilities of the node. */
  readonly capabilities: readonly string[];
  /** As in `TerminusOptions`. */
  readonly durable: number;
  /** In seconds; `Infinity` for a terminus that never expires. */
  readonly terminusTimeout: number;
  readonly senderSettleMode: number;
  readonly receiverSettleMode: number;
}

/** The options with which a link is attached. */
export interface LinkOptions extends TerminusOptions {
  /** Its name: unique, since peers keep links by it (AMQP 1.0 §2.6.1). */
  readonly name: string;
  /** The node at the peer; `null` for the anonymous node, `undefined` with `dynamic`. */
  readonly address: string | null | undefined;
  /** True when the peer makes a node of its own for it. */
  readonly dynamic: boolean;
  /** The sender sends messages settled. On a receiver link the peer is asked to. */
  readonly presettled: boolean;
  /** The largest message taken, in bytes. Receivers only. */
  readonly maxMessageSize: number;
  /** The way the sender settles: 0 never first, 1 always, 2 as it likes (AMQP 1.0 §2.8.2). Default 2. */
  readonly senderSettleMode?: 0 | 1 | 2 | undefined;
  /** The way the receiver settles: 0 first, 1 only after the sender (AMQP 1.0 §2.8.3). Default 0. */
  readonly receiverSettleMode?: 0 | 1 | undefined;
  /** The number of times that a message is sent again after a lost connection, before it is aborted. Default no limit. Senders only. */
  readonly maxRedeliveries?: number | undefined;
  /** Properties of the link. */
  readonly properties?: Properties | undefined;
}

/**
 * The way a link has ended: the peer has closed it, or only detached it, which lets a durable terminus stay (AMQP 1.0
 * §2.6.3–4); its session or connection was closed in order, without an error (`ended`), or is gone (`lost`); or this side
 * has closed it (`local`).
 */
export type LinkEnd = 'closed' | 'detached' | 'ended' | 'lost' | 'local';

/** The way this side closes a link. */
export interface LinkClose {
  /** The error that the peer is told. Default none. */
  readonly error?: PeerError | undefined;
  /** Only detach: what is durable at the peer stays (AMQP 1.0 §2.6.4). Default false. */
  readonly keep?: boolean | undefined;
}
