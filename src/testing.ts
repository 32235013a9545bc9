/**
 * For those who write a broker of their own for `amqp-messenger/pubsub`: the tests that every broker must pass.
 *
 * @module amqp-messenger/testing
 * @category Reference
 */
export { brokerContract } from './pubsub/broker-contract.js';
export type { BrokerContractOptions } from './pubsub/broker-contract.js';
export type { BrokerUnderTest } from './pubsub/contract-scene.js';
export { Broker } from './pubsub/broker.js';
