import { EventEmitter } from 'node:events';
import type { ReceivedMessage } from '../codec/received-message.js';
import type { MessagingError, PeerError } from '../errors.js';
import type { Outcome } from '../message/outcome.js';
import { tellListeners } from '../tell-listeners.js';
import type { Death, DeathReason } from './dead-letter.js';
import type { StoredMessage } from './stored-message.js';

/** A connection that a client has made. */
export interface ClientInfo {
  /** The container-id of the client. */
  readonly container: string | undefined;
  /** The user that it has logged in as; `undefined` for nobody in particular. */
  readonly user: string | undefined;
}

/** A connection has opened or closed. */
export interface ConnectionEvent extends ClientInfo {
  /** The state that the connection is in now. */
  readonly state: 'open' | 'closed';
  /** The reason for which it has closed, unless it was closed in order. */
  readonly error?: MessagingError | undefined;
}

/** A link has been attached, refused, or has ended. */
export interface LinkEvent extends ClientInfo {
  /** The state that the link is in now. */
  readonly state: 'attached' | 'refused' | 'ended';
  /** The name of the link. */
  readonly name: string;
  /** The role of the client on it. */
  readonly role: 'sender' | 'receiver';
  /** The node; `undefined` for the anonymous one. */
  readonly address: string | undefined;
  /** The reason for which it was refused, or has ended, when there was one. */
  readonly error?: PeerError | undefined;
}

/** Something has become of a message. */
export interface MessageEvent {
  /** The address of its queue or topic. */
  readonly address: string;
  /** The message. Its fields are read when they are asked for. */
  readonly message: ReceivedMessage;
}

/** A consumer has said what became of a message. */
export interface SettledEvent extends MessageEvent {
  /** `undefined` when it was settled without an outcome. */
  readonly outcome: Outcome | undefined;
}

/** A message has left a queue unaccepted. */
export interface DeathEvent extends MessageEvent {
  /** The reason for which it has left. */
  readonly reason: DeathReason;
  /** The error with which its consumer has rejected it, if the consumer gave one. */
  readonly error?: PeerError | undefined;
  /** The address to which it has gone; `undefined` when it is lost for good. */
  readonly to: string | undefined;
}

/** The events of an `EmbeddedBroker`, by name, with what their listeners get. */
export interface BrokerEvents {
  /** A connection has opened or closed. */
  connection: [event: ConnectionEvent];
  /** A link has been attached, refused, or has ended. */
  link: [event: LinkEvent];
  /** A queue, or a subscription, has taken a message in. */
  received: [event: MessageEvent];
  /** A message goes out to a consumer. */
  delivered: [event: MessageEvent];
  /** A consumer has settled a message. */
  settled: [event: SettledEvent];
  /** A message was rejected, expired, dropped, or has failed too often. */
  dead: [event: DeathEvent];
}

/**
 * Tells listeners what happens. They are called in the midst of it, so what one throws must not reach those who work
 * here: it is an uncaught exception of the process.
 */
export class BrokerEmitter extends EventEmitter<BrokerEvents> {
  /** True when a listener wants to know what becomes of each message. */
  isActive = false;

  constructor() {
    super();
    // A listener is added after `newListener` has been told, so the count is looked at in a moment.
    const look = (): void => queueMicrotask(() => (this.isActive = this.#hasListeners()));
    const added = (name: string | symbol): void => {
      if (MESSAGE_EVENTS.includes(name)) this.isActive = true;
    };
    const watched = this as EventEmitter; // its typed form knows only the events above
    watched.on('newListener', added);
    watched.on('removeListener', look);
  }

  /** A queue, or a subscription, has taken a message in. */
  received(address: string, message: StoredMessage): void {
    this.tell('received', { address, message: message.received() });
  }

  /** A message goes out to a consumer. */
  delivered(address: string, message: StoredMessage): void {
    this.tell('delivered', { address, message: message.received() });
  }

  /** A consumer has settled a message. */
  settled(address: string, message: StoredMessage, outcome: Outcome | undefined): void {
    this.tell('settled', { address, message: message.received(), outcome });
  }

  /** A message has left unaccepted: for the dead-letter address `to`, or for good. */
  died({ address, reason, error }: Death, message: StoredMessage, to: string | undefined): void {
    this.tell('dead', { address, message: message.received(), reason, error, to });
  }

  /** Calls every listener of an event. */
  tell<Name extends keyof BrokerEvents>(name: Name, ...values: BrokerEvents[Name]): void {
    tellListeners(this, name, values);
  }

  #hasListeners(): boolean {
    return MESSAGE_EVENTS.some((name) => (this as EventEmitter).listenerCount(name) > 0);
  }
}

const MESSAGE_EVENTS: readonly (string | symbol)[] = [
  'received',
  'delivered',
  'settled',
  'dead',
] satisfies (keyof BrokerEvents)[];
