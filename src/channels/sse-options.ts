import { LONGEST_TIMER, SYSTEM_CLOCK } from '../clock.js';
import type { Clock } from '../clock.js';
import { OptionError } from '../errors.js';
import { CHANNEL_OPTIONS } from './abstract-channel.js';
import type { ChannelOptions } from './abstract-channel.js';
import { jsonOf } from './canonical-json.js';
import type { HistoryOptions, HistorySnapshot } from './event-log.js';
import { checkNames } from '../check-options.js';
import type { SlowClientPolicy } from './sse-session.js';

/** The options of an `SseChannel`. Times are milliseconds unless they say otherwise. */
export interface SseChannelOptions extends ChannelOptions {
  /**
   * The limits of the history for clients that reconnect. A client that replays may lag behind by the length of the
   * history.
   */
  history?: HistoryOptions | undefined;
  /** The history of the channel before a restart, as `snapshot()` has returned it. */
  snapshot?: HistorySnapshot | undefined;
  /** The time between two heartbeats, which keep proxies from hanging up. 0 sends none. Default 15 000. */
  heartbeat?: number | undefined;
  /** The time after which a client that has lost its connection comes back. Default 2000. */
  retry?: number | undefined;
  /** Makes text of a payload. Default JSON. */
  serializer?: ((payload: unknown) => string) | undefined;
  /** The most clients at a time, those included that `authorize` looks at; other requests get 503. Default 10 000. */
  maxClients?: number | undefined;
  /** The seconds after which a client that got 503 should come back. Default 5. */
  retryAfter?: number | undefined;
  /**
   * The hook `authorize` may take so long; then the request gets 503, and the channel calls `onError`. Default 10 000.
   */
  authorizeTimeout?: number | undefined;
  /**
   * The most bytes that may wait for one client, besides one event. A client that has as many gets the rest from the
   * history as it reads. Default 1 MiB.
   */
  maxClientBytes?: number | undefined;
  /**
   * What the channel does with a client so slow that the history has forgotten the event it should get next: `resync`
   * goes on with the next broadcast, and tells the client by an event `resync` that it has missed some; `close` ends
   * its connection. Default `resync`.
   */
  slowClients?: SlowClientPolicy | undefined;
  /**
   * A client that does not read may hold back feeds and `ready` for so long. Default 0: a slow client falls behind and
   * delays nobody else. With `Infinity` the slowest client sets the pace.
   */
  patience?: number | undefined;
  /**
   * True: the channel replays what came after the id that a client sends as its last. False: it replays nothing.
   * Default true.
   */
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
    if (!Number.isInteger(value) || value > LONGEST_TIMER)
      throw new OptionError(`Option ${name} must be a whole number.`);
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
