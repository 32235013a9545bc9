import type { Timer } from '../../clock.js';
import { LinkError } from '../../errors.js';
import { logger } from '../../log.js';
import { awaitRefusal } from './awaited-refusal.js';
import { attachOptions, attachesNode, describe, grantedTerms, peerFacts, remoteAddress } from './link-attach.js';
import { endError, tooManyLinks } from './link-errors.js';
import type { LinkClose, LinkEnd, PeerFacts } from './link-options.js';
import type { ReceiverLink } from './receiver-link.js';
import type { RheaConnection, RheaLink } from '../rhea/rhea-seam.js';
import type { PendingOutput } from './pending-output.js';
import { owedAnswers } from './owed-answers.js';
import type { OwedAnswers } from './owed-answers.js';
import { NodeProbe, isOtherKind, wantedKind } from './node-probe.js';
import type { WantedKind } from './node-probe.js';
import type { SenderLink } from './sender-link.js';
import type { Session } from './session.js';
import { SessionTable } from './session-table.js';
import type { SessionTableOwner, SessionTableParts } from './session-table.js';

const log = logger('link');

/** Either kind of link. */
export type Link = SenderLink | ReceiverLink;

/** The connection that links are on. */
export interface LinkOwner {
  /** A link of the peer's has been accepted. */
  linkAccepted(link: Link): void;
  /** The peer has closed a link, or refused it. Returns whether it is attached again; if not, its own events are told next. */
  linkClosed(link: Link, error: LinkError): boolean;
}

/** The transport that a table belongs to. */
export interface LinkTableOwner extends LinkOwner {
  /** True when links may be attached. */
  readonly isOpen: boolean;
}

/** A link on its session. */
interface Entry {
  readonly rhea: RheaLink;
  readonly session: Session;
  /** True when the peer has answered. */
  isAttached: boolean;
  /** Runs while the peer has attached no node, and has not said why. */
  refusal?: Timer;
}

/** The links of one transport: attached, taken from the peer, and closed again by either side. */
export class LinkTable implements SessionTableOwner {
  readonly sessions: SessionTable;
  readonly #rhea: RheaConnection;
  readonly #output: PendingOutput;
  readonly #owner: LinkTableOwner;
  readonly #links = new Map<Link, Entry>();
  /** Links that were closed from here and that the peer has not answered yet, and how to tell who waits for the answer. */
  readonly #detaching = new Map<RheaLink, { session: Session; resolve: (() => void) | undefined }>();
  /** Where the kind of a node follows its use: the kinds that were found. Any is what a link takes as it is. */
  readonly #kinds = new WeakMap<Link, WantedKind['kind'] | 'any'>();
  /** The probes of senders that are not attached yet. */
  readonly #probes = new Map<Link, ReceiverLink>();
  /** Links that wait for a session to share. */
  #waiting: Link[] = [];
  #isUsed = false;
  #peer: PeerFacts | undefined;

  constructor(rhea: RheaConnection, parts: SessionTableParts, owner: LinkTableOwner) {
    this.#rhea = rhea;
    this.#output = parts.output;
    this.#owner = owner;
    this.sessions = new SessionTable(rhea, parts, this);
  }

  /** The container-id of the peer, once it has opened the connection. */
  get peerId(): string | undefined {
    return this.#rhea.container_id;
  }

  /** The peer as its open frame shows it. Read once, since rhea decodes the frame anew each time. */
  get peer(): PeerFacts {
    return (this.#peer ??= peerFacts(this.#rhea));
  }

  /** The links that are attached, or being attached. */
  get all(): Iterable<Link> {
    return this.#links.keys();
  }

  /** True when a link was ever attached. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Attaches a link. Its events tell what comes of it. */
  attach(link: Link): void {
    const wanted = this.#wantedKind(link);
    if (wanted !== undefined && link.role === 'sender' && !this.#kinds.has(link)) {
      this.#probe(link, wanted);
      return;
    }
    const session = this.sessions.choose(this.#rhea);
    if (session === undefined) {
      if (this.sessions.isFull) this.#closed(link, tooManyLinks(describe(link)), 'lost');
      else this.#waiting.push(link);
      return;
    }
    session.links++;
    session.attaching++;
    const { capabilities = [] } = link.options;
    const asksForQueue = wanted?.isStated === false && this.#kinds.get(link) !== 'any';
    const kind = asksForQueue ? { capabilities: [...capabilities, wanted.kind] } : {};
    const options = attachOptions({ ...link.options, ...kind }, link.role);
    const rhea = link.role === 'sender' ? session.rhea.attach_sender(options) : session.rhea.attach_receiver(options);
    this.#links.set(link, { rhea, session, isAttached: false });
    this.#log(link, 'attaching');
    rhea.on(`${link.role}_open`, () => this.#linkOpened(link, rhea));
    this.#listenToClose(link, rhea);
  }

  /**
   * Attaches a link anew whose attach the peer has not answered. That may be because the peer has never seen its session
   * begin, which therefore gets no other link until it answers.
   */
  attachAnew(link: Link): void {
    const entry = this.#links.get(link);
    if (entry === undefined || entry.isAttached) return;
    const { rhea, session } = entry;
    this.#links.delete(link);
    session.links--;
    this.#detaching.set(rhea, { session, resolve: undefined });
    rhea.close();
    this.attach(link);
  }

  /** What the peer owes an answer for. */
  owed(): OwedAnswers {
    return owedAnswers(this.#links, this.#detaching, this.#output);
  }

  /** Takes a link that the peer has attached. */
  accept(link: Link, rhea: RheaLink): void {
    this.#owner.linkAccepted(link);
    const session = this.sessions.of(rhea.session);
    if (session === undefined) return;
    session.links++;
    this.#links.set(link, { rhea, session, isAttached: true });
    this.#log(link, 'attached by the peer');
    this.#listenToClose(link, rhea);
    this.#isUsed = true;
    link.attached(session, rhea);
    // rhea writes our attach in the next tick, and what it has to do then stands in line before this.
    this.#output.clock.nextTick(() => link.opened());
  }

  /**
   * Closes a link. Its events tell nothing of it: whoever closes it knows. Resolves when the peer has answered, or can
   * no longer.
   */
  detach(link: Link, { error, keep = false }: LinkClose = {}): Promise<void> {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== link);
    this.#endProbe(link);
    const entry = this.#links.get(link);
    if (entry === undefined) return Promise.resolve();
    if (link.role === 'receiver') link.giveBack();
    this.#output.flush(); // what was said of its deliveries goes first
    this.#log(link, keep ? 'detached by this side' : 'closed by this side');
    this.#release(link, new LinkError('The link was closed here.'));
    return new Promise((resolve) => {
      this.#detaching.set(entry.rhea, { session: entry.session, resolve });
      if (keep) entry.rhea.detach();
      else entry.rhea.close(error && { condition: error.condition, description: error.description ?? '' });
    });
  }

  /** Releases what has come and has no outcome, before this side closes the connection in order. */
  giveBack(): void {
    for (const link of this.#links.keys()) if (link.role === 'receiver') link.giveBack();
  }

  /** The connection is gone, and every link with it. */
  ended(error: LinkError): void {
    for (const link of [...this.#links.keys()]) this.#release(link, error);
    for (const rhea of [...this.#detaching.keys()]) this.#wasDetached(rhea);
    this.#waiting = [];
    this.#probes.clear();
  }

  #wantedKind({ options }: Link): WantedKind | undefined {
    return this.peer.product.kindFollowsUse ? wantedKind(options) : undefined;
  }

  /** Has a look at the node of a sender, which is attached then. */
  #probe(link: Link, { kind, isStated }: WantedKind): void {
    const probe = new NodeProbe(link.options, kind, (error) => {
      // A user who may not receive has to be believed.
      const isSeen = error === undefined || isOtherKind(error);
      if (error !== undefined && isSeen === isStated) {
        this.#closed(link, error, 'closed');
        return;
      }
      this.#kinds.set(link, error === undefined || isStated ? kind : 'any');
      this.attach(link);
    });
    this.#probes.set(link, probe.link);
    this.attach(probe.link);
  }

  #endProbe(link: Link): void {
    const probe = this.#probes.get(link);
    if (this.#probes.delete(link) && probe !== undefined) void this.detach(probe);
  }

  #listenToClose(link: Link, rhea: RheaLink): void {
    rhea.on(`${link.role}_error`, () => undefined);
    rhea.on(`${link.role}_close`, () => {
      const session = this.#detaching.get(rhea)?.session ?? this.#links.get(link)?.session;
      if (session === undefined) return;
      if (!this.#wasDetached(rhea)) this.#detachedByPeer(link, rhea);
      this.sessions.endIdle(session);
      // Until this event is over, rhea still has the name of the link, which the one that waits may bear.
      this.#output.clock.setImmediate(() => this.sessionFreed());
    });
  }

  /** Tells whether the peer has answered our own detach. */
  #wasDetached(rhea: RheaLink): boolean {
    const detaching = this.#detaching.get(rhea);
    if (detaching === undefined) return false;
    this.#detaching.delete(rhea);
    if (detaching.resolve === undefined) detaching.session.attaching--;
    else detaching.resolve();
    return true;
  }

  #detachedByPeer(link: Link, rhea: RheaLink): void {
    const isKept = rhea.remote.detach?.closed !== true;
    const error = endError(`The peer closed the link to ${describe(link)}`, rhea.error);
    this.#release(link, error);
    const isOpen = this.#wantedKind(link)?.isStated === false && this.#kinds.get(link) !== 'any';
    const isOther = link.role === 'receiver' && isOpen && isOtherKind(error);
    if (isOther) this.#kinds.set(link, 'any');
    else this.#closed(link, error, isKept ? 'detached' : 'closed');
    // Answered in kind (AMQP 1.0 §2.6.4), and at once: rhea would only do so after we have ended the session.
    if (isKept) rhea.detach();
    else rhea.close();
    if (isOther) this.attach(link);
  }

  #linkOpened(link: Link, rhea: RheaLink): void {
    const entry = this.#links.get(link);
    // An answer that comes after the link was attached anew is too late.
    if (entry?.rhea !== rhea) return;
    entry.isAttached = true;
    this.#log(link, 'attached');
    this.#isUsed = true;
    this.#endProbe(link);
    entry.session.attaching--;
    link.remoteAddress = remoteAddress(entry.rhea, link.role);
    link.granted = grantedTerms(entry.rhea, link.role, this.peer);
    link.attached(entry.session, entry.rhea);
    if (attachesNode(entry.rhea, link.role)) link.opened();
    else {
      entry.refusal = awaitRefusal(link, entry.rhea, this.#output.clock, (error) => {
        void this.detach(link);
        this.#closed(link, error, 'closed');
      });
    }
    this.sessionFreed();
  }

  /** Attaches the links that wait for a session, now that there may be room for another. */
  sessionFreed(): void {
    if (!this.#owner.isOpen) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const link of waiting) this.attach(link);
  }

  /** The peer has ended a session. Links it was just attaching are the reason; the others are attached again. */
  sessionEnded(session: Session): void {
    const links = [...this.#links].filter(([, entry]) => entry.session === session);
    const someAttaching = session.attaching > 0;
    const [first] = links[0] ?? [];
    const others = links.length > 1 ? ` and ${links.length - 1} more` : '';
    const what = `The peer ended the session of the link to ${first === undefined ? '' : describe(first)}${others}`;
    // One failure is one error, however many links it concerns.
    const error = endError(what, session.rhea.error);
    for (const [link, { isAttached }] of links) {
      const end = session.rhea.error?.condition === undefined ? 'ended' : 'lost';
      this.#release(link, error);
      if (someAttaching && isAttached) this.attach(link);
      else this.#closed(link, error, end);
    }
    for (const [rhea, detaching] of this.#detaching) if (detaching.session === session) this.#wasDetached(rhea);
    this.sessionFreed();
  }

  #closed(link: Link, error: LinkError, end: LinkEnd): void {
    this.#log(link, error.message);
    if (!this.#owner.linkClosed(link, error)) link.closed(error, end);
  }

  #log(link: Link, what: string): void {
    log('%s: %s to %s (%s): %s', this.peerId, link.role, describe(link), link.options.name, what);
  }

  #release(link: Link, error: LinkError): void {
    const entry = this.#links.get(link);
    if (entry === undefined) return;
    this.#links.delete(link);
    if (entry.refusal !== undefined) this.#output.clock.clearTimeout(entry.refusal);
    this.#endProbe(link);
    entry.session.links--;
    if (!entry.isAttached) entry.session.attaching--;
    link.detached(error);
  }
}
