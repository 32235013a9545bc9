import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock.js';
import { Output } from '../../codec/output.js';
import { ConnectionError, LinkError, ProtocolError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import { closeError, failureError, violation } from './connection-errors.js';
import { FrameGate } from '../rhea/frame-gate.js';
import type { TransportLimits } from '../wire/limits.js';
import { Heartbeats } from './heartbeats.js';
import { LinkTable } from '../session/link-table.js';
import type { Link, LinkTableHost } from '../session/link-table.js';
import { canDrain } from './peer-quirks.js';
import { setNoTimers, takeIdleTimeout } from '../rhea/rhea-seam.js';
import type { RheaConnection, RheaContext, RheaError } from '../rhea/rhea-seam.js';
import type { SenderLink } from '../session/sender-link.js';
import type { Session } from '../session/session.js';
import { SilenceWatch } from './silence-watch.js';
import type { SocketWriter } from '../wire/socket-writer.js';
import type { TransportEvents } from './transport-events.js';
import { Turn } from '../session/turn.js';

/** How long the peer may take to answer our close before the socket is cut, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The smallest frame size a peer must take, in bytes (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

/**
 * One socket's life as an AMQP connection: the gate, rhea's connection behind it, and the sessions and links on it.
 * When the socket goes, everything here goes, and `Connection` makes a new one. Delivery-ids and handles therefore
 * never outlive the socket they belong to.
 */
export class Transport implements LinkTableHost {
  readonly control: Output = new Output();
  /** Known once the peer has opened. Looked up once: rhea decodes it anew each time. */
  peerMaxFrameSize: number;
  readonly rhea: RheaConnection;
  readonly gate: FrameGate;
  /** The links on it, and their sessions. */
  readonly links: LinkTable;
  readonly #limits: TransportLimits;
  readonly clock: Clock;
  readonly #events: TransportEvents;
  readonly #turn: Turn;
  readonly #silence: SilenceWatch;
  readonly #heartbeats: Heartbeats;
  /** Links that could send but for the peer's session window or the socket. */
  readonly #stalled = new Set<SenderLink>();
  /** Links whose pre-settled messages have not all left the process. */
  readonly #leaving = new Set<SenderLink>();
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #error: MessagingError | undefined;
  #closeTimer: Timer | undefined;

  constructor(socket: Duplex, rhea: RheaConnection, limits: TransportLimits, clock: Clock, events: TransportEvents) {
    this.rhea = rhea;
    this.#limits = limits;
    this.clock = clock;
    this.#events = events;
    this.peerMaxFrameSize = limits.maxOutgoingFrameSize;
    this.links = new LinkTable(this, limits.channelMax);
    this.#silence = new SilenceWatch(clock, limits.idleTimeout, {
      silent: () => this.#fallSilent(),
    });
    this.#heartbeats = new Heartbeats(clock, () => {
      if (this.#state === 'open') this.gate.beat();
    });
    this.gate = this.#createGate(socket);
    this.#turn = new Turn(this.gate.writer, clock);
    setNoTimers(rhea);
    this.#listen();
  }

  get writer(): SocketWriter {
    return this.gate.writer;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get canDrain(): boolean {
    return canDrain(this.rhea.properties);
  }

  /** The container-id of the peer, once it has opened. */
  get peerId(): string | undefined {
    return this.rhea.container_id;
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

  endTurn(): void {
    this.#turn.end();
  }

  linkClosed(link: Link): void {
    this.#events.linkClosed(link);
  }

  stalled(link: SenderLink): void {
    this.#stalled.add(link);
  }

  leaving(link: SenderLink): void {
    this.#leaving.add(link);
  }

  #createGate(socket: Duplex): FrameGate {
    return new FrameGate(
      socket,
      { maxFrameSize: this.#limits.maxFrameSize, clock: this.clock },
      {
        transfer: (channel, buffer, position, end) => this.links.sessions.transfer(channel, buffer, position, end),
        disposition: (channel, buffer, position, end) =>
          this.links.sessions.disposition(channel, buffer, position, end),
        // The peer may have opened a session window, or the socket has room: whoever waits has another look.
        turnEnded: () => {
          this.#silence.heard();
          this.#pumpStalled();
        },
        unblocked: () => this.#pumpStalled(),
        mechanismsOffered: (names) => this.#events.mechanismsOffered?.(names),
        written: (total) => this.#written(total),
        violated: (error) => this.#refuse(error),
        ending: () => this.#awaitEnd(),
        ended: (error) => this.#ended(error),
      },
    );
  }

  /** A peer that does not close, or does not hang up, is cut off. */
  #awaitEnd(): void {
    this.#closeTimer ??= this.clock.setTimeout(() => this.gate.destroy(), CLOSE_TIMEOUT);
  }

  /** The peer broke the rules: it is told so, and cut off. */
  #refuse(error: MessagingError): void {
    this.#error ??= error;
    this.rhea.open(); // no close frame goes out before an open frame (AMQP 1.0 §2.4.6)
    this.close({ condition: error.condition ?? 'amqp:internal-error', description: error.message });
    this.gate.end();
  }

  /** It may be that only its half of the line is dead, so the peer is told; but nobody waits for its answer. */
  #fallSilent(): void {
    const words = `The peer has sent nothing for twice the idle time-out of ${this.#limits.idleTimeout} ms.`;
    this.#refuse(new ConnectionError(words, { condition: 'amqp:resource-limit-exceeded' }));
    this.clock.setImmediate(() => this.gate.destroy());
  }

  #pumpStalled(): void {
    // `clear` makes a new table even when there is nothing in the old one, and this runs after every chunk of input.
    if (this.#stalled.size === 0) return;
    for (const link of this.#stalled) this.schedule(link);
    this.#stalled.clear();
  }

  #written(total: number): void {
    for (const link of this.#leaving) if (link.written(total)) this.#leaving.delete(link);
  }

  #listen(): void {
    const { rhea } = this;
    // rhea hands the bare error to these two, and then ends the socket.
    const failed = (context: RheaContext): void => this.#refuse(violation(context));
    rhea.on('connection_open', () => {
      const idleTimeout = takeIdleTimeout(rhea);
      if (this.#state !== 'opening') return;
      this.peerMaxFrameSize = Math.min(rhea.max_frame_size ?? Infinity, this.#limits.maxOutgoingFrameSize);
      if (this.peerMaxFrameSize < MIN_MAX_FRAME_SIZE) {
        throw new ProtocolError(`The peer takes frames of ${this.peerMaxFrameSize} bytes; 512 is the least allowed.`);
      }
      this.#state = 'open';
      this.#silence.start();
      this.#heartbeats.start(idleTimeout);
      this.#events.opened(this);
    });
    rhea.on('connection_error', (context) => {
      // What rhea makes of the peer's error lacks its info.
      this.#error ??= closeError(rhea.error ?? context.error, this.#state, this.#events.describeRefusal);
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
      if (session !== undefined) this.links.sessions.opened(this.links.sessions.adopt(session));
    });
    rhea.on('sender_open', ({ sender }) => sender && this.#events.linkRequested(this, sender));
    rhea.on('receiver_open', ({ receiver }) => receiver && this.#events.linkRequested(this, receiver));
    for (const event of ['session', 'sender', 'receiver']) {
      rhea.on(`${event}_error`, () => undefined);
      rhea.on(`${event}_close`, () => undefined);
    }
  }

  #ended(socketError: Error | undefined): void {
    const inPeace = this.#state === 'closing';
    this.#silence.stop();
    this.#heartbeats.stop();
    if (this.#closeTimer !== undefined) this.clock.clearTimeout(this.#closeTimer);
    const error = this.#error ?? (inPeace ? undefined : failureError(socketError));
    this.#state = 'closed';
    this.links.ended(new LinkError('The connection was lost.', { cause: error }));
    this.#events.closed(this, error);
  }
}
