import type { GrantedTerms, LinkOptions } from '../../link/session/link-options.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import type { SenderLink } from '../../link/session/sender-link.js';

/** The settle modes of AMQP 1.0 §2.8.2 and §2.8.3 that matter here. */
const UNSETTLED = 0;
const SETTLED = 1;
const SECOND = 1;

/** Tells what a peer has not granted of the terms that one part of an attach asks for; `undefined` when it has granted all. */
type Check = (asked: LinkOptions, granted: GrantedTerms, address: string) => string | undefined;

/**
 * What an attach may ask for that changes what a link means, and how it is known that the peer has granted it. To take
 * silence for consent, or the echo of a broker that is known to echo, would lose messages or hand them to others.
 * docs/negotiation.md has the same table for people.
 */
const CHECKS: readonly Check[] = [settleModes, filters, browsing, capabilities, sharing, lifetime];

/** Says in words what a peer has not granted of the terms of a link; `undefined` when it has granted all. */
export function refusedTerm({ options, granted }: ReceiverLink | SenderLink): string | undefined {
  if (granted === undefined) return undefined;
  for (const check of CHECKS) {
    const refused = check(options, granted, options.address ?? 'its own node');
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function settleModes(asked: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const { name } = granted.product;
  if (asked.senderSettleMode === UNSETTLED && granted.senderSettleMode === SETTLED) {
    return `${name} wants the messages of ${address} settled when they are sent: nobody would know their outcomes. Set senderSettleMode to settled to accept that.`;
  }
  if (asked.receiverSettleMode === SECOND && granted.receiverSettleMode !== SECOND) {
    return `${name} does not settle an outcome at ${address} after it was told it. Leave receiverSettleMode out.`;
  }
  return undefined;
}

function filters({ filter = {} }: LinkOptions, { filters: names, product }: GrantedTerms, address: string) {
  const missing = Object.keys(filter).filter((name) => !names.includes(name) || !product.filters(name, names));
  if (missing.length === 0) return undefined;
  return `${product.name} does not support ${missing.join(', ')} on ${address}. ${product.filterAdvice}`;
}

function browsing({ distributionMode }: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const { product, filters: names } = granted;
  if (distributionMode !== 'copy' || (granted.distributionMode === 'copy' && product.copies(names))) return undefined;
  return `${product.name} does not let anybody browse ${address}: it would hand the messages out.`;
}

/** The kind of a node, and whatever else it is to be able to do. */
function capabilities(asked: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const { product } = granted;
  const kind = product.kindOf?.(address);
  const isGranted = (name: string): boolean => {
    if (name === 'shared' || name === 'global') return true; // see `sharing`
    if (name.startsWith('temporary-') && asked.dynamic) return true; // the node was made, or there would be no link
    if (kind !== undefined && (name === 'queue' || name === 'topic')) return name === kind;
    return granted.capabilities.includes(name) && product.capabilities?.includes(name) !== false;
  };
  const missing = (asked.capabilities ?? []).filter((name) => !isGranted(name));
  if (missing.length === 0) return undefined;
  const found = kind === undefined ? '' : ` There it is a ${kind}.`;
  return `${product.name} does not say that ${address} has the capability ${missing.join(', ')}.${found} Leave it out, or take another address.`;
}

/** A broker that does not know of shared subscriptions gives everything to everybody. */
function sharing(asked: LinkOptions, { product, offered, capabilities: names }: GrantedTerms, address: string) {
  if (asked.capabilities?.includes('shared') !== true || offered.includes('SHARED-SUBS')) return undefined;
  if (names.includes('shared') && product.capabilities === undefined) return undefined;
  return `${product.name} has no shared subscriptions: each receiver of ${address} would get every message. Share a queue instead.`;
}

/** What is to outlive the connection. */
function lifetime(asked: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const isDurable = (asked.durable ?? 0) === 0 || granted.durable > 0;
  const isKept = (asked.terminusTimeout ?? 0) === 0 || granted.terminusTimeout > 0;
  if (isDurable && isKept) return undefined;
  return `${granted.product.name} does not keep the subscription to ${address} while nobody is connected. Leave out ${isDurable ? 'ttl' : 'durable'}, or receive from a queue.`;
}
