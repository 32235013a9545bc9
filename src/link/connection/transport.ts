import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../clock.js';
import { ConnectionError, LinkError, ProtocolError } from '../../errors.js';
import type { DecodeError, MessagingError } from '../../errors.js';
import { FrameGate } from '../rhea/frame-gate.js';
import type { FrameGateEvents } from '../rhea/frame-gate.js';
import { mendAttach } from '../rhea/rhea-attach.js';
import { passOverSecondEnd, setNoTimers, takeIdleTimeout } from '../rhea/rhea-seam.js';
import type { RheaConnection, RheaContext, RheaError } from '../rhea/rhea-seam.js';
import type { SaslClient } from '../security/sasl-client.js';
import { LinkRequest } from '../session/link-request.js';
import { LinkTable } from '../session/link-table.js';
import type { Link, LinkOwner, LinkTableOwner } from '../session/link-table.js';
import { PendingOutput } from '../session/pending-output.js';
import { Quiescence } from '../session/quiescence.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import type { FrameLog } from '../wire/frame-log.js';
import type { TransportLimits } from '../wire/limits.js';
import { closeError, failureError, violation } from './connection-errors.js';
import type { AnswerWatch } from './answer-watch.js';
import { Heartbeats, SilenceWatch } from './idle-timeouts.js';

/** The time that the peer has to answer our close before the socket is cut, in milliseconds. */
const CLOSE_TIMEOUT = 1000;

/** The smallest frame size a peer must take, in bytes (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

/** The connection that a transport carries. */
export interface TransportOwner extends LinkOwner {
  /** The peer's open frame has come. */
  transportOpened(transport: Transport): void;
  /** It is over, once and for all, and its links are detached. `error` is undefined when this side has closed it. */
  transportClosed(transport: Transport, error: MessagingError | undefined): void;
  /** The peer wants to attach a link. To be answered before this returns. */
  linkRequested(request: LinkRequest): void;
}

/** The parts of a transport. */
export interface TransportParts {
  readonly rhea: RheaConnection;
  readonly limits: TransportLimits;
  /** The budget that this connection has a part of. */
  readonly budget: ByteBudget;
  /** The most links of the peer, refused ones that it has not answered among them. Default: any number. */
  readonly maxLinks?: number | undefined;
  readonly clock: Clock;
  /** Our side of the SASL exchange, when we are the one to log in. */
  readonly sasl?: SaslClient;
  /** Watches whether the peer answers, if anything does. */
  readonly answers?: AnswerWatch;
  /** Prints the frames of both directions, if anything does. */
  readonly frames?: FrameLog | undefined;
}

/**
 * One socket's life as an AMQP connection: the gate, rhea's connection behind it, and the sessions and links on it.
 * When the socket goes, everything here goes, and `Connection` makes a new one. Delivery-ids and handles therefore
 * never outlive the socket they belong to.
 */
export class Transport implements FrameGateEvents, LinkTableOwner {
  readonly rhea: RheaConnection;
  readonly gate: FrameGate;
  /** The links on it, and their sessions. */
  readonly links: LinkTable;
  readonly #limits: TransportLimits;
  readonly #clock: Clock;
  readonly #sasl: SaslClient | undefined;
  readonly #owner: TransportOwner;
  readonly #output: PendingOutput;
  readonly #silence: SilenceWatch;
  readonly #heartbeats: Heartbeats;
  readonly #answers: AnswerWatch | undefined;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #error: MessagingError | undefined;
  /** True when the peer has closed the connection without an error. */
  #wasClosedByPeer = false;
  #closeTimer: Timer | undefined;
  #quiescence: Quiescence | undefined;

  constructor(
    socket: Duplex,
    { rhea, limits, budget, maxLinks = Infinity, clock, sasl, answers, frames }: TransportParts,
    owner: TransportOwner,
  ) {
    this.rhea = rhea;
    this.#limits = limits;
    this.#clock = clock;
    this.#sasl = sasl;
    this.#answers = answers;
    this.#owner = owner;
    this.#output = new PendingOutput(socket, clock, limits.maxOutgoingFrameSize, frames);
    const { maxFrameSize, maxMessageSize, channelMax } = limits;
    this.links = new LinkTable(rhea, { output: this.#output, budget: budget.part(maxMessageSize), channelMax }, this);
    this.#silence = new SilenceWatch(clock, limits.idleTimeout, () => this.#silent());
    this.#output.heard = () => this.#silence.heard();
    this.#heartbeats = new Heartbeats(clock, () => {
      if (this.#state === 'open') this.gate.beat();
    });
    this.gate = new FrameGate(socket, this.#output.writer, { maxFrameSize, clock, frames }, this);
    setNoTimers(rhea);
    passOverSecondEnd(rhea);
    mendAttach(rhea, maxLinks);
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The container-id of the peer, once it has opened. */
  get peerId(): string | undefined {
    return this.rhea.container_id;
  }

  /** True when the peer has closed the connection in order: with a close frame, and without an error in it. */
  get wasClosedByPeer(): boolean {
    return this.#wasClosedByPeer;
  }

  /** Closes the connection, after what is to be written. A peer that does not answer is cut off. */
  close(error?: RheaError): void {
    if (this.#state === 'closed' || this.#state === 'closing') return;
    this.#quiescence?.cancel();
    const isOpening = this.#state === 'opening';
    this.#state = 'closing';
    // Nobody is there yet to say goodbye to.
    if (isOpening && error === undefined) {
      this.gate.destroy();
      return;
    }
    if (error === undefined) this.links.giveBack();
    this.#output.flush();
    this.rhea.close(error);
    this.ending();
  }

  /** Closes the connection once its links are at rest, or after `limit` milliseconds. */
  closeAtRest(limit: number): void {
    const parts = { clock: this.#clock, output: this.#output, links: () => this.links.all };
    this.#quiescence = new Quiescence(parts, limit, () => this.close());
  }

  /** Cuts the socket. */
  destroy(error: MessagingError): void {
    this.#error ??= error;
    this.gate.destroy();
  }

  /** Leaves the peer for what it has not done. It is told so, but nobody waits for its answer. */
  leave(error: MessagingError): void {
    this.#refuse(error);
    this.#clock.setImmediate(() => this.gate.destroy());
  }

  linkAccepted(link: Link): void {
    this.#owner.linkAccepted(link);
  }

  linkClosed(link: Link, error: LinkError): boolean {
    return this.#owner.linkClosed(link, error);
  }

  transfer(channel: number, buffer: Buffer, position: number, end: number): void {
    this.links.sessions.transfer(channel, buffer, position, end);
  }

  disposition(channel: number, buffer: Buffer, position: number, end: number): void {
    this.links.sessions.disposition(channel, buffer, position, end);
  }

  mechanismsOffered(names: readonly string[]): void {
    this.#sasl?.offered(names);
  }

  inputRead(): void {
    this.#silence.heard();
    // The peer may have opened a session window: whoever waits for that has another look.
    this.#output.unblocked();
  }

  /** The peer broke the rules: it is told so, and cut off. */
  violated(error: ProtocolError | DecodeError): void {
    this.#refuse(error);
  }

  /** A peer that does not close, or does not hang up, is cut off. */
  ending(): void {
    if (this.#closeTimer !== undefined) return;
    this.#closeTimer = this.#clock.setTimeout(() => this.gate.destroy(), CLOSE_TIMEOUT);
    // Whoever closes the connection waits for it.
    this.#closeTimer.ref();
  }

  ended(socketError: Error | undefined): void {
    const inPeace = this.#state === 'closing';
    this.#silence.stop();
    this.#heartbeats.stop();
    this.#quiescence?.cancel();
    this.#answers?.stop();
    if (this.#closeTimer !== undefined) this.#clock.clearTimeout(this.#closeTimer);
    const error = this.#error ?? (inPeace ? undefined : failureError(socketError));
    this.#state = 'closed';
    this.links.ended(new LinkError('The connection was lost.', { cause: error }));
    this.#owner.transportClosed(this, error);
  }

  /** It may be that only its half of the line is dead, so the peer is told. */
  #silent(): void {
    const what = this.#output.writer.isHoldingUp ? 'read none of the many answers that wait for it' : 'sent nothing';
    const words = `The peer has ${what} for twice the idle time-out of ${this.#limits.idleTimeout} ms.`;
    this.leave(new ConnectionError(words, { condition: 'amqp:resource-limit-exceeded' }));
  }

  #refuse(error: MessagingError): void {
    this.#error ??= error;
    this.rhea.open(); // no close frame goes out before an open frame (AMQP 1.0 §2.4.6)
    this.close({ condition: error.condition ?? 'amqp:internal-error', description: error.message });
    this.gate.end();
  }

  #listen(): void {
    const { rhea } = this;
    // rhea hands the bare error to these two, and then ends the socket.
    const failed = (context: RheaContext): void => this.#refuse(violation(context));
    rhea.on('connection_open', () => this.#opened());
    rhea.on('connection_error', (context) => {
      // What rhea makes of the peer's error lacks its info.
      this.#error ??= closeError(rhea.error ?? context.error, this.#state, this.#sasl);
      // A peer that has refused the credentials may take its time to hang up; RabbitMQ takes three seconds.
      if (this.#state === 'opening') this.gate.destroy();
    });
    rhea.on('connection_close', () => {
      if (this.#error !== undefined || this.#state === 'closing') return;
      this.#wasClosedByPeer = true;
      this.#error = closeError(undefined, 'open', undefined);
    });
    rhea.on('disconnected', () => undefined);
    rhea.on('protocol_error', failed);
    rhea.on('error', failed);
    rhea.on('session_open', ({ session }) => {
      if (session !== undefined) this.links.sessions.opened(this.links.sessions.adopt(session));
    });
    for (const role of ['sender', 'receiver'] as const) {
      rhea.on(`${role}_open`, ({ [role]: link }) => {
        if (link !== undefined) this.#owner.linkRequested(new LinkRequest(this.links, link));
      });
    }
    for (const event of ['session', 'sender', 'receiver']) {
      rhea.on(`${event}_error`, () => undefined);
      rhea.on(`${event}_close`, () => undefined);
    }
  }

  #opened(): void {
    const idleTimeout = takeIdleTimeout(this.rhea);
    if (this.#state !== 'opening') return;
    const { rhea } = this;
    // A peer that is about to close the connection may say 0 (Broker-J does): what it says next is the reason.
    const named = rhea.max_frame_size === 0 ? MIN_MAX_FRAME_SIZE : (rhea.max_frame_size ?? Infinity);
    const frameSize = Math.min(named, this.#limits.maxOutgoingFrameSize);
    if (frameSize < MIN_MAX_FRAME_SIZE) {
      throw new ProtocolError(`The peer takes frames of ${frameSize} bytes; 512 is the least allowed.`);
    }
    // Looked up once: rhea decodes it anew each time.
    this.#output.maxFrameSize = frameSize;
    this.#output.canDrain = this.links.peer.product.canDrain;
    this.#state = 'open';
    this.#silence.start();
    this.#heartbeats.start(idleTimeout);
    this.#answers?.start(this);
    this.#owner.transportOpened(this);
  }
}
