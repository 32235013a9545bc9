import { uniqueId } from '../unique-id.js';
import { TimeoutError } from '../errors.js';
import type { Delivery } from '../messenger/incoming/delivery.js';
import type { Messenger } from '../messenger/messenger.js';
import { CommandError, EXIT } from './exit.js';
import { tooFew } from './incoming.js';
import type { Pace } from './pace.js';

/** The bytes of a message that hold the time it was put. */
export const STAMP = 8;
/** The most unsettled messages. */
export const IN_FLIGHT = 1024;

/** The path and the size of the messages. */
interface Route {
  readonly sender: Messenger;
  readonly receiver: Messenger;
  readonly address: string;
  readonly size: number;
  /** The longest wait for a message, in milliseconds. */
  readonly timeout: number;
}

/**
 * The messages of one run of `bench`. They carry a mark that tells them from other messages. Another message is
 * released to its queue, and ends the run.
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

  /** Sends and receives one message first. When the queue holds other messages, only this one gets into it. */
  async probe(signal: AbortSignal): Promise<void> {
    this.#put();
    await this.#route.sender.send(-1, { signal });
    await this.#receive(1, signal, () => undefined);
  }

  /** Sends and receives `count` messages, and calls `came` with the milliseconds that each took. */
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
    // The mark is not the id: some brokers drop a message whose id they have seen.
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

  /**
   * Removes the messages of this run from the queue. Holds other messages meanwhile, because they would be delivered
   * again and again.
   */
  async #leave(signal: AbortSignal): Promise<never> {
    try {
      while (this.#received < this.#sent && this.#foreign.length < IN_FLIGHT) {
        await this.#route.receiver.recv(IN_FLIGHT, { signal, timeout: this.#route.timeout });
        this.#take(() => undefined);
      }
    } catch (error) {
      // Another receiver has them, or the run was interrupted.
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
