import type { Environment } from '../../link/connection/environment.js';
import type { LinkOptions } from '../../link/session/link-options.js';
import { Described, Typed } from '../../message/typed.js';
import { SENDER_SETTLE_MODES } from './options.js';
import type { Settings } from './settings.js';
import type { SubscribeOptions } from './subscribe-options.js';

/** Descriptor of the filter that selects messages by a JMS expression (AMQP filters, Apache registry). */
const SELECTOR = 0x0000_468c_0000_0004n;
const SELECTOR_NAME = 'apache.org:selector-filter:string';

/** The longest expiry timeout of a terminus, in seconds (AMQP 1.0 §3.5.3, `seconds`). */
const LONGEST_TTL = 0xffff_ffff;

/** The options of a sender link. `node` is the name in the address: `#` for a dynamic node. */
export function senderOptions(name: string, node: string | undefined, settings: Settings): LinkOptions {
  const { outgoingWindow, senderSettleMode, maxRedeliveries, environment } = settings;
  return {
    name: `${name}-sender-${environment.randomUUID()}`,
    ...addressOf(node),
    presettled: outgoingWindow !== 0 && senderSettleMode === 'settled',
    maxMessageSize: 0,
    senderSettleMode: outgoingWindow === 0 ? undefined : modeNumber(senderSettleMode),
    capabilities: settings.capabilities(node),
    maxRedeliveries,
  };
}

/** The options of a receiver link. */
export function receiverOptions(
  name: string,
  node: string | undefined,
  settings: Settings,
  options: SubscribeOptions,
): LinkOptions {
  const { incomingWindow, maxMessageSize, senderSettleMode, receiverSettleMode, defaultOutcome } = settings;
  const { durable = false, shared = false, ttl = 0, distributionMode, properties } = options;
  // RabbitMQ makes a node for nobody who does not say so.
  const { capabilities = node === '#' ? ['temporary-queue'] : settings.capabilities(node) } = options;
  const filter = filtersOf(options);
  return {
    name: linkName(name, options, settings.environment),
    ...addressOf(node),
    presettled: incomingWindow !== 0 && senderSettleMode === 'settled',
    maxMessageSize,
    senderSettleMode: incomingWindow === 0 ? undefined : modeNumber(senderSettleMode ?? 'unsettled'),
    receiverSettleMode: incomingWindow !== 0 && receiverSettleMode === 'second' ? 1 : 0,
    ...(durable ? { durable: 2, expiryPolicy: 'never' } : {}),
    ...(ttl > 0 ? { expiryPolicy: 'link-detach', terminusTimeout: Math.min(Math.ceil(ttl / 1000), LONGEST_TTL) } : {}),
    defaultOutcome,
    distributionMode,
    filter,
    capabilities: [
      ...(shared === false ? [] : ['shared']),
      ...(shared === 'global' ? ['global'] : []),
      ...capabilities,
    ],
    properties,
  };
}

/** The filters to send, by name. `undefined` when there are none. */
export function filtersOf({ selector, filters }: SubscribeOptions): LinkOptions['filter'] {
  if (selector === undefined) return filters;
  return { ...filters, [SELECTOR_NAME]: new Described(new Typed('ulong', SELECTOR), selector) };
}

/**
 * The link name, which identifies durable and shared subscriptions. JMS clients mark a shared subscription of all
 * containers with a suffix behind `|`.
 */
function linkName(messenger: string, { name, shared }: SubscribeOptions, environment: Environment): string {
  if (name === undefined) return `${messenger}-receiver-${environment.randomUUID()}`;
  return shared === 'global' ? `${name}|global` : name;
}

function addressOf(node: string | undefined): Pick<LinkOptions, 'address' | 'dynamic'> {
  return node === '#' ? { address: undefined, dynamic: true } : { address: node ?? null, dynamic: false };
}

function modeNumber(mode: Settings['senderSettleMode']): LinkOptions['senderSettleMode'] {
  if (mode === undefined) return undefined;
  // The number of a mode is its position in the list.
  return SENDER_SETTLE_MODES.indexOf(mode) as 0 | 1 | 2;
}
