import type { Environment } from '../../link/connection/environment.js';
import type { NodeCapabilities } from './node-capabilities.js';
import type { AuthenticationOptions } from '../../link/security/authentication.js';
import type { HostCredentials, SaslOptions } from '../../link/security/credentials.js';
import type { Failover } from '../../link/connection/host-list.js';
import type { ReconnectOptions } from '../../link/connection/retries.js';
import type { TlsOptions } from '../../link/security/tls.js';
import type { Outcome } from '../../message/outcome.js';

/** How much may be queued for sending. */
export interface OutgoingLimits {
  /** Messages without an outcome. Default 1 000 000. */
  messages?: number;
  /** Their encoded bytes. Default 1 GiB. */
  bytes?: number;
}

/** How much may wait to be got. */
export interface IncomingLimits {
  /**
   * Encoded bytes. While more wait, peers are given no new credit; what they have been given before, at most
   * `messenger.receiving` messages, may still come. As many bytes again may be of messages that are not whole yet, or that came
   * without credit; more end their link. Default 1 GiB.
   */
  bytes?: number;
}

/**
 * Who may connect to an address that is listened on (`~host`), and how much of everything a peer may have. A peer that has
 * not logged in and opened its connection after `connectTimeout` is cut off. With users, or `authenticate`, and `tls.ca`,
 * a certificate that one of those authorities has signed is as good as a password.
 */
export interface ListenOptions extends AuthenticationOptions {
  /** How many connections there may be. Others are dropped. Default 1000. */
  maxConnections?: number;
  /**
   * How many of those one host may have, those that have not logged in among them. Others are dropped. Default half of
   * `maxConnections`, and at least 16.
   */
  maxConnectionsPerHost?: number;
  /** How many sessions a connection may have, from 1 to 65 536. Default 1024. */
  maxSessions?: number;
  /** How many links a connection may have. Others are refused. Default 1024. */
  maxLinks?: number;
}

/** How a messenger behaves. Every field is optional; times are in milliseconds, sizes in bytes. */
export interface MessengerOptions {
  /** Its name: the AMQP container-id peers know it by, and what `~` in `replyTo` stands for. Default: a random UUID. */
  name?: string;
  /**
   * Above 0, a message stays queued until the peer has said what became of it, and is sent again after a lost
   * connection: at least once. 0 sends messages settled: at most once, and no outcome but `settled`. Default 0.
   */
  outgoingWindow?: number;
  /**
   * How many received messages may be without an outcome at a time, in whichever order they get one. A loop waits when
   * there are so many. `get` does not: the oldest that it gave falls out of the window then, with the `defaultOutcome`.
   * Negative for no limit. 0 accepts every message as it is given out. Default 0.
   */
  incomingWindow?: number;
  /**
   * What becomes of a message that falls out of the `incomingWindow`, or is settled by `settle` without an outcome. Peers
   * are told when a link is attached (AMQP 1.0 §3.5.3, `default-outcome`). `modified` counts as a failed delivery.
   * Default `released`: it may be delivered again, to anybody.
   */
  defaultOutcome?: Outcome['type'];
  /**
   * Whether `send`, `recv` and `stop` wait. Without it they return at once, with `false` when there is something left to
   * wait for. Default true.
   */
  blocking?: boolean;
  /** The same the other way round, as the original had it: `true` never waits. Default false. */
  passive?: boolean;
  /** The time limit of `send`, `recv` and `stop`, unless a call gives its own. Default: none. */
  timeout?: number;
  /** How much may be queued for sending before `put` throws. Default 1 000 000 messages and 1 GiB. */
  maxOutgoing?: OutgoingLimits;
  /** How much may wait to be got before peers may send no more. Default 1 GiB. */
  maxIncoming?: IncomingLimits;
  /**
   * How often a message is sent again because a connection was lost before its outcome was known. Then it is aborted: it
   * may be what the peer dies of. Default no limit.
   */
  maxRedeliveries?: number;
  /** How lost connections are opened again, or `false` to give up at once. */
  reconnect?: ReconnectOptions | false;
  /** How long a connection may take to open. Default 15 000. */
  connectTimeout?: number;
  /** A peer that sends nothing for twice this long is taken for dead. 0 waits for ever. Default 60 000. */
  idleTimeout?: number;
  /** The largest frame taken from a peer. Default 1 MiB. */
  maxFrameSize?: number;
  /** The largest message taken from a peer. Default 16 MiB. */
  maxMessageSize?: number;
  /**
   * How long a link that nothing is put on stays open, and a connection without links. Default 0: for ever. A peer that
   * has been put to sleep so cannot send answers over the connection.
   */
  closeIdleAfter?: number;
  /**
   * Who settles on links opened while the window is above 0 (AMQP 1.0 §2.8.2): a sender link `mixed` and a receiver link
   * `unsettled`, unless this says otherwise.
   */
  senderSettleMode?: SenderSettleMode;
  /**
   * Whether a receiver settles with its outcome, or only when the sender has said that it knows of it (AMQP 1.0 §2.8.3).
   * For links opened while `incomingWindow` is above 0. Default `first`.
   */
  receiverSettleMode?: 'first' | 'second';
  /**
   * The capabilities that nodes are to have, such as `['queue']`, or by pattern of the node's name:
   * `{ 'news/*': ['topic'], '*': ['queue'] }`, of which the first that matches counts. It goes for what is sent to, and for
   * subscriptions that state none themselves. Some peers make a queue or a topic of an address by it. Default none; on
   * Artemis a new address is made a queue then.
   */
  capabilities?: NodeCapabilities;
  /** Other hosts to go to when the one that an address names is not there. Those that peers name: see `dialPeerHosts`. */
  failover?: Failover;
  /**
   * The host that peers are told we want, where it is not the one that is dialled: a virtual host, such as `vhost:tenant` of
   * RabbitMQ. One for all, or by `host` or `host:port`.
   */
  hostname?: string | Readonly<Record<string, string>>;
  /**
   * Who we are at single hosts, by `host` or `host:port`. It goes before `sasl`, which is for every host that the program or
   * its configuration names.
   */
  credentials?: HostCredentials;
  /**
   * Whether hosts that only peers have named are dialled: in the `replyTo` of messages, in redirects, and in lists of
   * stand-ins for failover. They get no credentials but what `credentials` has for them. Default false.
   */
  dialPeerHosts?: boolean;
  /**
   * Whether an `amqp://` address without credentials may stand for a connected peer that calls itself by its host, with
   * its container-id. Anybody may call himself anything, so this is for networks where every peer is trusted. Answers find
   * their way without it. Default false.
   */
  containerIdsAsHosts?: boolean;
  /** Who we are, where an address does not say it; tokens; which SASL mechanisms may be used. */
  sasl?: SaslOptions;
  /** Certificates and keys, for `amqps` addresses to dial and to listen on. */
  tls?: TlsOptions;
  /** Who may connect where it listens. Default: anybody. */
  listen?: ListenOptions;
  /** Send passwords over connections that are neither TLS nor loopback. Default false. */
  allowInsecureMechs?: boolean;
  /** Time, chance, names and the network. What is left out is the machine's. */
  environment?: Partial<Environment>;
}

/** Who settles a delivery first: the receiver, the sender as it sends, or either as it likes (AMQP 1.0 §2.8.2). */
export type SenderSettleMode = 'unsettled' | 'settled' | 'mixed';

/** The modes in the order of their numbers on the wire (AMQP 1.0 §2.8.2). */
export const SENDER_SETTLE_MODES: readonly SenderSettleMode[] = ['unsettled', 'settled', 'mixed'];

/** What a call that waits may be given. */
export interface WaitOptions {
  /** How long to wait, in milliseconds. Default: the messenger's `timeout`. */
  timeout?: number | undefined;
  /** Stops waiting: the call rejects with the signal's reason, and nothing else changes. */
  signal?: AbortSignal | undefined;
}

/** What `stop` and `close` may be given. */
export interface StopOptions extends WaitOptions {
  /** First wait, within the time limit, until every message put has its outcome. Default false. */
  drain?: boolean | undefined;
}
