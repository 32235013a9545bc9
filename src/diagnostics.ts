import { channel } from 'node:diagnostics_channel';
import type { Channel } from 'node:diagnostics_channel';

/** The fields of every diagnostics message. */
export interface DiagnosticsMessage {
  /** The name of the messenger. */
  readonly messenger: string;
}

/** A connection has changed its state. */
export interface ConnectionDiagnostics extends DiagnosticsMessage {
  /** Host and port of the address. */
  readonly endpoint: string;
  /** Host and port of the current or last connection. After a failover they differ from `endpoint`. */
  readonly host: string;
  /** The previous state. */
  readonly from: string;
  /** The new state. */
  readonly to: string;
  /** The reason, unless the program caused the change. */
  readonly error: Error | undefined;
}

/** A message was put. */
export interface PutDiagnostics extends DiagnosticsMessage {
  /** The destination, without credentials. */
  readonly destination: string;
  /** The size of the encoded message in bytes. */
  readonly size: number;
}

/** A message that was put has its outcome. */
export interface OutcomeDiagnostics extends DiagnosticsMessage {
  /** The destination, without credentials. */
  readonly destination: string;
  /** The final status. */
  readonly status: string;
  /** The reason it was rejected, aborted or expired. */
  readonly error: Error | undefined;
}

/** A message was received. */
export interface ReceivedDiagnostics extends DiagnosticsMessage {
  /**
   * The source of the subscription, without credentials; `undefined` for a message over a link that the peer attached.
   */
  readonly source: string | undefined;
  /** Its encoded bytes. */
  readonly size: number;
}

/**
 * The messages of the diagnostics channels (`node:diagnostics_channel`), for tracing and metrics. Each channel is named
 * `amqp-messenger:` and a key below, and costs nothing without a subscriber. No message contains a credential or a
 * body.
 */
export interface DiagnosticsMessages {
  /** A connection has changed its state. */
  connection: ConnectionDiagnostics;
  /** A message was put. */
  put: PutDiagnostics;
  /** A message that was put has its outcome. */
  outcome: OutcomeDiagnostics;
  /** A message has come. */
  received: ReceivedDiagnostics;
}

type Name = keyof DiagnosticsMessages;

const channels: Readonly<Record<Name, Channel>> = {
  connection: channel('amqp-messenger:connection'),
  put: channel('amqp-messenger:put'),
  outcome: channel('amqp-messenger:outcome'),
  received: channel('amqp-messenger:received'),
};

/** True if a channel has subscribers: check before making a message. */
export function isDiagnosed(name: Name): boolean {
  return channels[name].hasSubscribers;
}

/** Publishes a message to the subscribers of a channel. */
export function diagnose<Key extends Name>(name: Key, message: DiagnosticsMessages[Key]): void {
  channels[name].publish(message);
}
