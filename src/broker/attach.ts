import type { PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { TerminusOptions } from '../link/session/link-options.js';
import type { LinkRequest, WantedTerminus } from '../link/session/link-request.js';
import { IncomingLink } from './incoming-link.js';
import { closeOnPurpose, linkEvent } from './link-context.js';
import type { LinkContext } from './link-context.js';
import { isRefusal, nodeName } from './node-table.js';
import type { BrokerNode, NodeKind, NodeTable } from './node-table.js';
import { OutgoingLink } from './outgoing-link.js';
import type { Supply } from './outgoing-link.js';
import type { Subscription, SubscriptionKey } from './subscription.js';
import type { Topic } from './topic.js';

/** The number of the last subscription that no client can come back to: it tells them apart. */
let lastNumber = 0;

/**
 * Answers clients that want a link. A capability that they ask for and do not get is left out of the answer, which is how the
 * standard says no to it (AMQP 1.0 §3.5.3). A link that asks for a filter is refused, unless the broker ignores filters: a
 * client that does not look at the answer would take what it has not asked for.
 */
export function attach(context: LinkContext, request: LinkRequest, connection: AcceptedConnection): void {
  const refusal = hindrance(context, request, connection) ?? open(context, request, connection);
  if (refusal !== undefined) request.refuse(refusal);
  const state = refusal === undefined ? 'attached' : 'refused';
  context.events.tell('link', linkEvent(request, connection, state, request.address, refusal));
}

function hindrance(context: LinkContext, request: LinkRequest, connection: AcceptedConnection): PeerError | undefined {
  const { foreignTerminus } = request;
  const { maxLinks } = context.settings;
  if (foreignTerminus === 'coordinator') {
    return { condition: 'amqp:not-implemented', description: 'This broker has no transactions.' };
  }
  if (foreignTerminus !== undefined) {
    return {
      condition: 'amqp:not-implemented',
      description: `This broker does not know this kind of ${foreignTerminus}.`,
    };
  }
  if (request.role === 'sender' && request.wanted.filters.length > 0 && !context.settings.ignoreFilters) {
    return {
      condition: 'amqp:not-implemented',
      description: 'This broker has no filters, selectors included. With ignoreFilters it passes over them.',
    };
  }
  if (connection.size >= maxLinks) {
    return {
      condition: 'amqp:resource-limit-exceeded',
      description: `A connection has ${maxLinks} links, and no more. Close some, or raise maxLinks.`,
    };
  }
  const fault = context.injections.isEmpty ? undefined : context.injections.strike('attach', request.address);
  if (fault?.type === 'reject') return fault.error;
  if (fault?.type !== 'close') return undefined;
  if (fault.what === 'link') return fault.error;
  closeOnPurpose(connection, undefined, fault);
  return fault.error;
}

function open(context: LinkContext, request: LinkRequest, connection: AcceptedConnection): PeerError | undefined {
  const { address, dynamic, role, wanted } = request;
  const kind = kindOf(wanted.capabilities);
  if (address === undefined && !dynamic) {
    if (role === 'sender') return resume(context, connection, request);
    new IncomingLink(context, connection, request, undefined);
    return undefined;
  }
  const node = dynamic
    ? context.nodes.createDynamic(kind ?? 'queue')
    : find(context.nodes, address ?? '', kind, wanted);
  if (isRefusal(node)) return node;
  if (role === 'receiver') new IncomingLink(context, connection, request, node);
  else return supplyTo(context, connection, request, node);
  return undefined;
}

/**
 * Attaches a link without a source to the subscription of its name (AMQP 1.0 §2.6.3). JMS clients do so to end a
 * subscription: they close the link.
 */
function resume(context: LinkContext, connection: AcceptedConnection, request: LinkRequest): PeerError | undefined {
  const found = context.nodes.findSubscription(bareName(request), request.peerId ?? '');
  if (found === undefined) {
    return {
      condition: 'amqp:not-found',
      description: 'There is no subscription of this name. To receive, name a queue or topic as the source.',
    };
  }
  const { topic, subscription } = found;
  takeOver(subscription);
  new OutgoingLink(context, connection, request, supplyOf(topic, subscription, []));
  return undefined;
}

function supplyTo(
  context: LinkContext,
  connection: AcceptedConnection,
  request: LinkRequest,
  node: BrokerNode,
): PeerError | undefined {
  const supplied = supply(node, request);
  if (isRefusal(supplied)) {
    if (request.dynamic) context.nodes.delete(node);
    return supplied;
  }
  new OutgoingLink(context, connection, request, supplied);
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
  const name = nodeName(address);
  const isShared = kind === undefined && capabilities.includes('shared') && nodes.get(name) === undefined;
  return nodes.resolve(name, isShared ? 'topic' : kind);
}

/** Reads the kind of node that a client wants from the capabilities that JMS clients ask for. */
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
  return isRefusal(subscription) ? subscription : supplyOf(node, subscription, kind);
}

/** @param kind - The capabilities that name the kind of node, of those that the client has asked for. */
function supplyOf(topic: Topic, subscription: Subscription, kind: readonly string[]): Supply {
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
  return { node: topic, queue: subscription.queue, subscription, browses: false, granted };
}

/** The subscription a link is for: one that is there already, or a new one. */
function subscribe(topic: Topic, request: LinkRequest): Subscription | PeerError {
  const { durable, expiryPolicy, terminusTimeout } = request.wanted;
  const isEndless = expiryPolicy === 'never';
  const lifetime = { durable, isEndless, timeout: isEndless ? 0 : terminusTimeout * 1000 };
  const key = keyOf(request, isEndless || terminusTimeout > 0);
  const known = topic.find(key);
  if (known === undefined) return topic.subscribe(key, lifetime);
  takeOver(known);
  known.lifetime = lifetime;
  return known;
}

/** Closes the old link of a client that has come back: it does not know yet (AMQP 1.0 §2.6.1). */
function takeOver(subscription: Subscription): void {
  if (subscription.key.isShared) return;
  const stolen = { condition: 'amqp:link:stolen', description: 'The link was attached again elsewhere.' };
  for (const link of [...subscription.links]) subscription.handOver(link, stolen);
}

function keyOf(request: LinkRequest, outlivesLink: boolean): SubscriptionKey {
  const { name, peerId, wanted } = request;
  const isShared = wanted.capabilities.includes('shared');
  const isGlobal = isShared && wanted.capabilities.includes('global');
  const isLasting = isShared || outlivesLink;
  return {
    name: isLasting ? bareName(request) : `${name}#${++lastNumber}`,
    container: isGlobal ? undefined : (peerId ?? ''),
    isShared,
  };
}

/** The name of a subscription: JMS clients put what makes a link unique behind a bar. */
function bareName({ name }: LinkRequest): string {
  return name.split('|')[0] ?? name;
}
