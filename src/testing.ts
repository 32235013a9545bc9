/**
 * The contract tests for a broker of `amqp-messenger/pubsub`, to test a broker of your own.
 *
 * @module amqp-messenger/testing
 * @category Reference
 */
export { brokerContract } from './pubsub/broker-contract.js';
export type { BrokerContractOptions } from './pubsub/broker-contract.js';
export type { BrokerUnderTest } from './pubsub/contract-scene.js';
export { Broker } from './pubsub/broker.js';
