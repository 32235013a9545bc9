import type { Environment } from '../../link/connection/environment.js';
import type { NodeCapabilities } from './node-capabilities.js';
import type { AuthenticationOptions } from '../../link/security/authentication.js';
import type { HostCredentials, SaslOptions } from '../../link/security/credentials.js';
import type { Failover } from '../../link/connection/host-list.js';
import type { ReconnectOptions } from '../../link/connection/retries.js';
import type { TlsOptions } from '../../link/security/tls.js';
import type { Outcome } from '../../message/outcome.js';

/** Limits of the outgoing queue. */
export interface OutgoingLimits {
  /** The most messages without an outcome. Default 1 000 000. */
  messages?: number;
  /** The most encoded bytes of these messages. Default 1 GiB. */
  bytes?: number;
}

/** Limits of the incoming queue. */
export interface IncomingLimits {
  /**
   * The encoded bytes of waiting messages above which peers get no new credit. Messages for credit that they have, at
   * most `messenger.receiving`, may still come. Incomplete messages, and messages beyond the credit, may take the same
   * number of bytes again; a link that exceeds it is closed. Default 1 GiB.
   */
  bytes?: number;
}

/**
 * Authentication and limits for peers that connect to a listening address (`~host`). A peer that has not authenticated
 * and opened its connection within `connectTimeout` is disconnected. With users or `authenticate`, and `tls.ca`, a
 * certificate that one of those authorities has signed replaces the password.
 */
export interface ListenOptions extends AuthenticationOptions {
  /** The most connections. Others are dropped. Default 1000. */
  maxConnections?: number;
  /**
   * The most connections of one host, including those that have not authenticated yet. Others are dropped. Default half
   * of `maxConnections`, and at least 16.
   */
  maxConnectionsPerHost?: number;
  /** The most sessions of a connection, from 1 to 65 536. Default 1024. */
  maxSessions?: number;
  /** The most links of a connection. Others are refused. Default 1024. */
  maxLinks?: number;
}

/** Options of a messenger. Every field is optional; times are in milliseconds, sizes in bytes. */
export interface MessengerOptions {
  /** The name of the messenger: its AMQP container-id, which `~` in `replyTo` stands for. Default: a random UUID. */
  name?: string;
  /**
   * Above 0, a message stays queued until the peer has sent its outcome, and is sent again after a lost connection:
   * at-least-once delivery. 0 sends messages settled: at-most-once delivery, with the only outcome `settled`. Default
   * 0.
   */
  outgoingWindow?: number;
  /**
   * The most received messages without an outcome, in any order. At the limit, a loop waits. `get` does not wait: the
   * oldest message that it returned falls out of the window, with the `defaultOutcome`. A negative number means no
   * limit. 0 accepts every message as it is returned. Default 0.
   */
  incomingWindow?: number;
  /**
   * The outcome of a message that falls out of the `incomingWindow`, or that `settle` settles without an outcome. It is
   * sent to the peer in the attach (AMQP 1.0 §3.5.3, `default-outcome`). `modified` counts as a failed delivery.
   * Default `released`: the message may be delivered again, to any receiver.
   */
  defaultOutcome?: Outcome['type'];
  /**
   * True if `send`, `recv` and `stop` wait. If false, they return at once, with `false` when there is something left to
   * wait for. Default true.
   */
  blocking?: boolean;
  /** The opposite of `blocking`, as in Proton: with true, no call waits. Default false. */
  passive?: boolean;
  /** The time limit of `send`, `recv` and `stop`, unless a call gives its own. Default: none. */
  timeout?: number;
  /** The limits of queued messages, above which `put` throws. Default 1 000 000 messages and 1 GiB. */
  maxOutgoing?: OutgoingLimits;
  /** The limit of waiting messages, above which peers get no credit. Default 1 GiB. */
  maxIncoming?: IncomingLimits;
  /**
   * The most times that a message is sent again because its connection was lost before its outcome was known.
   * Afterwards it is aborted, because it may be the message that makes the peer fail. Default no limit.
   */
  maxRedeliveries?: number;
  /** The policy for opening lost connections again, or `false` to give up at once. */
  reconnect?: ReconnectOptions | false;
  /** The time limit for opening a connection. Default 15 000. */
  connectTimeout?: number;
  /**
   * The time that a peer may leave an attach, or all messages that were sent to it, without an answer. Then the
   * connection is made anew, to the next host where there is one, and messages without an outcome go out again. After a round
   * of hosts without an answer the time doubles, up to eightfold. Without other hosts an attach is repeated instead, and is an `error`
   * event. 0 means no limit. Default 6000 with other hosts (`failover`). Otherwise 60 000, and a message without an
   * outcome is an `error` event, once a connection: a receiver may work on it for minutes.
   */
  answerTimeout?: number;
  /** A connection is lost when its peer sends nothing for twice this time. 0 means no limit. Default 60 000. */
  idleTimeout?: number;
  /** The largest frame accepted from a peer. Default 1 MiB. */
  maxFrameSize?: number;
  /** The largest message accepted from a peer. Default 16 MiB. */
  maxMessageSize?: number;
  /**
   * The time after which an unused sender link, and then a connection without links, is closed. A peer cannot send
   * answers over a closed connection. Default 0: never.
   */
  closeIdleAfter?: number;
  /**
   * The sender settle mode of links that are attached while the window is above 0 (AMQP 1.0 §2.8.2). Default `mixed`
   * for sender links and `unsettled` for receiver links.
   */
  senderSettleMode?: SenderSettleMode;
  /**
   * The receiver settle mode of links that are attached while `incomingWindow` is above 0 (AMQP 1.0 §2.8.3). With
   * `first` the receiver settles with its outcome, with `second` after the sender has settled. Default `first`.
   */
  receiverSettleMode?: 'first' | 'second';
  /**
   * The capabilities that nodes must have, such as `['queue']`, or by pattern of the node's name: `{ 'news/*':
   * ['topic'], '*': ['queue'] }`, where the first that matches counts. They apply to sender links, and to subscriptions
   * without `capabilities`. Some peers make a queue or a topic of a new address by them. Default none; on Artemis a new
   * address becomes a queue then.
   */
  capabilities?: NodeCapabilities;
  /** Other hosts to connect to when the host of an address is down. For hosts that peers name, see `dialPeerHosts`. */
  failover?: Failover;
  /**
   * The host that peers are told we want, where it is not the one that is dialled: a virtual host, such as `vhost:tenant` of
   * RabbitMQ. One for all, or by `host` or `host:port`.
   */
  hostname?: string | Readonly<Record<string, string>>;
  /**
   * Credentials for single hosts, by `host` or `host:port`. They take precedence over `sasl`, which is for every host
   * that the program or its configuration names.
   */
  credentials?: HostCredentials;
  /**
   * True to dial hosts that only peers have named: in the `replyTo` of messages, in redirects, and in failover lists.
   * These hosts get only the credentials that `credentials` has for them. Default false.
   */
  dialPeerHosts?: boolean;
  /**
   * True if an `amqp://` address without credentials may mean a connected peer whose container-id is the host of the
   * address. A peer can choose any container-id, so use this only where every peer is trusted. Answers do not need it.
   * Default false.
   */
  containerIdsAsHosts?: boolean;
  /** Credentials for addresses without their own; tokens; the SASL mechanisms that may be used. */
  sasl?: SaslOptions;
  /** Certificates and keys, for `amqps` addresses to dial and to listen on. */
  tls?: TlsOptions;
  /** Authentication and limits of peers that connect to a listening address. Default: no authentication. */
  listen?: ListenOptions;
  /** True to send passwords over connections that are neither TLS nor loopback. Default false. */
  allowInsecureMechs?: boolean;
  /** Clock, randomness, names and the network. Those that are left out are the machine's. */
  environment?: Partial<Environment>;
}

/** The sender settle mode (AMQP 1.0 §2.8.2): the sender sends deliveries unsettled, settled, or either. */
export type SenderSettleMode = 'unsettled' | 'settled' | 'mixed';

/** The modes in the order of their numbers on the wire (AMQP 1.0 §2.8.2). */
export const SENDER_SETTLE_MODES: readonly SenderSettleMode[] = ['unsettled', 'settled', 'mixed'];

/** Options of a call that waits. */
export interface WaitOptions {
  /** The time limit, in milliseconds. Default: the messenger's `timeout`. */
  timeout?: number | undefined;
  /** Ends the wait: the call rejects with the signal's reason, without another effect. */
  signal?: AbortSignal | undefined;
}

/** Options of `stop` and `close`. */
export interface StopOptions extends WaitOptions {
  /** True to wait first, within the time limit, until every message has its outcome. Default false. */
  drain?: boolean | undefined;
}
