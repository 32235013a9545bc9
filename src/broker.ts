/**
 * An AMQP 1.0 broker inside the process, for development, tests and demos.
 *
 * @module amqp-messenger/broker
 * @category Reference
 */
export { EmbeddedBroker } from './broker/embedded-broker.js';
export type { Clock, Timer } from './clock.js';
export type { Environment } from './link/connection/environment.js';
export type { DialOptions, Listener, PortOptions } from './link/connection/network.js';
export type { AuthenticationOptions } from './link/security/authentication.js';
export type {
  BrokerEvents,
  ClientInfo,
  ConnectionEvent,
  DeathEvent,
  LinkEvent,
  MessageEvent,
  SettledEvent,
} from './broker/broker-events.js';
export type { BrokerTlsOptions, EmbeddedBrokerOptions } from './broker/broker-options.js';
export type { DeathReason } from './broker/dead-letter.js';
export type { InjectOptions, Injection, InjectionPoint } from './broker/injection.js';
export type { QueueCounts } from './broker/queue-counts.js';
export type { OverflowPolicy, QueueOptions } from './broker/queue-settings.js';
export type { QueueRates } from './broker/rates.js';
export type { QueueSnapshot, SubscriptionSnapshot, TopicSnapshot } from './broker/snapshot.js';
export type { Login, LoginMechanism } from './link/security/sasl-server.js';
