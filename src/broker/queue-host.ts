import type { Clock } from '../clock.js';
import type { Output } from '../codec/output.js';
import type { Undertaker } from './dead-letter.js';
import type { MemoryBudget } from './memory-budget.js';
import type { MessageWatch } from './message-watch.js';

/** What a queue needs of its broker. */
export interface QueueHost {
  readonly clock: Clock;
  /** A name that nobody else has. */
  readonly randomUUID: () => string;
  /** Where messages are written. Shared by all queues: its memory is taken by the 64 KiB. */
  readonly output: Output;
  /** The memory of all messages of the broker. */
  readonly memory: MemoryBudget;
  readonly watch: MessageWatch;
  readonly bury: Undertaker;
  /** Calls back in a later turn of the event loop. */
  defer(callback: () => void): void;
}
