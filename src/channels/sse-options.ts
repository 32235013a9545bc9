import { SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { CHANNEL_OPTIONS } from './abstract-channel.js';
import type { ChannelOptions } from './abstract-channel.js';
import { jsonOf } from './canonical-json.js';
import type { HistoryOptions, HistorySnapshot } from './event-log.js';
import { checkNames } from './option-names.js';
import type { SlowClientPolicy } from './sse-session.js';

/** How a channel for server-sent events behaves. Times are milliseconds unless they say otherwise. */
export interface SseChannelOptions extends ChannelOptions {
  /** What is remembered for clients that come back; also what a client that replays can lag behind. */
  history?: HistoryOptions | undefined;
  /** What the channel remembered before a restart: what `snapshot()` has returned. */
  snapshot?: HistorySnapshot | undefined;
  /** The time between two heartbeats, which keep proxies from hanging up. 0 sends none. Default 15 000. */
  heartbeat?: number | undefined;
  /** The time after which a client that has lost its connection comes back. Default 2000. */
  retry?: number | undefined;
  /** Makes text of a payload. Default JSON. */
  serializer?: ((payload: unknown) => string) | undefined;
  /** How many clients there may be, those that `authorize` looks at included; others get 503. Default 10 000. */
  maxClients?: number | undefined;
  /** The seconds after which a client that got 503 should come back. Default 5. */
  retryAfter?: number | undefined;
  /** How long `authorize` may take; then the request gets 503, and `onError` is told. Default 10 000. */
  authorizeTimeout?: number | undefined;
  /**
   * How many bytes may wait for one client, besides one event. One that has as many gets the rest from the history, in
   * its own time. Default 1 MiB.
   */
  maxClientBytes?: number | undefined;
  /**
   * What happens to a client so slow that the history has forgotten what it should get next: `resync` goes on with what
   * comes, and tells the client by an event `resync` that some are lost; `close` ends its connection. Default `resync`.
   */
  slowClients?: SlowClientPolicy | undefined;
  /**
   * How long a client that does not read may hold back a feed, and `ready`. Default 0: a slow client loses its own place
   * and nobody else's time. `Infinity` lets the slowest set the pace.
   */
  patience?: number | undefined;
  /** Whether to believe what a client says it has got. Default true; false replays nothing. */
  trustLastEventId?: boolean | undefined;
}

/** `SseChannelOptions` checked, with the defaults filled in. */
export interface SseChannelSettings {
  readonly history: Required<{ [Name in keyof HistoryOptions]: number }>;
  readonly snapshot: HistorySnapshot | undefined;
  readonly heartbeat: number;
  readonly retry: number;
  readonly serializer: (payload: unknown) => string;
  readonly maxClients: number;
  readonly retryAfter: number;
  readonly authorizeTimeout: number;
  readonly maxClientBytes: number;
  readonly slowClients: SlowClientPolicy;
  readonly patience: number;
  readonly trustLastEventId: boolean;
  readonly clock: Clock;
}

const MEBIBYTE = 1_048_576;

/** The options that every channel has. @throws OptionError for a name that is unknown. */
export function channelOptionsOf(options: SseChannelOptions): ChannelOptions {
  checkNames('an SseChannel', options, [...CHANNEL_OPTIONS, ...SSE_OPTIONS]);
  const { id, listener, streamDelay, clock, onError } = options;
  return { id, listener, streamDelay, clock, onError };
}

/** Checks options and fills in the defaults. Throws `OptionError` for what cannot be. */
export function resolveSseOptions(options: SseChannelOptions): SseChannelSettings {
  const { history = {}, serializer = jsonOf, slowClients = 'resync', clock = SYSTEM_CLOCK, ...rest } = options;
  const { heartbeat = 15_000, retry = 2000, maxClients = 10_000, retryAfter = 5, ...others } = rest;
  const {
    authorizeTimeout = 10_000,
    maxClientBytes = MEBIBYTE,
    patience = 0,
    trustLastEventId = true,
    ...remaining
  } = others;
  const { snapshot } = remaining;
  checkNames('the history of an SseChannel', history, ['limit', 'maxBytes', 'maxAge']);
  if (snapshot != null && typeof snapshot !== 'object') throw new OptionError('Option snapshot must be an object.');
  const { limit = 1000, maxBytes = MEBIBYTE, maxAge = 300_000 } = history;
  if (!['close', 'resync'].includes(slowClients)) throw new OptionError('Option slowClients must be close or resync.');
  if (typeof serializer !== 'function') throw new OptionError('Option serializer must be a function.');
  const counts = {
    heartbeat,
    retry,
    maxClients,
    retryAfter,
    maxClientBytes,
    patience,
    authorizeTimeout,
    limit,
    maxBytes,
    maxAge,
  };
  for (const [name, value] of Object.entries(counts)) {
    if (typeof value !== 'number' || !(value >= 0)) throw new OptionError(`Option ${name} must be a number from 0 up.`);
  }
  for (const [name, value] of Object.entries({ heartbeat, retry, retryAfter })) {
    // These go out as digits, or into a timer.
    if (!Number.isInteger(value) || value > LONGEST) throw new OptionError(`Option ${name} must be a whole number.`);
  }
  const limits = { limit, maxBytes, maxAge };
  const waiting = { maxClientBytes, slowClients, patience, maxClients, retryAfter, authorizeTimeout };
  return {
    history: limits,
    snapshot: snapshot ?? undefined,
    heartbeat,
    retry,
    serializer,
    trustLastEventId,
    clock,
    ...waiting,
  };
}

const LONGEST = 0x7fff_ffff;
const SSE_OPTIONS = [
  'history',
  'snapshot',
  'heartbeat',
  'retry',
  'serializer',
  'maxClients',
  'retryAfter',
  'authorizeTimeout',
  'maxClientBytes',
  'slowClients',
  'patience',
  'trustLastEventId',
] as const satisfies readonly (keyof SseChannelOptions)[];
