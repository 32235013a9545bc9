/**
 * Publishing and subscribing by type, inside a process or over AMQP 1.0: publishers do not know who listens, and the
 * program does not change when the broker does.
 *
 * It has the `shared.messaging` module of mkdocs-dbf as its model, whose names it keeps in camel case.
 *
 * @module amqp-messenger/pubsub
 * @category Reference
 */
export { Message, getUniqueNameForMessage } from './pubsub/message.js';
export type { MessageConstructor, MessageType } from './pubsub/message.js';
export { defineMessage } from './pubsub/define-message.js';
export type { MessageClass } from './pubsub/define-message.js';
export type { Immutable } from './pubsub/field-value.js';
export type { Json } from './pubsub/json.js';
export type {
  SchemaFailure,
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaPathStep,
  SchemaResult,
  SchemaSuccess,
  SchemaTypes,
  StandardSchema,
} from './pubsub/standard-schema.js';
export { Broker } from './pubsub/broker.js';
export type { BrokerEvents } from './pubsub/broker-report.js';
export { MemoryBroker } from './pubsub/memory-broker.js';
export type { MemoryBrokerOptions } from './pubsub/memory-broker.js';
export { AmqpBroker } from './pubsub/amqp-broker.js';
export type { AmqpBrokerConnection, AmqpBrokerOptions, AmqpBrokerStats } from './pubsub/amqp-broker.js';
export type { Health } from './pubsub/health.js';
export type { ConnectionChange } from './messenger/events.js';
export type { ConnectionStats, MessengerStats } from './messenger/stats.js';
export type { ConnectionState } from './link/connection/peer-connection.js';
export type { Status } from './queue/status.js';
export type { AmqpPeer, AmqpSource, Manage, ManagementRequest } from './pubsub/amqp-broker-peer.js';
export { artemis, embedded, qpid, serviceBus } from './pubsub/amqp-broker-peers.js';
export type { AmqpPeerName } from './pubsub/amqp-broker-peers.js';
export { rabbitmq3, rabbitmq4 } from './pubsub/amqp-broker-rabbitmq.js';
export type { RabbitMQ3Options, RabbitMQOptions, RabbitMQQueue } from './pubsub/amqp-broker-rabbitmq.js';
export { NullBroker } from './pubsub/null-broker.js';
export { TestBroker } from './pubsub/test-broker.js';
export type { ProcessOptions } from './pubsub/test-broker.js';
export type { PendingDelivery } from './pubsub/test-queue.js';
export { Subscription } from './pubsub/subscription.js';
export type { Attachment, SubscriptionState } from './pubsub/subscription.js';
export type { DirectSubscriber, QueueSubscriber, Subscriber } from './pubsub/subscriber.js';
export type {
  AsyncSubscribeOptions,
  CloseOptions,
  Handler,
  Predicate,
  PublishOptions,
  SubscribeOptions,
  WorkSettings,
} from './pubsub/options.js';
export { Backoff } from './pubsub/backoff.js';
export type { BackoffBounds, BackoffOptions } from './pubsub/backoff.js';
export { AsyncMessageContext } from './pubsub/context.js';
export type { AsyncHandler } from './pubsub/context.js';
export type { Envelope } from './pubsub/envelope.js';
export type { DeadLetter, DeathReason } from './pubsub/dead-letter.js';
export { Consumer } from './pubsub/consumer.js';
export type {
  ConsumerHandler,
  ConsumerOptions,
  DirectConsumerOptions,
  MethodDecoration,
  OnMessage,
  QueueConsumerOptions,
} from './pubsub/consumer.js';
export { getMessageBroker, overrideMessageBroker, setMessageBroker } from './pubsub/current-broker.js';
export { outbox } from './pubsub/outbox.js';
export type { Held, PublishAll, UnitOfWork } from './pubsub/outbox.js';
export {
  BrokerClosedError,
  BrokerNotInitializedError,
  ConsumerAlreadyRegisteredError,
  HandlerError,
  InvalidMessageError,
  PoisonMessageError,
  TopologyError,
} from './pubsub/errors.js';
export type { FailedDelivery, InvalidMessageErrorOptions } from './pubsub/errors.js';
export { MessagingError, OptionError, PubSubError } from './errors.js';
export type { ErrorCode, MessagingErrorOptions } from './errors.js';
export type { Clock, Timer } from './clock.js';
