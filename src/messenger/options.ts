import { OptionError } from '../errors.js';
import { authenticatorOf } from '../link/authentication.js';
import type { AuthenticationOptions } from '../link/authentication.js';
import { SASL_MECHANISMS } from '../link/credentials.js';
import type { SaslOptions } from '../link/credentials.js';
import { checkFailover } from '../link/host-list.js';
import type { Failover } from '../link/host-list.js';
import { DEFAULT_LIMITS } from '../link/limits.js';
import { DEFAULT_RECONNECT } from '../link/reconnect.js';
import type { ReconnectOptions, ReconnectPolicy } from '../link/reconnect.js';
import type { Authenticator } from '../link/server-sasl.js';
import type { TlsOptions } from '../link/tls.js';
import { LONGEST_TIMER } from '../queue/expiry.js';

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
   * `messenger.receiving` messages, may still come. Default 1 GiB.
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
   * How many received messages may wait for `accept` or `reject` after `get`. What falls out of the window is settled
   * without an outcome. 0 accepts every message as `get` returns it. Default 0.
   */
  incomingWindow?: number;
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
  /** The largest message taken from a peer. Default 64 MiB. */
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
  /** Other hosts to go to when the one that an address names is not there. Those that peers name are used, too. */
  failover?: Failover;
  /** Who we are, where an address does not say it; tokens; which SASL mechanisms may be used. */
  sasl?: SaslOptions;
  /** Certificates and keys, for `amqps` addresses to dial and to listen on. */
  tls?: TlsOptions;
  /** Who may connect where it listens. Default: anybody. */
  listen?: ListenOptions;
  /** Send passwords over connections that are neither TLS nor loopback. Default false. */
  allowInsecureMechs?: boolean;
}

/** Who settles a delivery first: the receiver, the sender as it sends, or either as it likes (AMQP 1.0 §2.8.2). */
export type SenderSettleMode = 'unsettled' | 'settled' | 'mixed';

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

/** `MessengerOptions` checked, with the defaults filled in. What is not `readonly` has a property that sets it. */
export interface Settings {
  readonly name: string | undefined;
  outgoingWindow: number;
  incomingWindow: number;
  timeout: number | undefined;
  blocking: boolean;
  passive: boolean;
  readonly maxOutgoing: { readonly messages: number; readonly bytes: number };
  readonly maxIncoming: { readonly bytes: number };
  readonly maxRedeliveries: number;
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly maxFrameSize: number;
  readonly maxMessageSize: number;
  readonly closeIdleAfter: number;
  readonly senderSettleMode: SenderSettleMode | undefined;
  readonly receiverSettleMode: 'first' | 'second';
  readonly failover: Failover;
  readonly sasl: SaslOptions;
  readonly tls: TlsOptions;
  readonly allowInsecureMechs: boolean;
  readonly listen: {
    readonly authenticator: Authenticator;
    /** Whether peers have to say who they are, which a certificate may do. */
    readonly isGuarded: boolean;
    readonly maxConnections: number;
    readonly maxSessions: number;
    readonly maxLinks: number;
  };
}

const DEFAULT_MAX_OUTGOING = Object.freeze({ messages: 1_000_000, bytes: 1 << 30 });
const DEFAULT_MAX_INCOMING = Object.freeze({ bytes: 1 << 30 });
const DEFAULT_CONNECT_TIMEOUT = 15_000;
/** The most messages that a peer may be asked for at a time: half of what the wire has room for (AMQP 1.0 §2.7.4). */
export const MAX_CREDIT = 0x7fff_ffff;
const LONGEST_IDLE_TIMEOUT = Math.floor(LONGEST_TIMER / 2);
/** The smallest frame size a peer must take (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

/** The modes in the order of their numbers on the wire (AMQP 1.0 §2.8.2). */
export const SENDER_SETTLE_MODES: readonly SenderSettleMode[] = ['unsettled', 'settled', 'mixed'];

const KNOWN: readonly (keyof MessengerOptions)[] = [
  'name',
  'outgoingWindow',
  'incomingWindow',
  'blocking',
  'passive',
  'timeout',
  'maxOutgoing',
  'maxIncoming',
  'maxRedeliveries',
  'reconnect',
  'connectTimeout',
  'idleTimeout',
  'maxFrameSize',
  'maxMessageSize',
  'closeIdleAfter',
  'senderSettleMode',
  'receiverSettleMode',
  'failover',
  'sasl',
  'tls',
  'listen',
  'allowInsecureMechs',
];

const TLS_OPTIONS: readonly (keyof TlsOptions)[] = [
  ...(['ca', 'caFile', 'cert', 'certFile', 'key', 'keyFile'] as const),
  ...(['passphrase', 'servername', 'rejectUnauthorized'] as const),
];

/** Checks options and fills in the defaults. Throws `OptionError` for what is unknown or cannot be. */
export function resolveOptions(options: MessengerOptions): Settings {
  checkNames('option', options, KNOWN);
  const { name, reconnect, maxOutgoing = {}, maxIncoming = {} } = options;
  if (name !== undefined && typeof name !== 'string') throw new OptionError('Option name must be a string.');
  if (typeof reconnect === 'object')
    checkNames('reconnect option', reconnect, ['initial', 'delay', 'maxDelay', 'retries', 'refused']);
  checkNames('maxOutgoing option', maxOutgoing, ['messages', 'bytes']);
  checkNames('maxIncoming option', maxIncoming, ['bytes']);
  return {
    name,
    outgoingWindow: windowSize('outgoingWindow', options.outgoingWindow ?? 0),
    incomingWindow: windowSize('incomingWindow', options.incomingWindow ?? 0),
    blocking: flag('blocking', options.blocking ?? true),
    passive: flag('passive', options.passive ?? false),
    timeout: timeLimit(options.timeout),
    maxOutgoing: {
      messages: number('maxOutgoing.messages', maxOutgoing.messages, DEFAULT_MAX_OUTGOING.messages, 1),
      bytes: number('maxOutgoing.bytes', maxOutgoing.bytes, DEFAULT_MAX_OUTGOING.bytes, 1),
    },
    maxIncoming: { bytes: number('maxIncoming.bytes', maxIncoming.bytes, DEFAULT_MAX_INCOMING.bytes, 1) },
    maxRedeliveries: number('maxRedeliveries', options.maxRedeliveries, Infinity, 0),
    reconnect: reconnectPolicy(reconnect),
    connectTimeout: number('connectTimeout', options.connectTimeout, DEFAULT_CONNECT_TIMEOUT, 1),
    // Twice that long must be a time that timers can keep.
    idleTimeout: Math.min(
      number('idleTimeout', options.idleTimeout, DEFAULT_LIMITS.idleTimeout, 0),
      LONGEST_IDLE_TIMEOUT,
    ),
    maxFrameSize: number('maxFrameSize', options.maxFrameSize, DEFAULT_LIMITS.maxFrameSize, MIN_MAX_FRAME_SIZE),
    maxMessageSize: number('maxMessageSize', options.maxMessageSize, DEFAULT_LIMITS.maxMessageSize, 1),
    closeIdleAfter: number('closeIdleAfter', options.closeIdleAfter, 0, 0),
    senderSettleMode: oneOf('senderSettleMode', options.senderSettleMode, SENDER_SETTLE_MODES, undefined),
    receiverSettleMode: oneOf('receiverSettleMode', options.receiverSettleMode, ['first', 'second'], 'first'),
    failover: failoverOf(options.failover ?? {}),
    sasl: saslOf(options.sasl ?? {}),
    tls: tlsOf(options.tls ?? {}),
    allowInsecureMechs: flag('allowInsecureMechs', options.allowInsecureMechs ?? false),
    listen: listenOf(options.listen ?? {}),
  };
}

/** Checks the size of a window. Throws `OptionError`. */
export function windowSize(name: string, size: number): number {
  if (Number.isInteger(size) || Math.abs(size) === Infinity) return size;
  throw new OptionError(`Option ${name} must be a whole number. A negative one means no limit.`);
}

/** Checks a time limit, in milliseconds; `undefined` for none. Throws `OptionError`. */
export function timeLimit(timeout: number | undefined): number | undefined {
  return timeout === undefined ? undefined : number('timeout', timeout, 0, -Infinity);
}

/** Checks a yes or no. Throws `OptionError`. */
export function flag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(`Option ${name} must be true or false.`);
}

/** Checks a time-out given to a call. A negative one means no limit, as in the original. */
export function resolveTimeout(given: number | undefined, standard: number | undefined): number | undefined {
  const timeout = given === undefined ? standard : timeLimit(given);
  return timeout === undefined || timeout < 0 || timeout > LONGEST_TIMER ? undefined : timeout;
}

function reconnectPolicy(reconnect: MessengerOptions['reconnect']): ReconnectPolicy {
  if (reconnect === false) return { ...DEFAULT_RECONNECT, retries: 0 };
  const { initial, delay, maxDelay, retries, refused } = reconnect ?? {};
  return {
    initial: flag('reconnect.initial', initial ?? DEFAULT_RECONNECT.initial),
    refused: flag('reconnect.refused', refused ?? DEFAULT_RECONNECT.refused),
    delay: number('reconnect.delay', delay, DEFAULT_RECONNECT.delay, 0),
    maxDelay: number('reconnect.maxDelay', maxDelay, DEFAULT_RECONNECT.maxDelay, 0),
    retries: number('reconnect.retries', retries, DEFAULT_RECONNECT.retries, 0),
  };
}

function failoverOf(failover: Failover): Failover {
  checkFailover(failover);
  return failover;
}

function listenOf(listen: ListenOptions): Settings['listen'] {
  const names = ['users', 'authenticate', 'anonymous', 'maxConnections', 'maxSessions', 'maxLinks'];
  checkNames('listen option', listen, names);
  const { users, authenticate, maxConnections, maxSessions, maxLinks } = listen;
  return {
    authenticator: authenticatorOf(listen),
    isGuarded: users !== undefined || authenticate !== undefined,
    maxConnections: number('listen.maxConnections', maxConnections, 1000, 1),
    maxSessions: Math.min(number('listen.maxSessions', maxSessions, 1024, 1), 65_536),
    maxLinks: number('listen.maxLinks', maxLinks, 1024, 1),
  };
}

function saslOf(sasl: SaslOptions): SaslOptions {
  checkNames('sasl option', sasl, ['mechanisms', 'user', 'password', 'passwordFile', 'token']);
  for (const mechanism of sasl.mechanisms ?? []) oneOf('sasl.mechanisms', mechanism, SASL_MECHANISMS, undefined);
  return sasl;
}

/** A copy: `certificate` and its like set fields of it. */
function tlsOf(tls: TlsOptions): TlsOptions {
  checkNames('tls option', tls, TLS_OPTIONS);
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (tls[name] === undefined || tls[`${name}File`] === undefined) continue;
    throw new OptionError(`Give tls.${name} or tls.${name}File, not both.`);
  }
  return { ...tls };
}

function oneOf<Value extends string, Standard>(
  name: string,
  value: Value | undefined,
  known: readonly Value[],
  standard: Standard,
): Value | Standard {
  if (value === undefined) return standard;
  if (known.includes(value)) return value;
  throw new OptionError(`Option ${name} must be one of ${known.join(', ')}.`);
}

function number(name: string, value: number | undefined, standard: number, lowest: number): number {
  if (value === undefined) return standard;
  if (typeof value !== 'number' || Number.isNaN(value) || value < lowest) {
    const range = lowest === -Infinity ? 'a number' : `a number of at least ${lowest}`;
    throw new OptionError(`Option ${name} must be ${range}.`);
  }
  return value;
}

/** Throws `OptionError` when an object has a field that is not known. */
export function checkNames(what: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || (given as object | null) === null)
    throw new OptionError(`The ${what}s must be an object.`);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new OptionError(`There is no ${what} ${name}. There are: ${known.join(', ')}.`);
  }
}
