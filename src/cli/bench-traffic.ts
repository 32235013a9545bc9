import { uniqueId } from '../unique-id.js';
import { TimeoutError } from '../errors.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Messenger } from '../messenger/messenger.js';
import { CommandError, EXIT } from './exit.js';
import { tooFew } from './incoming.js';
import type { Pace } from './pace.js';

/** Bytes of a message that hold when it was put. */
export const STAMP = 8;
/** Messages on their way at once. */
export const IN_FLIGHT = 1024;

/** Between whom messages go, and how large they are. */
interface Route {
  readonly sender: Messenger;
  readonly receiver: Messenger;
  readonly address: string;
  readonly size: number;
  /** How long a message is waited for, in milliseconds. */
  readonly timeout: number;
}

/**
 * The messages of one run of `bench`. They bear a mark, so that those of others are told from them: these go back to the
 * queue, and end the run.
 */
export class BenchTraffic {
  readonly #route: Route;
  readonly #mark: string = uniqueId();
  readonly #body: Buffer;
  readonly #foreign: Delivery[] = [];
  #sent = 0;
  #received = 0;

  constructor(route: Route) {
    this.#route = route;
    this.#body = Buffer.alloc(route.size, 'x');
  }

  /** Sends one message ahead: behind the messages of others, no more than this one ever gets into the queue. */
  async probe(signal: AbortSignal): Promise<void> {
    this.#put();
    await this.#route.sender.send(-1, { signal });
    await this.#receive(1, signal, () => undefined);
  }

  /** Sends so many and receives them; `came` is told how long each took, in milliseconds. */
  async exchange(count: number, pace: Pace, signal: AbortSignal, came: (latency: number) => void): Promise<void> {
    const ended = new AbortController();
    const failed = new AbortController();
    const sent = this.#send(count, pace, AbortSignal.any([signal, ended.signal])).catch((error: unknown) => {
      if (!ended.signal.aborted) failed.abort(error);
    });
    try {
      await this.#receive(count, AbortSignal.any([signal, failed.signal]), came, async () => {
        ended.abort();
        await sent;
      });
      await sent;
    } finally {
      ended.abort();
    }
  }

  async #send(count: number, pace: Pace, signal: AbortSignal): Promise<void> {
    const { sender } = this.#route;
    for (let n = 0; n < count && !signal.aborted; n++) {
      await pace.turn(signal);
      await sender.ready({ signal });
      this.#put();
    }
    await sender.send(-1, { signal });
  }

  #put(): void {
    const { sender, address } = this.#route;
    this.#body.writeDoubleBE(performance.now(), 0);
    // Not the id: some brokers drop what has an id they have seen.
    sender.put({ address, correlationId: this.#mark, body: this.#body });
    this.#sent++;
  }

  async #receive(
    count: number,
    signal: AbortSignal,
    came: (latency: number) => void,
    stopSending?: () => Promise<void>,
  ): Promise<void> {
    const { receiver, timeout } = this.#route;
    const end = this.#received + count;
    while (this.#received < end) {
      try {
        await receiver.recv(Math.min(IN_FLIGHT, end - this.#received), { signal, timeout });
      } catch (error) {
        if (!(error instanceof TimeoutError) || signal.aborted) throw error;
        throw tooFew(this.#received - end + count, count, timeout);
      }
      this.#take(came);
      if (this.#foreign.length === 0) continue;
      await stopSending?.();
      await this.#leave(signal);
    }
  }

  #take(came: (latency: number) => void): void {
    const { receiver } = this.#route;
    for (let got = receiver.get(); got !== undefined; got = receiver.get()) {
      const { body, correlationId } = got.message;
      if (correlationId !== this.#mark || !Buffer.isBuffer(body)) {
        this.#foreign.push(got);
        continue;
      }
      came(performance.now() - body.readDoubleBE(0));
      got.accept();
      this.#received++;
    }
  }

  /** Takes out what this run has sent, holding the messages of others meanwhile, or they would come again and again. */
  async #leave(signal: AbortSignal): Promise<never> {
    try {
      while (this.#received < this.#sent && this.#foreign.length < IN_FLIGHT) {
        await this.#route.receiver.recv(IN_FLIGHT, { signal, timeout: this.#route.timeout });
        this.#take(() => undefined);
      }
    } catch (error) {
      // Somebody else receives them, or nobody wants to wait for them.
      if (!(error instanceof TimeoutError) && !signal.aborted) throw error;
    } finally {
      for (const delivery of this.#foreign) delivery.release();
    }
    throw new CommandError(
      'The queue is not empty: bench has received a message that it did not send. Give it a queue of its own.',
      EXIT.failed,
    );
  }
}
