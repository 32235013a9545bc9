import type { Socket } from 'node:net';
import { Output } from '../codec/output.js';
import { LinkError, ProtocolError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import type { Clock } from './clock.js';
import { closeError, endError, failureError, violation } from './connection-errors.js';
import { FrameGate } from './frame-gate.js';
import type { TransportLimits } from './limits.js';
import { attachOptions, attachesNode, describe, remoteAddress } from './link-attach.js';
import { canDrain } from './peer-quirks.js';
import type { ReceiverLink } from './receiver-link.js';
import type { RheaConnection, RheaContext, RheaError, RheaLink } from './rhea-seam.js';
import type { SenderLink } from './sender-link.js';
import type { Session, SessionHost } from './session.js';
import { SessionTable } from './session-table.js';
import type { SocketWriter } from './socket-writer.js';
import type { TransportEvents } from './transport-events.js';
import { Turn } from './turn.js';

/** How long the peer may take to answer our close before the socket is cut, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The smallest frame size a peer must take, in bytes (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

/** Either kind of link. */
export type Link = SenderLink | ReceiverLink;

/**
 * One socket's life as an AMQP connection: the gate, rhea's connection behind it, and the sessions and links on it.
 * When the socket goes, everything here goes, and `Connection` makes a new one. Delivery-ids and handles therefore
 * never outlive the socket they belong to.
 */
export class Transport implements SessionHost {
  readonly control: Output = new Output();
  readonly rhea: RheaConnection;
  readonly gate: FrameGate;
  readonly #limits: TransportLimits;
  readonly #clock: Clock;
  readonly #events: TransportEvents;
  readonly #sessions: SessionTable;
  readonly #turn: Turn;
  readonly #links = new Map<Link, { rhea: RheaLink; session: Session; isAttached: boolean }>();
  /** Links that wait for a session to share. */
  #waiting: Link[] = [];
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #error: MessagingError | undefined;
  #closeTimer: NodeJS.Timeout | undefined;
  #isUsed = false;

  constructor(socket: Socket, rhea: RheaConnection, limits: TransportLimits, clock: Clock, events: TransportEvents) {
    this.rhea = rhea;
    this.#limits = limits;
    this.#clock = clock;
    this.#events = events;
    this.#sessions = new SessionTable(this, limits.channelMax, {
      ended: (session) => this.#sessionEnded(session),
      freed: () => this.#attachWaiting(),
    });
    this.gate = this.#createGate(socket);
    this.#turn = new Turn(this.gate.writer);
    this.#listen();
  }

  get writer(): SocketWriter {
    return this.gate.writer;
  }

  get peerMaxFrameSize(): number {
    return Math.min(this.rhea.max_frame_size ?? Infinity, this.#limits.maxOutgoingFrameSize);
  }

  /** Whether a link was ever attached over it. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  get canDrain(): boolean {
    return canDrain(this.rhea.properties);
  }

  /** The container-id of the peer, once it has opened. */
  get peerId(): string | undefined {
    return this.rhea.container_id;
  }

  /** Attaches a link. Its events tell what comes of it. */
  attach(link: Link): void {
    const session = this.#sessions.choose(this.rhea);
    if (session === undefined) {
      this.#waiting.push(link);
      return;
    }
    session.links++;
    session.attaching++;
    const options = attachOptions(link.options, link.role);
    const rhea = link.role === 'sender' ? session.rhea.attach_sender(options) : session.rhea.attach_receiver(options);
    this.#links.set(link, { rhea, session, isAttached: false });
    rhea.on(`${link.role}_open`, () => this.#linkOpened(link));
    this.#listenToClose(link, rhea);
  }

  /** Takes a link that the peer has attached. */
  accept(link: Link, rhea: RheaLink): void {
    const session = this.#sessions.of(rhea.session);
    if (session === undefined) return;
    session.links++;
    this.#links.set(link, { rhea, session, isAttached: true });
    this.#listenToClose(link, rhea);
    this.#isUsed = true;
    link.attached(session, rhea);
    // rhea writes our attach in the next tick, and what it has to do then stands in line before this.
    process.nextTick(() => link.opened());
  }

  /** Closes a link. Its events tell nothing of it: whoever closes it knows. */
  detach(link: Link, error?: RheaError): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== link);
    const entry = this.#links.get(link);
    if (entry === undefined) return;
    this.#turn.end(); // what was said of its deliveries goes first
    this.#release(link, new LinkError('The link was closed here.'));
    entry.rhea.close(error);
    this.#sessions.endIdle(entry.session);
  }

  /** Closes the connection, after what is to be written. A peer that does not answer is cut off. */
  close(error?: RheaError): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    const isOpening = this.#state === 'opening';
    this.#state = 'closing';
    // Nobody is there yet to say goodbye to.
    if (isOpening && error === undefined) {
      this.gate.destroy();
      return;
    }
    this.#turn.end();
    this.rhea.close(error);
    this.#awaitEnd();
  }

  /** Cuts the socket. */
  destroy(error: MessagingError): void {
    this.#error ??= error;
    this.gate.destroy();
  }

  schedule(link: SenderLink): void {
    this.#turn.pump(link);
  }

  scheduleDispositions(session: Session): void {
    this.#turn.settle(session);
  }

  hurry(): void {
    this.#turn.hurry();
  }

  #createGate(socket: Socket): FrameGate {
    return new FrameGate(
      socket,
      { maxFrameSize: this.#limits.maxFrameSize, idleTimeout: this.#limits.idleTimeout, now: () => this.#clock.now() },
      {
        transfer: (channel, buffer, position, end) => this.#sessions.transfer(channel, buffer, position, end),
        disposition: (channel, buffer, position, end) => this.#sessions.disposition(channel, buffer, position, end),
        // The peer may have opened a session window, or the socket has room: whoever waits has another look.
        turnEnded: () => this.#pumpWaiting(),
        unblocked: () => this.#pumpWaiting(),
        written: (total) => this.#sessions.eachSender((link) => link.written(total)),
        violated: (error) => this.#refuse(error),
        ending: () => this.#awaitEnd(),
        ended: (error) => this.#ended(error),
      },
    );
  }

  /** A peer that does not close, or does not hang up, is cut off. */
  #awaitEnd(): void {
    this.#closeTimer ??= this.#clock.setTimeout(() => this.gate.destroy(), CLOSE_TIMEOUT);
  }

  /** The peer broke the rules: it is told so, and cut off. */
  #refuse(error: MessagingError): void {
    this.#error ??= error;
    this.rhea.open(); // no close frame goes out before an open frame (AMQP 1.0 §2.4.6)
    this.close({ condition: error.condition ?? 'amqp:internal-error', description: error.message });
    this.gate.end();
  }

  #pumpWaiting(): void {
    this.#sessions.eachSender((link) => {
      if (link.waiting) this.schedule(link);
    });
  }

  #listen(): void {
    const { rhea } = this;
    // rhea hands the bare error to these two, and then ends the socket.
    const failed = (context: RheaContext): void => this.#refuse(violation(context));
    rhea.on('connection_open', () => {
      if (this.#state !== 'opening') return;
      if (this.peerMaxFrameSize < MIN_MAX_FRAME_SIZE) {
        throw new ProtocolError(`The peer takes frames of ${this.peerMaxFrameSize} bytes; 512 is the least allowed.`);
      }
      this.#state = 'open';
      this.#events.opened(this);
    });
    rhea.on('connection_error', (context) => {
      this.#error ??= closeError(context.error, this.#state);
      // A peer that has refused the credentials may take its time to hang up; RabbitMQ takes three seconds.
      if (this.#state === 'opening') this.gate.destroy();
    });
    rhea.on(
      'connection_close',
      () => (this.#error ??= this.#state === 'closing' ? undefined : closeError(undefined, 'open')),
    );
    rhea.on('disconnected', () => undefined);
    rhea.on('protocol_error', failed);
    rhea.on('error', failed);
    rhea.on('session_open', ({ session }) => {
      if (session !== undefined) this.#sessions.opened(this.#sessions.adopt(session));
    });
    rhea.on('sender_open', ({ sender }) => sender && this.#events.linkRequested(this, sender));
    rhea.on('receiver_open', ({ receiver }) => receiver && this.#events.linkRequested(this, receiver));
    for (const event of ['session', 'sender', 'receiver']) {
      rhea.on(`${event}_error`, () => undefined);
      rhea.on(`${event}_close`, () => undefined);
    }
  }

  #listenToClose(link: Link, rhea: RheaLink): void {
    rhea.on(`${link.role}_error`, () => undefined);
    rhea.on(`${link.role}_close`, () => {
      const session = this.#links.get(link)?.session;
      if (session === undefined) return;
      const error = endError(`The peer closed the link to ${describe(link)}`, rhea.error);
      this.#release(link, error);
      this.#closed(link, error);
      rhea.close(); // rhea would only answer the detach after we have ended the session
      this.#sessions.endIdle(session);
      this.#attachWaiting();
    });
  }

  #linkOpened(link: Link): void {
    const entry = this.#links.get(link);
    if (entry === undefined) return;
    entry.isAttached = true;
    this.#isUsed = true;
    entry.session.attaching--;
    link.remoteAddress = remoteAddress(entry.rhea, link.role);
    link.attached(entry.session, entry.rhea);
    // A peer that refuses a link attaches no node and closes it in one go (AMQP 1.0 §2.6.3): that is not told as open.
    if (attachesNode(entry.rhea, link.role)) link.opened();
    else process.nextTick(() => link.opened());
    this.#attachWaiting();
  }

  #attachWaiting(): void {
    if (this.#state !== 'open') return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const link of waiting) this.attach(link);
  }

  /** The peer has ended a session. Links it was just attaching are the reason; the others are attached again. */
  #sessionEnded(session: Session): void {
    const links = [...this.#links].filter(([, entry]) => entry.session === session);
    const someAttaching = session.attaching > 0;
    for (const [link, { isAttached }] of links) {
      const error = endError(`The peer ended the session of the link to ${describe(link)}`, session.rhea.error);
      this.#release(link, error);
      if (someAttaching && isAttached) this.attach(link);
      else this.#closed(link, error);
    }
    this.#attachWaiting();
  }

  #closed(link: Link, error: LinkError): void {
    this.#events.linkClosed(link);
    link.closed(error);
  }

  #release(link: Link, error: LinkError): void {
    const entry = this.#links.get(link);
    if (entry === undefined) return;
    this.#links.delete(link);
    entry.session.links--;
    if (!entry.isAttached) entry.session.attaching--;
    link.detached(error);
  }

  #ended(socketError: Error | undefined): void {
    const inPeace = this.#state === 'closing';
    if (this.#closeTimer !== undefined) this.#clock.clearTimeout(this.#closeTimer);
    const error = this.#error ?? (inPeace ? undefined : failureError(socketError));
    this.#state = 'closed';
    const lost = new LinkError('The connection was lost.', { cause: error });
    for (const link of [...this.#links.keys()]) this.#release(link, lost);
    this.#waiting = [];
    this.#events.closed(this, error);
  }
}
