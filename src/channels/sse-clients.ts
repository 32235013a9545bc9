import type { Clock, Timer } from '../clock.js';
import { WaiterLine } from '../queue/waiter-line.js';
import { encodeEvent } from './event-encoder.js';
import type { EventLog, LoggedEvent } from './event-log.js';

/** A client as `SseClients` sees it. */
export interface SseConnection {
  /** The time since which the client has not read what waits for it; `undefined` when nothing waits. */
  readonly blockedSince: number | undefined;
  /** The position before which the client has got every event, or will never get it. */
  readonly flushed: number;
  deliver(event: LoggedEvent): void;
  heartbeat(bytes: Buffer): void;
  finish(last: Buffer | undefined): void;
  destroy(): void;
}

/** The settings of the clients of a log. Times are milliseconds. */
export interface SseClientsSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  /** The time between two heartbeats; 0 for none. */
  readonly heartbeat: number;
}

/** The clients that read one log. They share one timer, which runs only while there is a client. */
export class SseClients {
  readonly #settings: SseClientsSettings;
  readonly #all = new Set<SseConnection>();
  /** The clients that have not read what waits for them. They are few, and only these are looked at. */
  readonly #slow = new Set<SseConnection>();
  /** The callers who wait until a client has read something, or has gone. */
  readonly #waiting: WaiterLine<void>;
  #heartbeat: Timer | undefined;

  constructor(settings: SseClientsSettings) {
    this.#settings = settings;
    this.#waiting = new WaiterLine(settings.clock);
  }

  /** The number of clients. */
  get size(): number {
    return this.#all.size;
  }

  /** Adds a client. */
  add(client: SseConnection): void {
    this.#all.add(client);
    this.#schedule();
  }

  /** Removes a client that has gone. */
  delete(client: SseConnection): void {
    this.#all.delete(client);
    this.#slow.delete(client);
    this.#waiting.serveAll();
    if (this.#all.size > 0 || this.#heartbeat === undefined) return;
    this.#settings.clock.clearTimeout(this.#heartbeat);
    this.#heartbeat = undefined;
  }

  /** Notes that a client has read, or has no room for more. */
  changed(client: SseConnection): void {
    if (client.blockedSince === undefined) this.#slow.delete(client);
    else if (this.#all.has(client)) this.#slow.add(client);
    this.#waiting.serveAll();
  }

  /** Sends every client an event that was added to the log. */
  deliver(event: LoggedEvent): void {
    for (const client of this.#all) client.deliver(event);
  }

  /**
   * The position before which every client has got every event, without those clients that the channel has waited for
   * long enough.
   */
  flushed(patience: number): number {
    return this.#holding(patience).reduce((least, { flushed }) => Math.min(least, flushed), Infinity);
  }

  /** True when no client holds the channel back: every client reads, or the channel has waited for it long enough. */
  isReady(patience: number): boolean {
    return this.#holding(patience).length === 0;
  }

  /**
   * Resolves when no client holds the channel back, or no client is connected. @throws The signal's reason when it is
   * aborted.
   */
  async ready(patience: number, signal: AbortSignal | undefined): Promise<void> {
    while (!this.isReady(patience)) {
      await this.changes(patience, signal);
      signal?.throwIfAborted();
    }
  }

  /**
   * Resolves when a client reads, the channel has waited for all of them long enough, no client is connected, or the
   * signal is aborted.
   */
  async oneReads(patience: number, signal: AbortSignal): Promise<void> {
    while (this.#all.size > 0 && this.#holding(patience).length === this.#all.size && !signal.aborted) {
      await this.changes(patience, signal);
    }
  }

  /** Resolves when a client has read or gone, the channel has waited for one long enough, or the signal is aborted. */
  changes(patience: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#settings;
    const holding = this.#holding(patience);
    const since = holding.reduce((least, { blockedSince }) => Math.min(least, blockedSince ?? least), Infinity);
    // A client that is exactly as late as it may be still holds the channel back.
    const delay = Math.ceil(since + patience - clock.now()) + 1;
    return this.#waiting.within({ signal, timeout: delay < Infinity ? delay : undefined });
  }

  /** Ends every client after `last`. It destroys the connections of clients that have not read everything in time. */
  async finish(last: Buffer | undefined, timeout: number): Promise<void> {
    for (const client of this.#all) client.finish(last);
    await this.gone(timeout);
  }

  /**
   * Resolves when the clients that are connected now have gone. It destroys the connections that are left after the
   * time.
   */
  async gone(timeout: number): Promise<void> {
    const { clock } = this.#settings;
    const leaving = [...this.#all];
    const end = clock.now() + timeout;
    for (let left = timeout; left > 0 && leaving.some((client) => this.#all.has(client)); left = end - clock.now()) {
      await this.#waiting.within({ timeout: left });
    }
    for (const client of leaving) if (this.#all.has(client)) client.destroy();
  }

  /** Ends every client at once. */
  destroy(): void {
    for (const client of [...this.#all]) client.destroy();
  }

  #holding(patience: number): SseConnection[] {
    if (this.#slow.size === 0 || patience === 0) return [];
    const longest = this.#settings.clock.now() - patience;
    return [...this.#slow].filter(({ blockedSince }) => blockedSince !== undefined && blockedSince >= longest);
  }

  #schedule(): void {
    const { clock, heartbeat, log } = this.#settings;
    if (this.#heartbeat !== undefined || heartbeat === 0) return;
    this.#heartbeat = clock.setTimeout(() => {
      this.#heartbeat = undefined;
      // The id keeps a client whose filter lets little through within the history.
      const bytes = Buffer.concat([Buffer.from(':\n'), encodeEvent({ id: log.lastId })]);
      for (const client of this.#all) client.heartbeat(bytes);
      if (this.#all.size > 0) this.#schedule();
    }, heartbeat);
  }
}
