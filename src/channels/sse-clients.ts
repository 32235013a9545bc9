import type { Clock, Timer } from '../clock.js';
import { LONGEST_TIMER } from '../long-timeout.js';
import { encodeEvent } from './event-encoder.js';
import type { EventLog, LoggedEvent } from './event-log.js';

/** A client, as the others need to know it. */
export interface SseConnection {
  /** Since when the client has not read what waits for it; `undefined` when it has. */
  readonly blockedSince: number | undefined;
  /** The position before which it has got, or will never get, everything. */
  readonly flushed: number;
  deliver(event: LoggedEvent): void;
  heartbeat(bytes: Buffer): void;
  finish(last: Buffer | undefined): void;
  destroy(): void;
}

/** How the clients of a channel are kept. Times are milliseconds. */
export interface SseClientsSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  /** The time between two heartbeats; 0 for none. */
  readonly heartbeat: number;
  /** How long a client that does not read may hold everybody back. */
  readonly patience: number;
}

/** The clients of a channel, with one timer for all of them, and none while nobody is there. */
export class SseClients {
  readonly #settings: SseClientsSettings;
  readonly #all = new Set<SseConnection>();
  /** Those who have not read what waits for them. Few: only these are looked at. */
  readonly #slow = new Set<SseConnection>();
  readonly #waiting = new Set<() => void>();
  #heartbeat: Timer | undefined;

  constructor(settings: SseClientsSettings) {
    this.#settings = settings;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds one. */
  add(client: SseConnection): void {
    this.#all.add(client);
    this.#schedule();
  }

  /** One is gone. */
  delete(client: SseConnection): void {
    this.#all.delete(client);
    this.#slow.delete(client);
    this.#wake();
    if (this.#all.size > 0 || this.#heartbeat === undefined) return;
    this.#settings.clock.clearTimeout(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  /** One has read, or has enough. */
  changed(client: SseConnection): void {
    if (client.blockedSince === undefined) this.#slow.delete(client);
    else if (this.#all.has(client)) this.#slow.add(client);
    this.#wake();
  }

  /** An event was added to the log. */
  deliver(event: LoggedEvent): void {
    for (const client of this.#all) client.deliver(event);
  }

  /** The position before which everybody who may hold back has got everything. */
  get flushed(): number {
    return this.#holding().reduce((least, { flushed }) => Math.min(least, flushed), Infinity);
  }

  /** Whether nobody holds back. */
  get isReady(): boolean {
    return this.#slow.size === 0 || this.#holding().length === 0;
  }

  /** Resolves when nobody holds back: everybody reads, is gone, or was waited for long enough. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    while (!this.isReady) {
      await this.changes(signal);
      signal?.throwIfAborted();
    }
  }

  /** Resolves when somebody has read or is gone, somebody's patience is over, or the signal is aborted. */
  changes(signal: AbortSignal | undefined): Promise<void> {
    const { clock, patience } = this.#settings;
    const since = this.#holding().reduce((least, { blockedSince }) => Math.min(least, blockedSince ?? least), Infinity);
    return new Promise((resolve) => {
      const resume = (): void => {
        this.#waiting.delete(resume);
        if (timer !== undefined) clock.clearTimeout(timer);
        signal?.removeEventListener('abort', resume);
        resolve();
      };
      // A client that is exactly as late as it may be holds back still.
      const delay = Math.ceil(since + patience - clock.now()) + 1;
      const timer = delay <= LONGEST_TIMER ? clock.setTimeout(resume, delay) : undefined;
      this.#waiting.add(resume);
      signal?.addEventListener('abort', resume, { once: true });
      if (signal?.aborted === true) resume();
    });
  }

  /** Ends every client, after `last`; those who have not read everything in time are cut off. */
  async finish(last: Buffer | undefined, timeout: number): Promise<void> {
    const { clock } = this.#settings;
    const leaving = [...this.#all];
    for (const client of leaving) client.finish(last);
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), timeout);
    while (leaving.some((client) => this.#all.has(client)) && !late.signal.aborted) {
      await this.changes(late.signal);
    }
    clock.clearTimeout(timer);
    for (const client of leaving) if (this.#all.has(client)) client.destroy();
  }

  #holding(): SseConnection[] {
    const { clock, patience } = this.#settings;
    if (this.#slow.size === 0) return [];
    const longest = clock.now() - patience;
    return [...this.#slow].filter(({ blockedSince }) => blockedSince !== undefined && blockedSince >= longest);
  }

  #wake(): void {
    for (const resume of [...this.#waiting]) resume();
  }

  #schedule(): void {
    const { clock, heartbeat, log } = this.#settings;
    if (this.#heartbeat !== undefined || heartbeat === 0) return;
    this.#heartbeat = clock.setTimeout(() => {
      this.#heartbeat = undefined;
      // With the id a client whose filter lets little through stays within the history.
      const bytes = Buffer.concat([Buffer.from(':\n'), encodeEvent({ id: log.lastId })]);
      for (const client of this.#all) client.heartbeat(bytes);
      if (this.#all.size > 0) this.#schedule();
    }, heartbeat);
  }
}
