/**
 * The page's side of a channel: an `EventSource` that comes back. It has no dependencies, and imports nothing.
 *
 * @module
 */

/** The options of an `EventFeed`. Times are milliseconds. */
export interface EventFeedOptions {
  /** Where to go on: the id of the last event that is known. */
  lastEventId?: string | undefined;
  /** The time until a reconnect, unless the server says another; doubled with each failure, 32 times at most. Default 2000. */
  retry?: number | undefined;
  /** The feed reconnects when the server has sent nothing for so long, not even a heartbeat. Default 45 000. */
  idleTimeout?: number | undefined;
  /**
   * True: all pages of this origin that ask for the same address share one connection. Over HTTP/1.1 a browser opens at
   * most six connections to a server. Where there are no Web Locks (pages without TLS) each has its own. Default false.
   */
  share?: boolean | undefined;
  /** True: the browser sends cookies to another origin, too. Default false, as with an `EventSource`. */
  withCredentials?: boolean | undefined;
}

/** The part of the Web Locks API that is used here. */
interface Locks {
  request(name: string, options: { signal: AbortSignal }, work: () => Promise<void>): Promise<void>;
}

/** An event as it goes from page to page. */
type Shared = readonly [type: string, data: string, id: string];

/** The last events of the page that had the connection may take so long to arrive, in milliseconds. */
const SETTLE = 100;

/** Statuses after which asking again may help, besides those from 500 up. */
const PASSING = [408, 425, 429];

/**
 * The events of a channel in a page, to be used like an `EventSource`: `feed.addEventListener('price', ({ data }) => …)`.
 * Unlike that it comes back after any failure that may pass, such as the 502 of a proxy whose server starts anew, notices a
 * server that says nothing, and may share its connection with other pages. It goes on from the last event it has got.
 *
 * Besides the events of the server there are `open`, when a connection stands, and `error`, when one is lost;
 * `readyState` then tells whether it comes back (0) or is closed for good (2): by `close()`, by 204, or by an answer such as
 * 403. An event `resync` tells that some events are lost: fetch the state of things anew.
 */
export class EventFeed extends EventTarget {
  /** 0 while it connects, 1 with a connection, 2 when it is closed. A page that shares another's connection has 1. */
  readyState: 0 | 1 | 2 = 0;
  /** The id of the last event. */
  lastEventId: string;
  readonly #url: string;
  readonly #options: EventFeedOptions;
  readonly #closing = new AbortController();
  #channel: InstanceType<typeof BroadcastChannel> | undefined;
  #retry: number;

  /** @param url - The address, also a relative one. */
  constructor(url: string, options: EventFeedOptions = {}) {
    super();
    this.#url = url;
    this.#options = options;
    this.lastEventId = options.lastEventId ?? '';
    this.#retry = options.retry ?? 2000;
    void this.#start();
  }

  /** Ends it. Another page that shares the connection makes its own. Closing again does nothing. */
  close(): void {
    this.readyState = 2;
    this.#closing.abort();
    this.#channel?.close();
  }

  async #start(): Promise<void> {
    const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
    if (this.#options.share !== true || locks === undefined) return this.#run();
    const name = `events ${this.#url}`;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: { data: unknown }) => {
      this.readyState = 1;
      // Only pages with this class post to this name.
      this.#emit(data as Shared);
    };
    // The lock is with the page that has the connection, and goes to the next one when that is gone.
    await locks
      .request(name, { signal: this.#closing.signal }, async () => {
        await this.#sleep(SETTLE);
        await this.#run();
      })
      .catch(() => undefined);
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#isClosed(); failures++) {
      const connection = new AbortController();
      const end = (): void => connection.abort();
      this.#closing.signal.addEventListener('abort', end);
      try {
        if (await this.#connect(connection, () => (failures = -1))) this.close();
      } catch {
        // The console of the browser says what went wrong.
      }
      connection.abort();
      this.#closing.signal.removeEventListener('abort', end);
      if (!this.#isClosed()) this.readyState = 0;
      this.dispatchEvent(new Event('error'));
      await this.#sleep(this.#retry * 2 ** Math.min(Math.max(failures, 0), 5));
    }
  }

  /** Reads one response to its end. True when there is no use in another. */
  async #connect(connection: AbortController, opened: () => void): Promise<boolean> {
    const { idleTimeout = 45_000, withCredentials = false } = this.#options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => connection.abort(), idleTimeout);
    };
    try {
      listen();
      // In the address: a header of its own would make the browser ask another origin for permission first.
      const id =
        this.lastEventId && `${this.#url.includes('?') ? '&' : '?'}lastEventId=${encodeURIComponent(this.lastEventId)}`;
      const credentials = withCredentials ? ('include' as const) : ('same-origin' as const);
      const init = {
        cache: 'no-store',
        credentials,
        headers: { accept: 'text/event-stream' },
        signal: connection.signal,
      };
      const response = await fetch(this.#url + id, init);
      const { status, body } = response;
      if (status !== 200 || body === null) return status < 500 && !PASSING.includes(status);
      opened();
      this.readyState = 1;
      this.dispatchEvent(new Event('open'));
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      const take = this.#parser();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        listen();
        take(chunk.value);
      }
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes the text of a stream, however it is cut (HTML standard, §9.2.6). */
  #parser(): (text: string) => void {
    let rest = '';
    let type = '';
    let data: string[] = [];
    let id = this.lastEventId;
    return (text) => {
      // A CR at the end may have its LF yet to come.
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
        if (field === 'data') data.push(value);
        else if (field === 'event') type = value;
        else if (field === 'id') id = value;
        else if (field === 'retry' && /^\d+$/.test(value)) this.#retry = Math.max(Number(value), 100);
        if (line !== '') continue;
        if (data.length > 0) this.#share([type || 'message', data.join('\n'), id]);
        else this.lastEventId = id;
        type = '';
        data = [];
      }
    };
  }

  #share(event: Shared): void {
    this.#channel?.postMessage(event);
    this.#emit(event);
  }

  #emit([type, data, lastEventId]: Shared): void {
    if (this.#isClosed()) return;
    this.lastEventId = lastEventId;
    this.dispatchEvent(new MessageEvent(type, { data, lastEventId }));
  }

  /** A method, since the compiler does not see that it changes. */
  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #sleep(delay: number): Promise<void> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }
}
