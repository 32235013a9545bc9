import type { PubSubError } from '../errors.js';
import { logger } from '../log.js';
import type { ConnectionChange } from '../messenger/events.js';
import { tellListeners } from '../tell-listeners.js';
import type { TypedEmitter } from '../typed-emitter.js';
import type { DeadLetter } from './dead-letter.js';

const log = logger('broker');

/** The events of a `Broker`, by name, with what their listeners get. */
export interface BrokerEvents {
  /**
   * Something has failed: a handler or predicate has thrown (`HandlerError`), a received message is not what its type
   * allows (`InvalidMessageError`), or the peer has ended a subscription. Without a listener it goes to the debug log.
   */
  error: [error: PubSubError];
  /** No handler will get this message any more, though it was not dealt with. */
  dead: [letter: DeadLetter];
  /** The connection to the peer has changed its state. Brokers inside the process have none. */
  connection: [change: ConnectionChange];
}

/** Tells the listeners of a broker, and the debug log, what has happened in one of its parts. */
export class BrokerReport {
  readonly #broker: TypedEmitter<BrokerEvents>;

  constructor(broker: TypedEmitter<BrokerEvents>) {
    this.#broker = broker;
  }

  /** Something has failed. */
  failed(error: PubSubError): void {
    log('%s', error.message);
    if (this.#broker.listenerCount('error') > 0) tellListeners(this.#broker, 'error', [error]);
  }

  /** A message is dead. */
  died(letter: DeadLetter): void {
    log('A %s is dead (%s)', letter.name, letter.reason);
    tellListeners(this.#broker, 'dead', [letter]);
  }

  /** The connection to the peer has changed its state. */
  connectionChanged(change: ConnectionChange): void {
    tellListeners(this.#broker, 'connection', [change]);
  }
}
