import type { Clock } from '../../clock.js';
import type { SenderLink } from './sender-link.js';
import type { Session } from './session.js';
import type { SocketWriter } from '../wire/socket-writer.js';

/**
 * What is to be written before the turn of the event loop ends. Work done in one turn (a loop of `put`, a chunk of
 * input answered) leaves in one write.
 *
 * Messages leave in the next tick. Dispositions alone can wait until all input that has come is read, which may be many
 * chunks: one frame then does for all of them, and the peer is woken once.
 */
export class Turn {
  readonly #writer: SocketWriter;
  readonly #clock: Clock;
  #links: SenderLink[] = [];
  #sessions: Session[] = [];
  #tick = false;
  #immediate: object | undefined;

  constructor(writer: SocketWriter, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  /** This link may have something to send. */
  pump(link: SenderLink): void {
    if (link.scheduled) return;
    link.scheduled = true;
    this.#links.push(link);
    this.hurry();
  }

  /** This session has dispositions to write. */
  settle(session: Session): void {
    this.#sessions.push(session);
    this.#immediate ??= this.#clock.setImmediate(() => this.end());
  }

  /** So many have gathered that whoever waits for them should not wait for the rest of the input. */
  hurry(): void {
    if (this.#tick) return;
    this.#tick = true;
    this.#clock.nextTick(() => this.end());
  }

  /** Writes it all: dispositions first, since they free the peer's memory, then messages, link by link in turn. */
  end(): void {
    this.#tick = false;
    if (this.#immediate !== undefined) this.#clock.clearImmediate(this.#immediate);
    this.#immediate = undefined;
    const sessions = this.#sessions;
    if (sessions.length > 0) {
      this.#sessions = [];
      for (const session of sessions) session.writeDispositions();
    }
    while (this.#links.length > 0) {
      const links = this.#links;
      this.#links = [];
      for (const link of links) {
        link.scheduled = false;
        if (!link.pump()) continue;
        link.scheduled = true;
        this.#links.push(link);
      }
    }
    this.#writer.flush();
  }
}
