import { parseAddress } from '../address/address.js';
import { resolveEndpoint } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import { AddressError } from '../errors.js';
import type { RheaConnection } from './rhea-seam.js';

/** Other hosts by the host, or host and port, that an address names: `{ 'a.example.com': ['b.example.com:5673'] }`. */
export type Failover = Readonly<Record<string, readonly string[]>>;

/** Hosts that a peer may name. More are not kept: the list is the peer's to fill. */
const MAX_NAMED = 16;

/** The hosts of one connection: what the address names, what options add, and what peers have named. */
export class HostList {
  readonly #own: readonly Endpoint[];
  #named: readonly Endpoint[] = [];
  #index = 0;
  /** Hosts that have failed since the last one that did not. */
  #failed = 0;
  /** Where a peer has sent us, for the next attempt. */
  #redirect: Endpoint | undefined;

  constructor(endpoint: Endpoint, failover: Failover) {
    const { host, port } = endpoint;
    const others = failover[`${host}:${port}`] ?? failover[host] ?? [];
    this.#own = [endpoint, ...others.map((text) => otherHost(endpoint, text))];
  }

  /** What to dial next. */
  get current(): Endpoint {
    return this.#redirect ?? this.#all[this.#index % this.#all.length] ?? this.#own[0]!;
  }

  /** The current host could not be reached. Moves on; returns whether every host has failed by now. */
  failed(): boolean {
    this.#next();
    this.#failed++;
    if (this.#failed < this.#all.length) return false;
    this.#failed = 0;
    return true;
  }

  /** A connection that was open is lost. Moves on, and begins to count anew. */
  lost(): void {
    this.#next();
    this.#failed = 0;
  }

  /** A peer sends us to another host, this once. */
  redirect(endpoint: Endpoint): void {
    this.#redirect = endpoint;
  }

  /** A peer names hosts that stand in for it, instead of those that another has named. */
  name(hosts: readonly Endpoint[]): void {
    const known = new Set(this.#own.map(keyOf));
    this.#named = hosts.filter((host) => !known.has(keyOf(host))).slice(0, MAX_NAMED);
  }

  /** Begins again with the host of the address. */
  reset(): void {
    this.#index = 0;
    this.#failed = 0;
    this.#redirect = undefined;
  }

  #next(): void {
    if (this.#redirect === undefined) this.#index = (this.#index + 1) % this.#all.length;
    this.#redirect = undefined;
  }

  get #all(): readonly Endpoint[] {
    return [...this.#own, ...this.#named];
  }
}

/** Throws `AddressError` when a list of hosts has something else in it. */
export function checkFailover(failover: Failover): void {
  const [endpoint] = [resolveEndpoint(parseAddress('localhost'))];
  for (const hosts of Object.values(failover)) for (const text of hosts) otherHost(endpoint, text);
}

/** The hosts that a peer names as its stand-ins, in the properties of its open frame. What makes no sense is left out. */
export function namedHosts(endpoint: Endpoint, { properties }: RheaConnection): Endpoint[] {
  const list = properties?.['failover-server-list'];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { 'network-host': host, hostname, port } = entry as Readonly<Record<string, unknown>>;
    const name = host ?? hostname;
    const number = Number(port ?? endpoint.port);
    if (typeof name !== 'string' || name === '') return [];
    return Number.isInteger(number) && number > 0 && number < 65_536 ? [{ ...endpoint, host: name, port: number }] : [];
  });
}

/** Another host for the same: with the same credentials, and TLS if and only if the address has it. */
function otherHost(endpoint: Endpoint, text: string): Endpoint {
  const { scheme, user, name } = parseAddress(text);
  if (scheme !== undefined || user !== undefined || name !== undefined) {
    throw new AddressError('Hosts to fail over to are written host or host:port, without scheme, user and name.');
  }
  const { host, port } = resolveEndpoint(parseAddress(endpoint.tls ? `amqps://${text}` : text));
  return { ...endpoint, host, port };
}

function keyOf({ host, port }: Endpoint): string {
  return `${host.toLowerCase()}:${port}`;
}
