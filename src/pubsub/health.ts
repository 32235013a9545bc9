import type { Clock } from '../clock.js';
import type { ConnectionChange } from '../messenger/events.js';

/** The health of a broker: whether it can do its work, and if not, why and since when. */
export interface Health {
  /**
   * `up`: nothing is wrong that is known of. `degraded`: it is connected, but nothing comes from some of what was
   * subscribed to. `down`: it has no connection, or is closed.
   */
  readonly status: 'up' | 'degraded' | 'down';
  /** Why it is not up. */
  readonly reason: string | undefined;
  /** The time since which the status is the same. */
  readonly since: Date;
}

/** Works out the health of a broker from what happens to it. */
export class HealthWatch {
  readonly #clock: Clock;
  /** The errors of the sources from which nothing comes. */
  readonly #ailing = new Map<object, Error>();
  #change: ConnectionChange | undefined;
  #isClosed = false;
  #health: Health;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#health = { status: 'up', reason: undefined, since: new Date(clock.wallNow()) };
  }

  /** The health now. */
  get health(): Health {
    return this.#health;
  }

  /** The connection has changed its state. */
  changed(change: ConnectionChange): void {
    this.#change = change;
    this.#judge();
  }

  /** Notes that nothing comes from a source. */
  ails(source: object, error: Error): void {
    this.#ailing.set(source, error);
    this.#judge();
  }

  /** Notes that messages come from a source again, or that it was closed. */
  recovers(source: object): void {
    this.#ailing.delete(source);
    this.#judge();
  }

  /** The broker is closed. */
  closed(): void {
    this.#isClosed = true;
    this.#judge();
  }

  #judge(): void {
    const [status, reason] = this.#current();
    const { status: before, since } = this.#health;
    this.#health = { status, reason, since: status === before ? since : new Date(this.#clock.wallNow()) };
  }

  #current(): [Health['status'], string | undefined] {
    if (this.#isClosed) return ['down', 'The broker is closed.'];
    if (this.#change !== undefined && this.#change.to !== 'open') {
      const { host, to, error } = this.#change;
      return ['down', `The connection to ${host} is ${to}. ${error?.message ?? ''}`.trim()];
    }
    const [first] = this.#ailing.values();
    return first === undefined ? ['up', undefined] : ['degraded', first.message];
  }
}
