import type { Clock, Timer } from '../clock.js';
import { StateError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import { Acceptor } from '../link/connection/acceptor.js';
import type { AcceptedConnection, AcceptorSettings } from '../link/connection/accepted-connection.js';
import { DEFAULT_RECONNECT } from '../link/connection/retries.js';
import { createContainer } from '../link/rhea/rhea-seam.js';
import { attach } from './attach.js';
import { BrokerEmitter } from './broker-events.js';
import type { BrokerEvents } from './broker-events.js';
import { resolveBrokerOptions } from './broker-options.js';
import type { BrokerSettings, EmbeddedBrokerOptions } from './broker-options.js';
import { Injections } from './injection.js';
import type { InjectOptions, Injection } from './injection.js';
import { LinkContext } from './link-context.js';
import { MemoryBudget } from './memory-budget.js';
import { NodeTable, isRefusal } from './node-table.js';
import type { NodeKind } from './node-table.js';
import { SAMPLE_INTERVAL } from './rates.js';
import { queueSnapshot, topicSnapshot } from './snapshot.js';
import type { QueueSnapshot, TopicSnapshot } from './snapshot.js';

/**
 * The capabilities that clients look for before they send to the anonymous terminus (Anonymous Terminus 1.0, §2.1), or share a
 * subscription (AMQP JMS Mapping 1.0).
 */
const CAPABILITIES = ['ANONYMOUS-RELAY', 'SHARED-SUBS'];

/** Refused links that a client need not have answered, however few it may have. Then it is cut off. */
const LINKS_REFUSED = 100;

/**
 * An AMQP 1.0 broker inside the process, for development, tests and demos; not for production, since it keeps everything
 * in memory. It has queues, whose consumers compete, each as far as its credit goes, and topics, whose subscriptions each
 * get every message. Accepted messages are gone; released ones, and those of a consumer that vanished, come back to
 * where they were; rejected and expired ones, and those that failed too often, go to the dead-letter address.
 *
 * Its events tell tests what happens. Listeners are called in the midst of it: what one throws is an uncaught exception of
 * the process.
 */
export class EmbeddedBroker implements AsyncDisposable {
  readonly #settings: BrokerSettings;
  readonly #nodes: NodeTable;
  readonly #events = new BrokerEmitter();
  readonly #injections = new Injections();
  readonly #links: LinkContext;
  readonly #memory: MemoryBudget;
  #acceptor: Acceptor | undefined;
  #state: 'stopped' | 'starting' | 'listening' | 'stopping' = 'stopped';
  #change: Promise<void> = Promise.resolve();
  #port: number | undefined;
  #sampler: Timer | undefined;

  /** @throws OptionError for an unknown option or one that cannot be. */
  constructor(options: EmbeddedBrokerOptions = {}) {
    const settings = resolveBrokerOptions(options);
    this.#settings = settings;
    this.#memory = new MemoryBudget(settings.maxTotalBytes);
    this.#nodes = new NodeTable(settings, this.#memory, this.#events);
    this.#links = new LinkContext(settings, this.#nodes, this.#injections, this.#events);
    for (const address of settings.queues.keys()) this.#create(address, 'queue');
  }

  /** The port it listens on, or has listened on last. Throws StateError before `start` has resolved. */
  get port(): number {
    if (this.#port === undefined) throw new StateError('The broker does not listen yet. Await start() first.');
    return this.#port;
  }

  /** The address to connect to: add `/` and the name of a queue. Throws as `port` does. */
  get url(): string {
    const { host, tls } = this.#settings;
    return `${tls === undefined ? 'amqp' : 'amqps'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /**
   * Starts to listen. Resolves with the broker itself. After a `stop` it listens on the same port again, with the queues
   * and messages it had: as a broker does that has kept everything on disk.
   *
   * @throws ListenError when the port is in use or not allowed, or the certificate cannot be used; StateError when it
   * listens already, or is about to.
   */
  async start(): Promise<this> {
    if (this.#state === 'stopping') await this.#change;
    if (this.#state !== 'stopped') throw new StateError('The broker is started already.');
    this.#state = 'starting';
    this.#change = this.#listen();
    await this.#change;
    return this;
  }

  /**
   * Closes every connection and stops listening. What is in its queues and lasting subscriptions stays, in memory, for the
   * next `start`; dynamic nodes go with their links. Stopping twice waits for the same end.
   */
  async stop(): Promise<void> {
    if (this.#state === 'starting') await this.#change.catch(() => undefined);
    if (this.#state === 'listening') {
      this.#state = 'stopping';
      this.#change = this.#end();
    }
    if (this.#state === 'stopping') await this.#change;
  }

  /** Stops it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A look at a queue. One that nobody has named yet is empty. */
  queue(name: string): QueueSnapshot {
    const node = this.#nodes.get(name);
    return queueSnapshot(name, node?.kind === 'queue' ? node : undefined, this.#clock.now());
  }

  /** A look at a topic. One that nobody has named yet has no subscriptions. */
  topic(name: string): TopicSnapshot {
    const node = this.#nodes.get(name);
    return topicSnapshot(name, node?.kind === 'topic' ? node : undefined, this.#clock.now());
  }

  /**
   * The bytes of memory that its messages take, as `maxTotalBytes` counts them: those that several deliveries share are
   * counted once, and each message with 256 more.
   */
  get bytes(): number {
    return this.#memory.used;
  }

  /** A look at every queue. */
  get queues(): QueueSnapshot[] {
    return Array.from(this.#nodes.all)
      .filter(({ kind }) => kind === 'queue')
      .map(({ address }) => this.queue(address));
  }

  /** A look at every topic. */
  get topics(): TopicSnapshot[] {
    return Array.from(this.#nodes.all)
      .filter(({ kind }) => kind === 'topic')
      .map(({ address }) => this.topic(address));
  }

  /** Makes a queue, unless it is there. Throws StateError when it is a topic, or there are too many nodes. */
  createQueue(name: string): void {
    this.#create(name, 'queue');
  }

  /** Makes a topic, unless it is there. Throws StateError when it is a queue, or there are too many nodes. */
  createTopic(name: string): void {
    this.#create(name, 'topic');
  }

  /** Deletes a queue or topic with all it holds, and closes its links. Returns false when it is not there. */
  delete(name: string): boolean {
    const node = this.#nodes.get(name);
    if (node !== undefined) this.#nodes.delete(node);
    return node !== undefined;
  }

  /** Forgets every message that waits in a queue. Returns how many those were. */
  purge(name: string): number {
    const node = this.#nodes.get(name);
    return node?.kind === 'queue' ? node.purge() : 0;
  }

  /**
   * Makes the broker misbehave on purpose, so that a test sees what its own code does then. The injection goes on until it
   * has struck `times` times, or is stopped: `using injection = broker.inject(…)` stops it at the end of the block.
   *
   * @throws OptionError when it makes no sense.
   */
  inject(options: InjectOptions): Injection {
    return this.#injections.add(options);
  }

  /** Calls `listener` for every event of a name. Adding it twice calls it twice. */
  on<Name extends keyof BrokerEvents>(name: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#events.on(name, listener as never); // the types of EventEmitter do not follow a generic name
    return this;
  }

  /** Calls `listener` for the next event of a name. */
  once<Name extends keyof BrokerEvents>(name: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#events.once(name, listener as never); // as above
    return this;
  }

  /** Calls `listener` no more. One that was not added is ignored. */
  off<Name extends keyof BrokerEvents>(name: Name, listener: (...values: BrokerEvents[Name]) => void): this {
    this.#events.off(name, listener as never); // as above
    return this;
  }

  get #clock(): Clock {
    return this.#settings.environment.clock;
  }

  async #listen(): Promise<void> {
    const { host, tls } = this.#settings;
    const acceptor = new Acceptor(tls !== undefined, this.#acceptorSettings(), {
      connectionOpened: ({ peerId, user }) =>
        this.#events.tell('connection', { state: 'open', container: peerId, user }),
      connectionClosed: (connection, error) => this.#connectionClosed(connection, error),
      linkRequested: (request, connection) => attach(this.#links, request, connection),
    });
    try {
      this.#port = await acceptor.listen({ host, port: this.#port ?? this.#settings.port });
    } catch (error) {
      this.#state = 'stopped';
      throw error;
    }
    this.#acceptor = acceptor;
    this.#state = 'listening';
    const sample = (): void => {
      this.#sampler = this.#clock.setTimeout(sample, SAMPLE_INTERVAL);
      this.#nodes.sample(this.#clock.now());
    };
    sample();
  }

  async #end(): Promise<void> {
    if (this.#sampler !== undefined) this.#clock.clearTimeout(this.#sampler);
    await this.#acceptor?.close();
    this.#acceptor = undefined;
    this.#state = 'stopped';
  }

  #acceptorSettings(): AcceptorSettings {
    const { name, limits, connectTimeout, tls, environment, authenticator, maxLinks } = this.#settings;
    return {
      container: createContainer(name),
      limits,
      budget: this.#memory.bytes,
      reconnect: DEFAULT_RECONNECT,
      connectTimeout,
      tls: tls ?? {},
      asksForCertificate: (tls?.ca ?? tls?.caFile) !== undefined,
      allowInsecureMechs: true,
      environment,
      authenticator,
      maxConnections: this.#settings.maxConnections,
      maxConnectionsPerHost: this.#settings.maxConnectionsPerHost,
      maxLinks: 2 * maxLinks + LINKS_REFUSED,
      offeredCapabilities: CAPABILITIES,
    };
  }

  #connectionClosed({ peerId, user, wasOpen }: AcceptedConnection, error: MessagingError | undefined): void {
    if (wasOpen) this.#events.tell('connection', { state: 'closed', container: peerId, user, error });
  }

  #create(address: string, kind: NodeKind): void {
    const known = this.#nodes.get(address);
    if (known?.kind === kind) return;
    if (known !== undefined)
      throw new StateError(`${address} is a ${known.kind}. Delete it first, or take another name.`);
    const node = this.#nodes.create(address, kind);
    if (isRefusal(node)) throw new StateError(`${node.description ?? ''} Raise maxNodes.`);
  }
}
