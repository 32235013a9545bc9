import { v4 as uuid } from 'uuid';
import { OptionError, StateError } from '../errors.js';
import { Acceptor } from '../link/acceptor.js';
import { SYSTEM_CLOCK } from '../link/clock.js';
import { DEFAULT_LIMITS } from '../link/limits.js';
import type { LinkRequest } from '../link/link-request.js';
import type { ReceiverLink } from '../link/receiver-link.js';
import { DEFAULT_RECONNECT } from '../link/reconnect.js';
import { createContainer } from '../link/rhea-seam.js';
import { ACCEPTED } from '../message/outcome.js';
import { BrokerQueue } from './broker-queue.js';
import type { QueueCounts } from './broker-queue.js';

/** Messages a producer may send before it hears from the broker. */
const PRODUCER_CREDIT = 1000;

/** How an embedded broker behaves. */
export interface EmbeddedBrokerOptions {
  /** The port to listen on; 0 for any free one. Default 5672. */
  port?: number;
  /** The address to listen on. Default `127.0.0.1`: it has no authentication, so nobody else should reach it. */
  host?: string;
  /** Its AMQP container-id. Default: `embedded-broker-` and a random UUID. */
  name?: string;
  /** The queue that rejected messages go to. Default `dead-letter`. */
  deadLetterQueue?: string;
  /** The largest message taken, in bytes. Default 64 MiB. */
  maxMessageSize?: number;
}

/** A look at one queue. */
export interface QueueSnapshot extends Readonly<QueueCounts> {
  /** Its name. */
  readonly name: string;
  /** Messages that wait for a consumer. */
  readonly depth: number;
  /** Messages that are out with a consumer, which has not said yet what became of them. */
  readonly outstanding: number;
  /** Links that receive from the queue. */
  readonly consumers: number;
}

const OPTION_NAMES = ['port', 'host', 'name', 'deadLetterQueue', 'maxMessageSize'];

/**
 * An AMQP 1.0 broker inside the process, for development, tests and demos; not for production, since it keeps everything
 * in memory. A queue is made when somebody first names it. Consumers of one queue compete for its messages, each as far
 * as its credit goes. Accepted messages are gone; released ones, and those of a consumer that vanished, come back to
 * where they were; rejected ones go to the dead-letter queue.
 */
export class EmbeddedBroker implements AsyncDisposable {
  readonly #options: Required<EmbeddedBrokerOptions>;
  readonly #queues = new Map<string, BrokerQueue>();
  readonly #acceptor: Acceptor;
  #state: 'new' | 'starting' | 'listening' | 'stopped' = 'new';
  #port: number | undefined;
  #listening: Promise<void> | undefined;

  /** @throws OptionError for an unknown option or one that cannot be. */
  constructor(options: EmbeddedBrokerOptions = {}) {
    for (const name of Object.keys(options)) {
      if (!OPTION_NAMES.includes(name)) {
        throw new OptionError(`There is no broker option ${name}. There are: ${OPTION_NAMES.join(', ')}.`);
      }
    }
    this.#options = {
      port: options.port ?? 5672,
      host: options.host ?? '127.0.0.1',
      name: options.name ?? `embedded-broker-${uuid()}`,
      deadLetterQueue: options.deadLetterQueue ?? 'dead-letter',
      maxMessageSize: options.maxMessageSize ?? DEFAULT_LIMITS.maxMessageSize,
    };
    const { port, name, maxMessageSize } = this.#options;
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new OptionError('Option port must be from 0 to 65535.');
    this.#acceptor = new Acceptor(
      false,
      {
        container: createContainer(name),
        limits: { ...DEFAULT_LIMITS, maxMessageSize },
        reconnect: DEFAULT_RECONNECT,
        connectTimeout: 0,
        tls: {},
        allowInsecureMechs: true,
        clock: SYSTEM_CLOCK,
        random: Math.random,
      },
      { linkRequested: (request) => this.#linkRequested(request), connectionClosed: () => undefined },
    );
  }

  /** The port it listens on. Throws StateError before `start` has resolved. */
  get port(): number {
    if (this.#port === undefined) throw new StateError('The broker does not listen yet. Await start() first.');
    return this.#port;
  }

  /** The address to connect to: add `/` and the name of a queue. Throws as `port` does. */
  get url(): string {
    return `amqp://${this.#options.host}:${this.port}`;
  }

  /**
   * Starts to listen. Resolves with the broker itself.
   *
   * @throws ListenError when the port is in use or not allowed, StateError when it was started before.
   */
  async start(): Promise<this> {
    if (this.#state !== 'new') throw new StateError('A broker is started once. Make a new one.');
    this.#state = 'starting';
    const { host, port } = this.#options;
    this.#listening = this.#acceptor.listen({ host, port }).then((taken) => {
      this.#port = taken;
      this.#state = 'listening';
    });
    await this.#listening;
    return this;
  }

  /** Closes every connection and forgets every message. Stopping twice does nothing. */
  async stop(): Promise<void> {
    if (this.#state === 'starting') await this.#listening;
    if (this.#state !== 'listening') return;
    this.#state = 'stopped';
    await this.#acceptor.close();
    this.#queues.clear();
  }

  /** Stops it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A look at a queue. One that nobody has named yet is empty. */
  queue(name: string): QueueSnapshot {
    const queue = this.#queues.get(name);
    if (queue === undefined) {
      return { name, depth: 0, outstanding: 0, consumers: 0, received: 0, accepted: 0, rejected: 0, redelivered: 0 };
    }
    const { depth, outstanding, consumers, counts } = queue;
    return { name, depth, outstanding, consumers, ...counts };
  }

  /** A look at every queue. */
  get queues(): QueueSnapshot[] {
    return [...this.#queues.keys()].map((name) => this.queue(name));
  }

  #queue(name: string): BrokerQueue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      const { deadLetterQueue } = this.#options;
      // What is rejected from the dead-letter queue itself has nowhere left to go.
      queue = new BrokerQueue(name, (message) => {
        if (name !== deadLetterQueue) this.#queue(deadLetterQueue).take(message);
      });
      this.#queues.set(name, queue);
    }
    return queue;
  }

  #linkRequested(request: LinkRequest): void {
    const name = request.dynamic ? `dynamic-${uuid()}` : request.address;
    if (name === undefined || name === '') {
      request.refuse({
        condition: 'amqp:not-implemented',
        description: 'This broker has no anonymous node. Name a queue as the address of the link.',
      });
      return;
    }
    const queue = this.#queue(name);
    if (request.role === 'receiver') {
      this.#produce(request, name, queue);
    } else {
      const link = request.send(name, {
        sendable: () => queue.dispatch(),
        closed: (closed) => {
          queue.removeConsumer(closed);
          if (request.dynamic) this.#queues.delete(name);
        },
      });
      queue.addConsumer(link);
    }
  }

  #produce(request: LinkRequest, name: string, queue: BrokerQueue): void {
    const refill = (link: ReceiverLink): void => {
      if (link.credit <= PRODUCER_CREDIT / 2) link.issueCredit(PRODUCER_CREDIT - link.credit);
    };
    request.receive(name, this.#options.maxMessageSize, {
      opened: refill,
      received: (delivery, link) => {
        queue.push(delivery);
        delivery.finish(ACCEPTED);
        refill(link);
      },
      closed: () => undefined,
    });
  }
}
