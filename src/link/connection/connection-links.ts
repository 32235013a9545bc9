import type { Clock, Timer } from '../../clock.js';
import type { LinkError, MessagingError } from '../../errors.js';
import type { Link, LinkTable } from '../session/link-table.js';
import { LinkRetries } from './link-retries.js';
import type { RetrySettings } from './retries.js';

/** The links of a connection that was dialled. They stay while sockets come and go. */
export class ConnectionLinks {
  readonly #clock: Clock;
  readonly #retries: LinkRetries;
  /** Links opened by this side, and the timer of those that the peer has closed and that are attached again. */
  readonly #own = new Map<Link, Timer | undefined>();
  /** Links the peer has attached. They end with the socket: the peer is the one to attach them again. */
  readonly #peers = new Set<Link>();

  constructor(settings: RetrySettings, clock: Clock) {
    this.#clock = clock;
    this.#retries = new LinkRetries(settings, clock);
  }

  /** True when the program wants the connection for a link. */
  get areWanted(): boolean {
    return this.#own.size > 0;
  }

  /** True when there is no link at all. */
  get isEmpty(): boolean {
    return this.#own.size === 0 && this.#peers.size === 0;
  }

  /** Remembers a link opened by this side. */
  add(link: Link): void {
    this.#own.set(link, undefined);
  }

  /** Remembers a link that the peer has attached. */
  addPeerLink(link: Link): void {
    this.#peers.add(link);
  }

  /** Forgets a link that is gone for good. */
  forget(link: Link): void {
    this.#cancel(link);
    this.#own.delete(link);
    this.#peers.delete(link);
  }

  /** Attaches every link over a new socket. */
  attachAll(table: LinkTable | undefined): void {
    for (const link of this.#own.keys()) {
      this.#cancel(link);
      if (link.isClosed) this.#own.delete(link);
      else table?.attach(link);
    }
  }

  /** The peer has closed a link. Returns whether it is attached again, some time later; if not, it is forgotten. */
  lost(link: Link, error: LinkError, table: LinkTable | undefined): boolean {
    const delay = this.#own.has(link) ? this.#retries.next(link, error) : undefined;
    if (delay === undefined) {
      this.forget(link);
      return false;
    }
    const attach = (): void => {
      this.#own.set(link, undefined);
      if (link.isClosed) this.#own.delete(link);
      else table?.attach(link);
    };
    this.#own.set(link, this.#clock.setTimeout(attach, delay));
    return true;
  }

  /** The socket is gone: links of the peer are gone for good, and the others wait for the next socket. */
  socketLost(error: MessagingError): void {
    for (const link of this.#own.keys()) this.#cancel(link);
    const peers = [...this.#peers];
    this.#peers.clear();
    for (const link of peers) link.closed(error, 'lost');
  }

  /** The connection is over. Returns the links, which are to be told why: that may open the connection again. */
  takeAll(): Link[] {
    const links = [...this.#own.keys()];
    for (const link of links) this.#cancel(link);
    this.#own.clear();
    return links;
  }

  #cancel(link: Link): void {
    const timer = this.#own.get(link);
    if (timer === undefined) return;
    this.#clock.clearTimeout(timer);
    this.#own.set(link, undefined);
  }
}
