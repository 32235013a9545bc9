import type { Clock, Timer } from '../../clock.js';
import { ConnectionError } from '../../errors.js';
import { describe } from '../session/link-attach.js';
import type { Link, LinkTable } from '../session/link-table.js';
import type { Environment } from './environment.js';

/** The time-out where there is another host to go to, and where there is none; in milliseconds. */
const WITH_OTHER_HOSTS = 6000;
const WITHOUT = 60_000;

/** The looks within one time-out. A time-out is counted in looks: none is taken while this process sleeps. */
const LOOKS = 6;

/** How many times the time-out peers may get. They get twice the time after each round in which no host has answered. */
const MAX_PATIENCE = 8;

/** The settings of a connection that decide over it. */
export interface AnswerSettings {
  /** In milliseconds; 0 never calls back. Default by the number of hosts. */
  readonly answerTimeout?: number | undefined;
  readonly environment: Pick<Environment, 'clock'>;
}

/** The transport that is watched. */
export interface WatchedTransport {
  readonly links: LinkTable;
  /** Cuts the connection, which is made anew. */
  leave(error: ConnectionError): void;
}

/**
 * Finds a peer that is there and does not answer: that leaves an attach, a detach, or all messages without an outcome. It
 * looks a few times within the time-out, at each link and not at each message, so that nothing is paid for when a message
 * is sent. One watch stays for all sockets of a connection: where no host answers, each gets more time in the next round.
 */
export class AnswerWatch {
  readonly #clock: Clock;
  readonly #timeout: number | undefined;
  readonly #hosts: { readonly size: number };
  readonly #tell: (error: ConnectionError) => void;
  #timer: Timer | undefined;
  /** What the peer owed at the last look, and the number of looks since it owes it. */
  #owed = new Map<object, number>();
  /** Outcomes and written bytes at the last look, and the looks since the last outcome. */
  #outcomes = 0;
  #written = 0;
  #quiet = 0;
  /** The number of times in a row that no answer came: to attaches, and for outcomes. */
  readonly #failures = { attach: 0, outcome: 0 };
  /** What was told of this socket. */
  readonly #told = { detach: false, outcome: false };

  /** @param tell - Called with what is not answered, where the connection stays. */
  constructor(
    { answerTimeout, environment }: AnswerSettings,
    hosts: { readonly size: number },
    tell: (error: ConnectionError) => void,
  ) {
    this.#clock = environment.clock;
    this.#timeout = answerTimeout;
    this.#hosts = hosts;
    this.#tell = tell;
  }

  /** The connection is open. */
  start(transport: WatchedTransport): void {
    this.#owed.clear();
    this.#outcomes = this.#written = this.#quiet = 0;
    this.#told.detach = this.#told.outcome = false;
    if (this.#limit > 0 && this.#limit < Infinity) this.#wait(transport);
  }

  /** The connection is over. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #limit(): number {
    return this.#timeout ?? (this.#hosts.size > 1 ? WITH_OTHER_HOSTS : WITHOUT);
  }

  #wait(transport: WatchedTransport): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#wait(transport);
      this.#look(transport);
    }, this.#limit / LOOKS);
  }

  #look(transport: WatchedTransport): void {
    const { attaches, detaches, deliveries, outcomes, written, isBehind } = transport.links.owed();
    const before = this.#owed;
    const owed = new Map<object, number>();
    const isLate = (what: object, patience: number): boolean => {
      const looks = (before.get(what) ?? -1) + 1;
      owed.set(what, looks);
      return looks >= LOOKS * patience;
    };
    if (attaches.length === 0) this.#failures.attach = 0;
    if (outcomes !== this.#outcomes) this.#failures.outcome = 0;
    // A peer that reads on may not have the message yet.
    const isSlow = isBehind && written !== this.#written;
    this.#quiet = outcomes === this.#outcomes && !isSlow ? this.#quiet + 1 : 0;
    this.#outcomes = outcomes;
    this.#written = written;
    const lateAttaches = attaches.filter(({ rhea }) => isLate(rhea, this.#patience('attach')));
    const lateDetaches = detaches.filter((rhea) => isLate(rhea, 1));
    const lateDeliveries = isSlow ? [] : deliveries.filter((delivery) => isLate(delivery, this.#patience('outcome')));
    this.#owed = owed;
    if (lateAttaches.length > 0) this.#attachesLate(transport, lateAttaches);
    else if (lateDeliveries.length > 0) this.#outcomesLate(transport);
    else if (lateDetaches.length > 0 && !this.#told.detach) this.#detachesLate(lateDetaches.length);
  }

  #attachesLate(transport: WatchedTransport, late: readonly { link: Link; rhea: object }[]): void {
    const { role } = late[0]!.link;
    const which = `${role} link to ${describe(late[0]!.link)}${late.length > 1 ? ` and ${late.length - 1} others` : ''}`;
    const words = `The peer has not answered the attach of the ${which} for ${this.#failed('attach')} ms`;
    if (this.#hosts.size > 1) {
      transport.leave(unanswered(`${words}. The connection goes to the next host.`));
      return;
    }
    this.#tell(unanswered(`${words}. It is attached anew.`));
    for (const { link } of late) transport.links.attachAnew(link);
  }

  #outcomesLate(transport: WatchedTransport): void {
    const mayLeave = this.#hosts.size > 1 || this.#timeout !== undefined;
    if (mayLeave && this.#quiet >= LOOKS * this.#patience('outcome')) {
      const words = `The peer has answered no message for ${this.#failed('outcome')} ms`;
      transport.leave(unanswered(`${words}. Messages without an outcome go out again on the next connection.`));
    } else if (!this.#told.outcome) {
      this.#told.outcome = true;
      const words = `The peer has let a message wait for its outcome for ${this.#limit * this.#patience('outcome')} ms`;
      this.#tell(unanswered(`${words}. It may work on it for so long; if it should not, set answerTimeout.`));
    }
  }

  #detachesLate(count: number): void {
    this.#told.detach = true;
    const words = `The peer has not answered the detach of ${count === 1 ? 'a link' : `${count} links`}`;
    this.#tell(unanswered(`${words} for ${this.#limit} ms. A call that waits for it does so until its time-out.`));
  }

  /** The number of time-outs that the peer gets. */
  #patience(kind: 'attach' | 'outcome'): number {
    return Math.min(2 ** Math.floor(this.#failures[kind] / this.#hosts.size), MAX_PATIENCE);
  }

  /** The time that was given, in milliseconds. */
  #failed(kind: 'attach' | 'outcome'): number {
    const time = this.#limit * this.#patience(kind);
    this.#failures[kind]++;
    return time;
  }
}

/** The condition says that it is the fault of no message. */
function unanswered(words: string): ConnectionError {
  return new ConnectionError(words, { condition: 'amqp:connection:forced' });
}
