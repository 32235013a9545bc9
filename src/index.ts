/**
 * AMQP 1.0 messaging for Node: a queue out, a queue in, trackers, windows, and a route table in front.
 *
 * @module amqp-messenger
 * @category Reference
 */
export { Messenger } from './messenger/messenger.js';
export type { ConfigChange, ConnectionChange, MessengerEvents } from './messenger/events.js';
export type {
  IncomingLimits,
  ListenOptions,
  MessengerOptions,
  OutgoingLimits,
  SenderSettleMode,
  StopOptions,
  WaitOptions,
} from './messenger/options/options.js';
export type { NodeCapabilities } from './messenger/options/node-capabilities.js';
export type { FromConfigOptions } from './messenger/configured.js';
export type { ConfigSource } from './config/config.js';
export { Delivery } from './messenger/incoming/delivery.js';
export type { DeliveryStream } from './messenger/incoming/delivery-stream.js';
export type { ReceiveOptions } from './messenger/incoming/loops.js';
export type { MessengerProperties } from './messenger/properties.js';
export type { ConnectionStats, MessengerStats } from './messenger/stats.js';
export type { RequestOptions } from './messenger/requests.js';
export type { SubscribeOptions } from './messenger/options/subscribe-options.js';
export { Subscription } from './messenger/incoming/subscription.js';
export type { SubscriptionState } from './messenger/incoming/subscription.js';
export type {
  ConnectionDiagnostics,
  DiagnosticsMessage,
  DiagnosticsMessages,
  OutcomeDiagnostics,
  PutDiagnostics,
  ReceivedDiagnostics,
} from './diagnostics.js';
export type { Clock, Timer } from './clock.js';
export type { Environment } from './link/connection/environment.js';
export type { DialOptions, Listener, PortOptions } from './link/connection/network.js';
export type { ConnectionState } from './link/connection/peer-connection.js';
export type { ReconnectOptions } from './link/connection/retries.js';
export type { SaslMechanism, SaslOptions, Token, TokenSource } from './link/security/credentials.js';
export type { AuthenticationOptions } from './link/security/authentication.js';
export type { Login, LoginMechanism } from './link/security/sasl-server.js';
export type { Failover } from './link/connection/host-list.js';
export type { TlsOptions } from './link/security/tls.js';
export type { Tracker } from './queue/tracker.js';
export type { Status } from './queue/status.js';

export type { Message, MessageId, Properties, SendableMessage } from './message/message.js';
export { ReceivedMessage } from './codec/received-message.js';
export type { ReadOptions } from './codec/read.js';
export { plain } from './message/plain.js';
export { DataBody, SequenceBody, ValueBody, data, sequence, value } from './message/body.js';
export type { Body, BodyType, Sendable } from './message/body.js';
export type { Accepted, Modified, Outcome, Rejected, Released } from './message/outcome.js';
export {
  AmqpArray,
  Described,
  Typed,
  array,
  byte,
  char,
  decimal128,
  decimal32,
  decimal64,
  described,
  double,
  float,
  int,
  long,
  short,
  symbol,
  timestamp,
  ubyte,
  uint,
  ulong,
  ushort,
  uuid,
} from './message/typed.js';
export type { AmqpTypeName, AmqpValue, IntegerWrapper } from './message/typed.js';

export { parseAddress } from './address/address.js';
export type { Address } from './address/address.js';
export { defaultRewrite } from './address/default-rewrite.js';
export { redact } from './address/redact.js';
export { RouteTable } from './address/route-table.js';
export type { RouteMatch, RouteRule } from './address/route-table.js';

export {
  AddressError,
  AuthenticationError,
  ConfigError,
  ConnectionError,
  DecodeError,
  EncodeError,
  InterruptError,
  LinkError,
  ListenError,
  MessagingError,
  NoSourcesError,
  OptionError,
  PatternError,
  ProtocolError,
  QueueFullError,
  StateError,
  TimeoutError,
  TrackerError,
} from './errors.js';
export type { ErrorCode, MessagingErrorOptions, PeerError } from './errors.js';
export { SendError } from './messenger/outgoing/aborted-messages.js';
