import { parseAddress } from '../address/address.js';
import { Pattern } from '../address/pattern.js';
import { AddressError } from '../errors.js';
import type { PeerError } from '../errors.js';
import type { BrokerEmitter } from './broker-events.js';
import type { BrokerSettings } from './broker-options.js';
import { deadLetter } from './dead-letter.js';
import type { Death } from './dead-letter.js';
import type { IncomingMessage } from './incoming-message.js';
import type { MemoryBudget } from './memory-budget.js';
import { QueueContext } from './queue-context.js';
import { BrokerQueue } from './queue.js';
import type { NodeLink, Subscription } from './subscription.js';
import { Topic } from './topic.js';

/** The node that messages are sent to: a queue gives each to one consumer, a topic to every subscription. */
export type BrokerNode = BrokerQueue | Topic;

/** The kind of a node. */
export type NodeKind = 'queue' | 'topic';

/** The nodes of a broker by their addresses. */
export class NodeTable {
  readonly #settings: BrokerSettings;
  readonly #context: QueueContext;
  readonly #topics: readonly Pattern[];
  readonly #nodes = new Map<string, BrokerNode>();
  readonly #links = new Map<BrokerNode, Set<NodeLink>>();

  #isBurying = false;

  constructor(settings: BrokerSettings, memory: MemoryBudget, events: BrokerEmitter) {
    this.#settings = settings;
    this.#context = new QueueContext(settings.environment, memory, events, (...death) => this.#bury(...death));
    this.#topics = settings.topics.map((text) => new Pattern(text));
  }

  /** All nodes. */
  get all(): Iterable<BrokerNode> {
    return this.#nodes.values();
  }

  /** The node at an address, if there is one. */
  get(address: string): BrokerNode | undefined {
    return this.#nodes.get(address);
  }

  /**
   * Finds the node at an address, or makes it if need be. The address may be the whole one that a client has for the node.
   * Returns why not, when there is none: a node that is to be of another kind than it is included.
   */
  resolve(named: string, wanted?: NodeKind): BrokerNode | PeerError {
    const address = nodeName(named);
    const node = this.#nodes.get(address);
    if (node !== undefined) {
      if (wanted === undefined || wanted === node.kind) return node;
      return refusal('amqp:not-allowed', `${address} is a ${node.kind} and not a ${wanted}.`);
    }
    if (address.startsWith('$')) {
      return refusal('amqp:not-found', `There is no node ${address}: this broker has none that begin with $.`);
    }
    const isTopic = this.#topics.some((pattern) => pattern.match(address) !== undefined);
    if (!this.#settings.createNodes && !isTopic) {
      return refusal('amqp:not-found', `There is no ${wanted ?? 'node'} ${address}.`);
    }
    return this.create(address, wanted ?? (isTopic ? 'topic' : 'queue'));
  }

  /** Finds a subscription by its name, of a client or of all: the topic it is of is not known. */
  findSubscription(name: string, container: string): { topic: Topic; subscription: Subscription } | undefined {
    const keys = [
      { name, container, isShared: false },
      { name, container, isShared: true },
      { name, container: undefined, isShared: true },
    ];
    for (const topic of this.#nodes.values()) {
      if (topic.kind !== 'topic') continue;
      for (const key of keys) {
        const subscription = topic.find(key);
        if (subscription !== undefined) return { topic, subscription };
      }
    }
    return undefined;
  }

  /** Makes a node of a name that no other has. */
  createDynamic(kind: NodeKind): BrokerNode | PeerError {
    return this.create(`dynamic-${this.#settings.environment.randomUUID()}`, kind);
  }

  /** Makes a node. The caller has seen that the address is free. Returns why not, when there are too many. */
  create(address: string, kind: NodeKind): BrokerNode | PeerError {
    if (this.#nodes.size >= this.#settings.maxNodes) {
      return refusal(
        'amqp:resource-limit-exceeded',
        `There are ${this.#settings.maxNodes} nodes, and no more are made.`,
      );
    }
    const settings = this.#settings.queues.get(address) ?? this.#settings.queue;
    const node =
      kind === 'topic'
        ? new Topic(address, settings, this.#context, this.#settings.maxNodes)
        : new BrokerQueue(address, settings, this.#context);
    this.#nodes.set(address, node);
    return node;
  }

  /** Has every queue look at its counts, for its rates. */
  sample(now: number): void {
    for (const node of this.#nodes.values()) {
      if (node.kind === 'queue') node.rates.sample(now);
      else for (const { queue } of node.subscriptions) queue.rates.sample(now);
    }
  }

  /** A link to a node has come. */
  join(node: BrokerNode, link: NodeLink): void {
    const links = this.#links.get(node);
    if (links === undefined) this.#links.set(node, new Set([link]));
    else links.add(link);
  }

  /** A link to a node has gone. */
  leave(node: BrokerNode, link: NodeLink): void {
    const links = this.#links.get(node);
    if (links?.delete(link) === true && links.size === 0) this.#links.delete(node);
  }

  /** Deletes a node and what it holds. Its links are closed. Deleting it again does nothing. */
  delete(node: BrokerNode): void {
    if (this.#nodes.get(node.address) !== node) return;
    this.#nodes.delete(node.address);
    const links = [...(this.#links.get(node) ?? [])];
    for (const link of links) link.close(refusal('amqp:resource-deleted', `${node.address} was deleted.`));
    node.close();
  }

  /** A dead letter that pushes another out of its place does not bury that one, too: it could go on for ever. */
  #bury(message: IncomingMessage, death: Death, to: string): boolean {
    const { memory, output, clock } = this.#context;
    if (this.#isBurying || memory.refusal(message.size) !== undefined) return false;
    // Made if need be, also where clients may make none.
    const node = this.#nodes.get(to) ?? this.create(to, 'queue');
    if (isRefusal(node)) return false;
    this.#isBurying = true;
    try {
      node.take(deadLetter(output, message, death, clock.wallNow()), false);
      return true;
    } finally {
      this.#isBurying = false;
    }
  }
}

/** Tells whether a result is the reason for which there is none. */
export function isRefusal(result: object): result is PeerError {
  return 'condition' in result;
}

function refusal(condition: string, description: string): PeerError {
  return { condition, description };
}

/** Reads the name of the node from an address, which may be the whole one that a client has for it. */
export function nodeName(address: string): string {
  if (!/^amqps?:\/\//.test(address)) return address;
  try {
    return parseAddress(address).name ?? address;
  } catch (error) {
    if (error instanceof AddressError) return address;
    throw error;
  }
}
