import { OptionError } from '../errors.js';
import { DEFAULT_LIMITS } from '../link/limits.js';
import { DEFAULT_RECONNECT } from '../link/reconnect.js';
import type { ReconnectOptions, ReconnectPolicy } from '../link/reconnect.js';
import type { TlsOptions } from '../link/dial.js';

/** How much may be queued for sending. */
export interface OutgoingLimits {
  /** Messages without an outcome. Default 1 000 000. */
  messages?: number;
  /** Their encoded bytes. Default 1 GiB. */
  bytes?: number;
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
  /** The time limit of `send`, `recv` and `stop`, unless a call gives its own. Default: none. */
  timeout?: number;
  /** How much may be queued for sending before `put` throws. Default 1 000 000 messages and 1 GiB. */
  maxOutgoing?: OutgoingLimits;
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
  /** Certificates and keys, for `amqps` addresses to dial and to listen on. */
  tls?: TlsOptions;
  /** Send passwords over connections that are neither TLS nor loopback. Default false. */
  allowInsecureMechs?: boolean;
}

/** What a call that waits may be given. */
export interface WaitOptions {
  /** How long to wait, in milliseconds. Default: the messenger's `timeout`. */
  timeout?: number | undefined;
  /** Stops waiting: the call rejects with the signal's reason, and nothing else changes. */
  signal?: AbortSignal | undefined;
}

/** `MessengerOptions` checked, with the defaults filled in. */
export interface Settings {
  readonly name: string | undefined;
  readonly outgoingWindow: number;
  readonly incomingWindow: number;
  readonly timeout: number | undefined;
  readonly maxOutgoing: { readonly messages: number; readonly bytes: number };
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  readonly idleTimeout: number;
  readonly maxFrameSize: number;
  readonly maxMessageSize: number;
  readonly tls: TlsOptions;
  readonly allowInsecureMechs: boolean;
}

const DEFAULT_MAX_OUTGOING = Object.freeze({ messages: 1_000_000, bytes: 1 << 30 });
const DEFAULT_CONNECT_TIMEOUT = 15_000;
/** Beyond this many milliseconds, 24 days, Node's timers fire at once: as good as no limit. */
const LONGEST_TIMER = 0x7fff_ffff;
/** The smallest frame size a peer must take (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

const KNOWN: readonly (keyof MessengerOptions)[] = [
  'name',
  'outgoingWindow',
  'incomingWindow',
  'timeout',
  'maxOutgoing',
  'reconnect',
  'connectTimeout',
  'idleTimeout',
  'maxFrameSize',
  'maxMessageSize',
  'tls',
  'allowInsecureMechs',
];

/** Checks options and fills in the defaults. Throws `OptionError` for what is unknown or cannot be. */
export function resolveOptions(options: MessengerOptions): Settings {
  checkNames('option', options, KNOWN);
  const { name, reconnect, maxOutgoing = {} } = options;
  if (name !== undefined && typeof name !== 'string') throw new OptionError('Option name must be a string.');
  if (typeof reconnect === 'object')
    checkNames('reconnect option', reconnect, ['initial', 'delay', 'maxDelay', 'retries']);
  checkNames('maxOutgoing option', maxOutgoing, ['messages', 'bytes']);
  return {
    name,
    outgoingWindow: number('outgoingWindow', options.outgoingWindow, 0, -Infinity),
    incomingWindow: number('incomingWindow', options.incomingWindow, 0, -Infinity),
    timeout: options.timeout === undefined ? undefined : number('timeout', options.timeout, 0, -Infinity),
    maxOutgoing: {
      messages: number('maxOutgoing.messages', maxOutgoing.messages, DEFAULT_MAX_OUTGOING.messages, 1),
      bytes: number('maxOutgoing.bytes', maxOutgoing.bytes, DEFAULT_MAX_OUTGOING.bytes, 1),
    },
    reconnect: reconnectPolicy(reconnect),
    connectTimeout: number('connectTimeout', options.connectTimeout, DEFAULT_CONNECT_TIMEOUT, 1),
    idleTimeout: number('idleTimeout', options.idleTimeout, DEFAULT_LIMITS.idleTimeout, 0),
    maxFrameSize: number('maxFrameSize', options.maxFrameSize, DEFAULT_LIMITS.maxFrameSize, MIN_MAX_FRAME_SIZE),
    maxMessageSize: number('maxMessageSize', options.maxMessageSize, DEFAULT_LIMITS.maxMessageSize, 1),
    tls: options.tls ?? {},
    allowInsecureMechs: options.allowInsecureMechs ?? false,
  };
}

/** Checks a time-out given to a call. A negative one means no limit, as in the original. */
export function resolveTimeout(given: number | undefined, standard: number | undefined): number | undefined {
  const timeout = given === undefined ? standard : number('timeout', given, 0, -Infinity);
  return timeout === undefined || timeout < 0 || timeout > LONGEST_TIMER ? undefined : timeout;
}

function reconnectPolicy(reconnect: MessengerOptions['reconnect']): ReconnectPolicy {
  if (reconnect === false) return { ...DEFAULT_RECONNECT, retries: 0 };
  const { initial, delay, maxDelay, retries } = reconnect ?? {};
  return {
    initial: initial ?? DEFAULT_RECONNECT.initial,
    delay: number('reconnect.delay', delay, DEFAULT_RECONNECT.delay, 0),
    maxDelay: number('reconnect.maxDelay', maxDelay, DEFAULT_RECONNECT.maxDelay, 0),
    retries: number('reconnect.retries', retries, DEFAULT_RECONNECT.retries, 0),
  };
}

function number(name: string, value: number | undefined, standard: number, lowest: number): number {
  if (value === undefined) return standard;
  if (typeof value !== 'number' || Number.isNaN(value) || value < lowest) {
    const range = lowest === -Infinity ? 'a number' : `a number of at least ${lowest}`;
    throw new OptionError(`Option ${name} must be ${range}.`);
  }
  return value;
}

function checkNames(what: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || (given as object | null) === null)
    throw new OptionError(`The ${what}s must be an object.`);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new OptionError(`There is no ${what} ${name}. There are: ${known.join(', ')}.`);
  }
}
