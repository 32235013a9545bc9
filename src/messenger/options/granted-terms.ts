import type { GrantedTerms, LinkOptions } from '../../link/session/link-options.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import type { SenderLink } from '../../link/session/sender-link.js';

/** The settle modes of AMQP 1.0 §2.8.2 and §2.8.3 that are checked here. */
const UNSETTLED = 0;
const SETTLED = 1;
const SECOND = 1;

/** Returns the term of an attach that the peer has not granted, or `undefined` when it has granted all. */
type Check = (asked: LinkOptions, granted: GrantedTerms, address: string) => string | undefined;

/**
 * The terms of an attach that change the meaning of a link, with a check for each that the peer has granted it. Neither
 * silence nor the echo of a broker that is known to echo counts as consent: messages could be lost or go to others.
 * docs/negotiation.md explains the same table.
 */
const CHECKS: readonly Check[] = [settleModes, filters, browsing, capabilities, sharing, lifetime];

/** Describes the term of a link that the peer has not granted; `undefined` when it has granted all. */
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

/** The capabilities of the node, such as its kind. */
function capabilities(asked: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const { product } = granted;
  const kind = product.kindOf?.(address);
  const isGranted = (name: string): boolean => {
    if (name === 'shared' || name === 'global') return true; // see `sharing`
    if (name.startsWith('temporary-') && asked.dynamic) return true; // the peer has created the node, or there would be no link
    if (kind !== undefined && (name === 'queue' || name === 'topic')) return name === kind;
    return granted.capabilities.includes(name) && product.capabilities?.includes(name) !== false;
  };
  const missing = (asked.capabilities ?? []).filter((name) => !isGranted(name));
  if (missing.length === 0) return undefined;
  const found = kind === undefined ? '' : ` There it is a ${kind}.`;
  return `${product.name} does not say that ${address} has the capability ${missing.join(', ')}.${found} Leave it out, or take another address.`;
}

/** A broker without shared subscriptions sends every message to every subscriber. */
function sharing(asked: LinkOptions, { product, offered, capabilities: names }: GrantedTerms, address: string) {
  if (asked.capabilities?.includes('shared') !== true || offered.includes('SHARED-SUBS')) return undefined;
  if (names.includes('shared') && product.capabilities === undefined) return undefined;
  return `${product.name} has no shared subscriptions: each receiver of ${address} would get every message. Share a queue instead.`;
}

/** The properties that must outlive the connection. */
function lifetime(asked: LinkOptions, granted: GrantedTerms, address: string): string | undefined {
  const isDurable = (asked.durable ?? 0) === 0 || granted.durable > 0;
  const isKept = (asked.terminusTimeout ?? 0) === 0 || granted.terminusTimeout > 0;
  if (isDurable && isKept) return undefined;
  return `${granted.product.name} does not keep the subscription to ${address} while nobody is connected. Leave out ${isDurable ? 'ttl' : 'durable'}, or receive from a queue.`;
}
