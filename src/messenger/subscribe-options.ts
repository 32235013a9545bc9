import { OptionError } from '../errors.js';
import type { Properties } from '../message/message.js';
import { checkNames } from './options.js';

/** What more `subscribe` may ask for. Every field is optional. */
export interface SubscribeOptions {
  /** The name of the subscription: durable and shared ones are known by it at the peer. */
  name?: string | undefined;
  /** The peer keeps what comes while nobody is connected, until `unsubscribe`. Needs a name. Default false. */
  durable?: boolean | undefined;
  /**
   * All that subscribe by this name share the messages: within one container-id, or with `global` whatever they are
   * called. Needs a name. Default false.
   */
  shared?: boolean | 'global' | undefined;
  /** How long the peer keeps the subscription when the link is lost, in milliseconds, told in seconds. Default 0. */
  ttl?: number | undefined;
  /** Which messages are wanted: an expression over their properties, as JMS has it. */
  selector?: string | undefined;
  /** Other filters, by name, as the peer defines them. */
  filters?: Properties | undefined;
  /** `copy` only looks at messages and leaves them where they are: browsing. Default `move`. */
  distributionMode?: 'move' | 'copy' | undefined;
  /** What the node is to be able to do: `queue` or `topic`, for some peers. */
  capabilities?: readonly string[] | undefined;
  /** Properties of the link. */
  properties?: Properties | undefined;
  /**
   * A share of credit of its own, apart from what `recv` grants: at most this many messages on their way, queued, or got
   * and without an outcome. 0 leaves it all to `Subscription.grant`. Default: the common credit.
   */
  credit?: number | undefined;
}

const KNOWN: readonly (keyof SubscribeOptions)[] = [
  'name',
  'durable',
  'shared',
  'ttl',
  'selector',
  'filters',
  'distributionMode',
  'capabilities',
  'properties',
  'credit',
];

/** Checks the options of `subscribe`. Throws `OptionError` for what is unknown, cannot be, or contradicts. */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkNames('subscribe option', options, KNOWN);
  const { name, durable = false, shared = false, ttl, selector, credit } = options;
  const distributionMode: unknown = options.distributionMode;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new OptionError('Subscribe option name must be a string that is not empty.');
  }
  if ((durable || shared !== false) && name === undefined) {
    throw new OptionError('A durable or shared subscription needs a name: the peer knows it by that.');
  }
  if (durable && ttl !== undefined) throw new OptionError('A durable subscription has no ttl: it stays for good.');
  if (ttl !== undefined && !(ttl >= 0)) throw new OptionError('Subscribe option ttl must be milliseconds from 0 up.');
  if (selector !== undefined && typeof selector !== 'string') {
    throw new OptionError('Subscribe option selector must be a string.');
  }
  if (distributionMode !== undefined && distributionMode !== 'move' && distributionMode !== 'copy') {
    throw new OptionError('Subscribe option distributionMode must be move or copy.');
  }
  if (credit !== undefined && !(Number.isInteger(credit) && credit >= 0)) {
    throw new OptionError('Subscribe option credit must be a whole number from 0 up.');
  }
}

/** What tells subscriptions to one node apart: everything but the credit, which may differ without their being two. */
export function subscriptionKey(options: SubscribeOptions): string {
  const terms = Object.entries(options).filter(([name, value]) => name !== 'credit' && value !== undefined);
  return JSON.stringify(terms.sort(), (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Map ? [...value] : value,
  );
}
