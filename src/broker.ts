/** An AMQP 1.0 broker inside the process, for development, tests and demos. */
export { EmbeddedBroker } from './broker/embedded-broker.js';
export type { EmbeddedBrokerOptions, QueueSnapshot } from './broker/embedded-broker.js';
export type { QueueCounts } from './broker/broker-queue.js';
