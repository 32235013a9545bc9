import { encodeValue } from '../../codec/encode-value.js';
import { Output } from '../../codec/output.js';
import { OptionError } from '../../errors.js';
import type { Properties } from '../../message/message.js';
import { MAX_CREDIT, checkNames } from './option-checks.js';

/** What more `subscribe` may ask for. Every field is optional. */
export interface SubscribeOptions {
  /** The name of the subscription: durable and shared ones are known by it at the peer. */
  name?: string | undefined;
  /**
   * The peer keeps what comes while nobody is connected, until `unsubscribe`. Needs a name, and
   * unless it is shared globally, the messenger needs one. Default false.
   */
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
  /** The capabilities that the node is to have: `queue` or `topic`, for some peers. Default: the messenger's. */
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

/**
 * Checks the options of `subscribe`.
 *
 * @throws OptionError for what is unknown, cannot be, or contradicts; EncodeError for what has no AMQP form.
 */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkNames('subscribe option', options, KNOWN);
  const { name, durable = false, shared = false, ttl, selector, filters, properties, credit } = options;
  check(name === undefined || (typeof name === 'string' && name !== ''), 'name must be a string that is not empty');
  check(typeof durable === 'boolean', 'durable must be true or false');
  check([true, false, 'global'].includes(shared), 'shared must be true, false or global');
  check(ttl === undefined || (typeof ttl === 'number' && ttl >= 0), 'ttl must be milliseconds from 0 up');
  check(selector === undefined || typeof selector === 'string', 'selector must be a string');
  check([undefined, 'move', 'copy'].includes(options.distributionMode), 'distributionMode must be move or copy');
  check(isListOfStrings(options.capabilities ?? []), 'capabilities must be a list of strings');
  const isCredit = credit === undefined || (Number.isInteger(credit) && credit >= 0 && credit <= MAX_CREDIT);
  check(isCredit, `credit must be a whole number from 0 to ${MAX_CREDIT}`);
  if ((durable || shared !== false) && name === undefined) {
    throw new OptionError('A durable or shared subscription needs a name: the peer knows it by that.');
  }
  if (durable && ttl !== undefined) throw new OptionError('A durable subscription has no ttl: it stays for good.');
  checkMap('filters', filters);
  checkMap('properties', properties);
}

function check(isFine: boolean, rule: string): void {
  if (!isFine) throw new OptionError(`Subscribe option ${rule}.`);
}

function isListOfStrings(list: unknown): boolean {
  return Array.isArray(list) && list.every((text) => typeof text === 'string');
}

/** What cannot be encoded must fail in the call, and not when the connection opens. */
function checkMap(name: string, map: Properties | undefined): void {
  if (map === undefined) return;
  check(typeof map === 'object' && !Array.isArray(map) && !(map instanceof Map), `${name} must be an object`);
  const output = new Output();
  output.open(0);
  for (const value of Object.values(map)) encodeValue(output, value);
}

/** The key of options that ask for nothing. */
export const NO_TERMS = '[]';

/** What tells subscriptions to one node apart: everything but the credit, which may differ without their being two. */
export function subscriptionKey(options: SubscribeOptions): string {
  const terms = Object.entries(options).filter(([name, value]) => name !== 'credit' && value !== undefined);
  return JSON.stringify(terms.sort(), (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Map ? [...value] : value,
  );
}
