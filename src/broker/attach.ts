import { parseAddress } from '../address/address.js';
import { AddressError } from '../errors.js';
import type { PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { TerminusOptions } from '../link/session/link-options.js';
import type { LinkRequest, WantedTerminus } from '../link/session/link-request.js';
import { IncomingLink } from './incoming-link.js';
import { linkEvent } from './link-host.js';
import type { LinkHost } from './link-host.js';
import { isRefusal } from './node-table.js';
import type { BrokerNode, NodeKind, NodeTable } from './node-table.js';
import { OutgoingLink } from './outgoing-link.js';
import type { Supply } from './outgoing-link.js';
import type { Subscription, SubscriptionKey } from './subscription.js';
import type { Topic } from './topic.js';

/** Tells apart subscriptions that nobody can come back to. */
let lastNumber = 0;

/**
 * Answers clients that want a link. What they ask for and do not get is left out of the answer, which is how the standard
 * says no to a filter or a capability (AMQP 1.0 §3.5.3); without what they cannot do, links are refused.
 */
export function attach(host: LinkHost, maxLinks: number, request: LinkRequest, connection: AcceptedConnection): void {
  const refusal = hindrance(host, maxLinks, request, connection) ?? open(host, request, connection);
  if (refusal !== undefined) request.refuse(refusal);
  const state = refusal === undefined ? 'attached' : 'refused';
  host.events.tell('link', linkEvent(request, connection, state, request.address, refusal));
}

function hindrance(
  host: LinkHost,
  maxLinks: number,
  request: LinkRequest,
  connection: AcceptedConnection,
): PeerError | undefined {
  const { foreignTerminus } = request;
  if (foreignTerminus === 'coordinator') {
    return { condition: 'amqp:not-implemented', description: 'This broker has no transactions.' };
  }
  if (foreignTerminus !== undefined) {
    return {
      condition: 'amqp:not-implemented',
      description: `This broker does not know this kind of ${foreignTerminus}.`,
    };
  }
  if (connection.size >= maxLinks) {
    return {
      condition: 'amqp:resource-limit-exceeded',
      description: `A connection has ${maxLinks} links, and no more. Close some, or raise maxLinks.`,
    };
  }
  const fault = host.injections.isEmpty ? undefined : host.injections.strike('attach', request.address);
  if (fault?.type === 'reject') return fault.error;
  if (fault?.type !== 'close') return undefined;
  if (fault.what === 'link') return fault.error;
  host.closeOnPurpose(connection, undefined, fault);
  return fault.error;
}

function open(host: LinkHost, request: LinkRequest, connection: AcceptedConnection): PeerError | undefined {
  const { address, dynamic, role, wanted } = request;
  const kind = kindOf(wanted.capabilities);
  if (address === undefined && !dynamic) {
    if (role === 'sender') {
      return { condition: 'amqp:invalid-field', description: 'Name a queue or topic to receive from, as the source.' };
    }
    new IncomingLink(host, connection, request, undefined);
    return undefined;
  }
  const node = dynamic ? host.nodes.createDynamic(kind ?? 'queue') : find(host.nodes, address ?? '', kind, wanted);
  if (isRefusal(node)) return node;
  if (role === 'receiver') new IncomingLink(host, connection, request, node);
  else return supplyTo(host, connection, request, node);
  return undefined;
}

function supplyTo(
  host: LinkHost,
  connection: AcceptedConnection,
  request: LinkRequest,
  node: BrokerNode,
): PeerError | undefined {
  const supplied = supply(node, request);
  if (isRefusal(supplied)) {
    if (request.dynamic) host.nodes.delete(node);
    return supplied;
  }
  new OutgoingLink(host, connection, request, supplied);
  return undefined;
}

/** A subscription that is to be shared can only be one of a topic. */
function find(
  nodes: NodeTable,
  address: string,
  kind: NodeKind | undefined,
  { capabilities }: WantedTerminus,
): BrokerNode | PeerError {
  if (address === '') return { condition: 'amqp:invalid-field', description: 'An address has at least one character.' };
  const isShared = kind === undefined && capabilities.includes('shared') && nodes.get(address) === undefined;
  return nodes.resolve(address, isShared ? 'topic' : kind);
}

/** What kind of node a client wants, by the capabilities that JMS clients ask for. */
function kindOf(capabilities: readonly string[]): NodeKind | undefined {
  if (capabilities.includes('topic') || capabilities.includes('temporary-topic')) return 'topic';
  if (capabilities.includes('queue') || capabilities.includes('temporary-queue')) return 'queue';
  return undefined;
}

function supply(node: BrokerNode, request: LinkRequest): Supply | PeerError {
  const { wanted } = request;
  const kind = wanted.capabilities.filter((name) => name === node.kind || name === `temporary-${node.kind}`);
  if (node.kind === 'queue') {
    const browses = wanted.distributionMode === 'copy';
    const { durable, expiryPolicy, terminusTimeout } = wanted;
    // A queue outlives all links, so it keeps whatever it is asked to keep.
    const lifetime = durable > 0 || terminusTimeout > 0 ? { durable, expiryPolicy, terminusTimeout } : {};
    const granted = { distributionMode: browses ? 'copy' : 'move', capabilities: kind, ...lifetime } as const;
    return { node, queue: node, browses, granted };
  }
  const subscription = subscribe(node, request);
  if (isRefusal(subscription)) return subscription;
  const { isShared, container } = subscription.key;
  const sharing = isShared ? ['shared', ...(container === undefined ? ['global'] : [])] : [];
  const { durable, isEndless, timeout } = subscription.lifetime;
  const granted: TerminusOptions = {
    durable,
    // The clock starts when the link is detached, whatever the client would have it start with.
    ...(isEndless ? { expiryPolicy: 'never' } : timeout > 0 ? { expiryPolicy: 'link-detach' } : {}),
    terminusTimeout: timeout / 1000,
    // Each subscription has its own copy of a message, and its links take it away.
    distributionMode: 'move',
    capabilities: [...kind, ...sharing],
  };
  return { node, queue: subscription.queue, subscription, browses: false, granted };
}

/** The subscription a link is for: one that is there already, or a new one. */
function subscribe(topic: Topic, request: LinkRequest): Subscription | PeerError {
  const { durable, expiryPolicy, terminusTimeout } = request.wanted;
  const isEndless = expiryPolicy === 'never';
  const lifetime = { durable, isEndless, timeout: isEndless ? 0 : terminusTimeout * 1000 };
  const key = keyOf(request, isEndless || terminusTimeout > 0);
  const known = topic.find(key);
  if (known === undefined) return topic.subscribe(key, lifetime);
  // The client that was here has come back, and its old link does not know yet (AMQP 1.0 §2.6.1).
  if (!key.isShared) {
    const stolen = { condition: 'amqp:link:stolen', description: 'The link was attached again elsewhere.' };
    for (const link of [...known.links]) known.handOver(link, stolen);
  }
  known.lifetime = lifetime;
  return known;
}

function keyOf({ name, peerId, wanted }: LinkRequest, outlivesLink: boolean): SubscriptionKey {
  const isShared = wanted.capabilities.includes('shared');
  const isGlobal = isShared && wanted.capabilities.includes('global');
  // JMS clients put what makes a link unique behind a bar.
  const bareName = name.split('|')[0] ?? name;
  const isLasting = isShared || outlivesLink;
  return {
    name: isLasting ? bareName : `${name}#${++lastNumber}`,
    container: isGlobal ? undefined : (peerId ?? ''),
    isShared,
  };
}

/**
 * The node that the `to` of a message names, for the anonymous terminus. It may be the whole address that its sender has
 * for it.
 */
export function routeByTo(nodes: NodeTable, to: string | undefined): BrokerNode | PeerError {
  if (to === undefined || to === '') {
    return {
      condition: 'amqp:invalid-field',
      description: 'A message to the anonymous terminus needs a `to` that names a queue or topic.',
    };
  }
  return nodes.resolve(/^amqps?:\/\//.test(to) ? (nameIn(to) ?? to) : to);
}

function nameIn(address: string): string | undefined {
  try {
    return parseAddress(address).name;
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
