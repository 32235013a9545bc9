import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.js';
import { Output } from '../../codec/output.js';
import type { FrameLog } from '../wire/frame-log.js';
import { SocketWriter } from '../wire/socket-writer.js';
import type { SocketWriterEvents } from '../wire/socket-writer.js';

/** A link with messages to send, as far as the end of a tick has to know it. */
export interface PendingSender {
  /** True when it is on the list already. Written by `PendingOutput` only. */
  scheduled: boolean;
  /** Writes what may be written now. Returns true when it has more to write at once. */
  sendPending(): boolean;
  /** Bytes up to `total` have left the process. Returns whether nothing of this link is still to leave. */
  written(total: number): boolean;
}

/** A session that owes the peer dispositions. */
export interface PendingDispositions {
  writeDispositions(): void;
}

/**
 * The output of one connection, as its sessions and links share it: the frames that were written, and what is still to be
 * written before the tick of the event loop ends. Work done in one tick (a loop of `put`, a chunk of input answered)
 * leaves in one write.
 *
 * Messages leave in the next tick. Dispositions alone can wait until all input that has come is read, which may be many
 * chunks: one frame then does for all of them, and the peer is woken once.
 */
export class PendingOutput implements SocketWriterEvents {
  readonly clock: Clock;
  readonly writer: SocketWriter;
  /** Frames that are not messages are encoded here. */
  readonly control: Output = new Output();
  /** The largest frame to write, in bytes. The connection lowers it to what the peer takes, once the peer has said so. */
  maxFrameSize: number;
  /** True when the peer can be asked to give credit back. The connection sets it when it knows the peer. */
  canDrain = true;
  /** True when messages wait, because the connection is about to be made anew. What has been begun goes on. */
  isHeld = false;
  /** Frames by which the peer has given outcomes. Written by its sessions. */
  outcomes = 0;
  /** Called when the peer has read something while nothing was read from it. The connection sets it. */
  heard: () => void = () => undefined;
  #senders: PendingSender[] = [];
  #sessions: PendingDispositions[] = [];
  /** Links that could send but for the peer's session window or the socket. */
  readonly #waitingForRoom = new Set<PendingSender>();
  /** Links whose pre-settled messages have not all left the process. */
  readonly #leaving = new Set<PendingSender>();
  #tick = false;
  #immediate: object | undefined;

  /** @param frames - Prints what is written, if anything does. */
  constructor(socket: Duplex, clock: Clock, maxFrameSize: number, frames?: FrameLog) {
    this.clock = clock;
    this.writer = new SocketWriter(socket, clock, this, frames);
    this.maxFrameSize = maxFrameSize;
  }

  /** Has a link send what it has in the next tick. */
  schedule(link: PendingSender): void {
    if (link.scheduled) return;
    link.scheduled = true;
    this.#senders.push(link);
    this.flushSoon();
  }

  /** Has a session write its dispositions once the input that has come is read. */
  scheduleDispositions(session: PendingDispositions): void {
    this.#sessions.push(session);
    this.#immediate ??= this.clock.setImmediate(() => this.flush());
  }

  /** Has everything written in the next tick: so much has gathered that the peer should not wait for the rest of the input. */
  flushSoon(): void {
    if (this.#tick) return;
    this.#tick = true;
    this.clock.nextTick(() => this.flush());
  }

  /** Writes everything: dispositions first, since they free the peer's memory, then messages, link by link in turn. */
  flush(): void {
    this.#tick = false;
    if (this.#immediate !== undefined) this.clock.clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const sessions = this.#sessions;
    if (sessions.length > 0) {
      this.#sessions = [];
      for (const session of sessions) session.writeDispositions();
    }
    while (this.#senders.length > 0) {
      const links = this.#senders;
      this.#senders = [];
      for (const link of links) {
        link.scheduled = false;
        if (!link.sendPending()) continue;
        link.scheduled = true;
        this.#senders.push(link);
      }
    }
    this.writer.flush();
  }

  /** Has a link try again when the session window or the socket may have room. */
  waitForRoom(link: PendingSender): void {
    this.#waitingForRoom.add(link);
  }

  /** Tells a link by `written` what has left the process. */
  waitForWrite(link: PendingSender): void {
    this.#leaving.add(link);
  }

  /** The session window may have opened, or the socket has room: every link that waits for either tries again. */
  unblocked(): void {
    // `clear` makes a new table even when there is nothing in the old one, and this runs after every chunk of input.
    if (this.#waitingForRoom.size === 0) return;
    for (const link of this.#waitingForRoom) this.schedule(link);
    this.#waitingForRoom.clear();
  }

  /** Bytes up to `total` have left the process. */
  written(total: number): void {
    for (const link of this.#leaving) if (link.written(total)) this.#leaving.delete(link);
  }
}
