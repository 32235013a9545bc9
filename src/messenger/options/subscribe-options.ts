import { encodeValue } from '../../codec/encode-value.js';
import { Output } from '../../codec/output.js';
import { OptionError } from '../../errors.js';
import { checkNames } from '../../check-options.js';
import type { Properties } from '../../message/message.js';
import { MAX_CREDIT } from './option-checks.js';

/** Options of `subscribe`. Every field is optional. */
export interface SubscribeOptions {
  /** The name of the subscription, which identifies durable and shared ones at the peer. */
  name?: string | undefined;
  /**
   * True if the peer keeps messages while no receiver is connected, until `unsubscribe`. Needs a name; unless it is
   * shared globally, the messenger needs a name, too. Default false.
   */
  durable?: boolean | undefined;
  /**
   * True if subscriptions of this name share the messages: those of one container-id, or with `global` those of all.
   * Needs a name. Default false.
   */
  shared?: boolean | 'global' | undefined;
  /**
   * The time that the peer keeps the subscription after the link is lost, in milliseconds; it is sent in seconds.
   * Default 0.
   */
  ttl?: number | undefined;
  /** Selects messages by a JMS selector: an expression over their properties. */
  selector?: string | undefined;
  /** Other filters of the peer, by name. */
  filters?: Properties | undefined;
  /** `copy` browses: messages stay in the queue. Default `move`. */
  distributionMode?: 'move' | 'copy' | undefined;
  /** The capabilities that the node must have: `queue` or `topic`, for some peers. Default: the messenger's. */
  capabilities?: readonly string[] | undefined;
  /** Properties of the link. */
  properties?: Properties | undefined;
  /**
   * Fixed credit (prefetch) instead of the credit of `recv`: the most messages that are on their way, queued, or got
   * and without an outcome. With 0, only `Subscription.grant` issues credit. Default: a share of the credit of `recv`.
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
 * @throws OptionError for an unknown option, an invalid value, or a contradiction; EncodeError for a value that AMQP
 * cannot encode.
 */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkNames('subscribe', options, KNOWN);
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

/** A value that cannot be encoded must fail in the call, and not when the connection opens. */
function checkMap(name: string, map: Properties | undefined): void {
  if (map === undefined) return;
  check(typeof map === 'object' && !Array.isArray(map) && !(map instanceof Map), `${name} must be an object`);
  const output = new Output();
  output.open(0);
  for (const value of Object.values(map)) encodeValue(output, value);
}

/** The key of empty options. */
export const NO_TERMS = '[]';

/** The key that tells subscriptions to one node apart: all options except the credit. */
export function subscriptionKey(options: SubscribeOptions): string {
  const terms = Object.entries(options).filter(([name, value]) => name !== 'credit' && value !== undefined);
  return JSON.stringify(terms.sort(), (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Map ? [...value] : value,
  );
}
