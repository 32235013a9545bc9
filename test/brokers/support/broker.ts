import type { AmqpPeer } from 'amqp-messenger/pubsub';
import type { BrokerFacts } from './broker-facts.js';
import type { Certificates } from './certificates.js';

/** Which kind of queue to declare, where there are kinds. Default: `classic`. */
export type QueueType = 'classic' | 'quorum' | 'stream';

/** A broker that runs and can be tested against. */
export interface Broker {
  /** What it does, and others may not. */
  readonly facts: BrokerFacts;
  /** Its version, such as `4.0.5`, or empty when nobody knows. */
  readonly version: string;
  /** Where it listens, with credentials, such as `amqp://guest:guest@127.0.0.1:5672`. */
  readonly url: string;
  /** Makes queues that are not there yet, unless they are made by being used. */
  declareQueue(queue: string | readonly string[], options?: { type?: QueueType }): Promise<void>;
  /**
   * How many messages a queue holds, or several together, unacknowledged ones among them. A queue that is not there holds
   * none. Undefined when the broker cannot be asked.
   */
  queueDepth(queue: string | readonly string[]): Promise<number | undefined>;
  /** Ends it and removes all it has written. Does nothing when called again. */
  stop(): Promise<void>;
}

/** A broker that the tests have started themselves. */
export interface LocalBroker extends Broker {
  /** How pub/sub uses it. */
  readonly peer: AmqpPeer;
  /** Where it listens for TLS, such as `amqps://guest:guest@127.0.0.1:5671`. */
  readonly tlsUrl: string;
  /** The certificates its TLS port uses, and one for a client. */
  readonly certificates: Certificates;
  /** Ends it at once, as a power cut would. What it has written stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with what it had written. Ends it in good order first when it runs. */
  restart(): Promise<void>;
}
