/**
 * A queue inside the process whose messages expire, for the receiving side of a channel: several callers can wait for
 * messages, the capacity can be bounded, and messages that leave unread are reported.
 *
 * It has the client queue of the Django Message Broker as its model. There the names are `push`, `pull`, `stop`,
 * `is_empty`, `clients_waiting` and `can_be_flushed`, and times are seconds; here they are `push`, `pull`, `stop`,
 * `isEmpty`, `clientsWaiting` and `canBeFlushed`, and times are milliseconds.
 *
 * @module amqp-messenger/queue
 * @category Reference
 */
export { ClientQueue } from './queue/client-queue.js';
export type { ClientQueueEvents, ClientQueueStopOptions } from './queue/client-queue.js';
export type { ClientQueueOptions, Overflow } from './queue/client-queue-options.js';
export { ClientQueueStore } from './queue/client-queue-store.js';
export type { ClientQueueStoreOptions, StoredQueueOptions } from './queue/client-queue-store.js';
export type { Clock, Timer } from './clock.js';
export type { Expirable } from './queue/expiry.js';
export type { QueueWaitOptions } from './queue/waiter-line.js';
export { ChannelFlushedError, ChannelQueueFullError, OptionError, QueueFullError, TimeoutError } from './errors.js';
