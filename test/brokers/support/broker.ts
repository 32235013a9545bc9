import type { Certificates } from './certificates.js';

/** Which kind of queue to declare. Default: `classic`. */
export type QueueType = 'classic' | 'quorum';

/** A broker that runs and can be tested against. */
export interface Broker {
  /** Its product name, such as `RabbitMQ`. */
  readonly name: string;
  /** Its version, such as `4.0.5`, or empty when nobody knows. */
  readonly version: string;
  /** Where it listens, with credentials, such as `amqp://guest:guest@127.0.0.1:5672`. */
  readonly url: string;
  /** Who is refused with `amqp:not-found` at an address it has no queue for. */
  readonly refusesUnknown: { readonly senders: boolean; readonly receivers: boolean };
  /** The path by which a queue is addressed, such as `/queues/orders`. */
  address(queue: string): string;
  /** Makes queues that are not there yet, unless they are made by being used. */
  declareQueue(queue: string | readonly string[], options?: { type?: QueueType }): Promise<void>;
  /**
   * How many messages a queue holds, or several together, unacknowledged ones among them. Undefined when the broker
   * cannot be asked.
   */
  queueDepth(queue: string | readonly string[]): Promise<number | undefined>;
  /** Ends it and removes all it has written. Does nothing when called again. */
  stop(): Promise<void>;
}

/** A broker that the tests have started themselves. */
export interface LocalBroker extends Broker {
  /** Where it listens for TLS, such as `amqps://guest:guest@127.0.0.1:5671`. */
  readonly tlsUrl: string;
  /** The certificates its TLS port uses, and one for a client. */
  readonly certificates: Certificates;
  /** Ends it at once, as a power cut would. What it has written stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same ports with what it had written. Ends it in good order first when it runs. */
  restart(): Promise<void>;
}
