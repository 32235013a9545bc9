import type { Clock } from '../clock.js';
import { Output } from '../codec/output.js';
import type { Environment } from '../link/connection/environment.js';
import type { BrokerEmitter } from './broker-events.js';
import type { Death, Undertaker } from './dead-letter.js';
import type { IncomingMessage } from './incoming-message.js';
import type { MemoryBudget } from './memory-budget.js';

/** The parts of a broker that all its queues share. */
export class QueueContext {
  readonly clock: Clock;
  /** Queues write their messages into this: its memory is taken by the 64 KiB. */
  readonly output: Output = new Output();
  readonly #bury: Undertaker;

  constructor(
    { clock }: Pick<Environment, 'clock'>,
    /** Counts the memory of all messages of the broker. */
    readonly memory: MemoryBudget,
    /** Tells listeners what becomes of each message. */
    readonly events: BrokerEmitter,
    bury: Undertaker,
  ) {
    this.clock = clock;
    this.#bury = bury;
  }

  /** Takes a message that has died to the dead-letter address `to`. Returns false when there is no room for it. */
  bury(message: IncomingMessage, death: Death, to: string): boolean {
    return this.#bury(message, death, to);
  }

  /** Calls back in a later turn of the event loop. */
  defer(callback: () => void): void {
    this.clock.setImmediate(callback);
  }
}
