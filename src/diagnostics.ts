import { channel } from 'node:diagnostics_channel';
import type { Channel } from 'node:diagnostics_channel';

/** What every message has. */
export interface DiagnosticsMessage {
  /** The name of the messenger. */
  readonly messenger: string;
}

/** A connection has changed its state. */
export interface ConnectionDiagnostics extends DiagnosticsMessage {
  /** Host and port of the address. */
  readonly endpoint: string;
  /** Host and port that are dialled or connected now, or were last: another than `endpoint` after a failover. */
  readonly host: string;
  /** The state it was in. */
  readonly from: string;
  /** The state it is in. */
  readonly to: string;
  /** Why, when it was not asked for. */
  readonly error: Error | undefined;
}

/** A message was put. */
export interface PutDiagnostics extends DiagnosticsMessage {
  /** Where it goes, without credentials. */
  readonly destination: string;
  /** Its encoded bytes. */
  readonly size: number;
}

/** A message that was put has its outcome. */
export interface OutcomeDiagnostics extends DiagnosticsMessage {
  /** Where it went, without credentials. */
  readonly destination: string;
  /** What became of it. */
  readonly status: string;
  /** Why it was rejected, aborted or expired. */
  readonly error: Error | undefined;
}

/** A message has come. */
export interface ReceivedDiagnostics extends DiagnosticsMessage {
  /** The source of the subscription, without credentials; `undefined` for what came over a link the peer has made. */
  readonly source: string | undefined;
  /** Its encoded bytes. */
  readonly size: number;
}

/**
 * What happens, for tracing and metrics: the messages of channels of `node:diagnostics_channel`, which cost nothing while
 * nobody listens. The names of the channels are those below behind `amqp-messenger:`. None holds a credential or a body.
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

/** Whether somebody listens: look before making a message. */
export function isDiagnosed(name: Name): boolean {
  return channels[name].hasSubscribers;
}

/** Tells whoever listens. */
export function diagnose<Key extends Name>(name: Key, message: DiagnosticsMessages[Key]): void {
  channels[name].publish(message);
}
