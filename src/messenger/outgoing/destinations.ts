import { parseAddress } from '../../address/address.js';
import { defaultRewrite } from '../../address/default-rewrite.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import { namesHost } from '../../address/reply-to.js';
import { redact } from '../../address/redact.js';
import { AddressError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import { isPeerAddress } from '../../message/peer-address.js';
import type { MessengerContext } from '../options/context.js';
import { Destination } from './destination.js';
import type { OutgoingQueue } from './outgoing-queue.js';

/** The number of addresses whose destinations are remembered. One more makes the oldest be forgotten. */
const MAX_REMEMBERED = 10_000;

/** Destinations by address: each address is routed and rewritten once. */
export class Destinations {
  readonly #context: MessengerContext;
  readonly #queue: OutgoingQueue;
  readonly #known = new Map<string, Destination>();

  /** @param queue Counts the messages to these destinations. */
  constructor(context: MessengerContext, queue: OutgoingQueue) {
    this.#context = context;
    this.#queue = queue;
  }

  /**
   * Finds where a message to `address` goes, by the route table.
   *
   * @throws AddressError when the address has no destination.
   */
  find(address: string | undefined): Destination {
    requireAddress(address);
    const { dynamicNodes, pool } = this.#context;
    const connection = dynamicNodes.size === 0 ? undefined : dynamicNodes.get(address);
    const current = connection && pool.current(connection);
    if (current !== undefined) return this.over(current, address);
    // route() refuses null, so every route has a destination.
    return this.#known.get(address) ?? this.#resolve(address, this.#context.routes.resolve(address) ?? '');
  }

  /** Finds where an answer to `address` goes over a connection: to the node that the address names there. */
  over(connection: PeerConnection, address: string | undefined): Destination {
    requireAddress(address);
    const key = `${connection.key} ${address}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.connection === connection) return known;
    const node = namesHost(address) ? parseAddress(address).name : address;
    const to = this.#rewritten(address);
    const destination = new Destination(redact(address), to, undefined, this.#queue, node, connection);
    this.#remember(key, destination);
    return destination;
  }

  /** Finds the peers whose scheme, host and port a route names without a group reference (docs/semantics.md, Calls). */
  peersOfRoutes(): Endpoint[] {
    return this.#context.routes.rules.flatMap(({ address }) => {
      if (address === null) return [];
      const { scheme, host, port, passive } = parseAddress(address);
      const isLiteral = [scheme, host, port].every((part) => part !== undefined && !part.includes('$'));
      return isLiteral && !passive ? [resolveEndpoint(parseAddress(address))] : [];
    });
  }

  /** Forgets all destinations, since the routes have changed. */
  clear(): void {
    this.#known.clear();
  }

  #resolve(address: string, routed: string): Destination {
    const endpoint = resolveEndpoint(parseAddress(routed));
    if (endpoint.passive) {
      throw new AddressError(`${redact(address)} is an address to listen on. Put the address of a peer, without ~.`);
    }
    const { hosts } = this.#context;
    const isNamedByPeer = isPeerAddress(address) && !hosts.has(endpoint);
    if (!isNamedByPeer) hosts.add(endpoint);
    const to = this.#rewritten(address);
    const peer = isNamedByPeer ? { ...endpoint, isNamedByPeer } : endpoint;
    const destination = new Destination(redact(routed), to, peer, this.#queue, endpoint.name, undefined);
    this.#remember(address, destination);
    return destination;
  }

  /** Returns the `to` of a message on the wire. */
  #rewritten(address: string): string | undefined {
    const rewritten = this.#context.rewrites.match(address);
    return rewritten === undefined ? defaultRewrite(address) : (rewritten.output ?? undefined);
  }

  #remember(key: string, destination: Destination): void {
    if (this.#known.size >= MAX_REMEMBERED)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    this.#known.set(key, destination);
  }
}

/** Throws `AddressError` when a caller has given no address: messages come from JavaScript, too. */
function requireAddress(address: string | undefined): asserts address is string {
  if (typeof address === 'string' && address !== '') return;
  throw new AddressError('The message has no address. Set address to where it should go.');
}
