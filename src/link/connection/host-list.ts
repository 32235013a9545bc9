import { parseAddress } from '../../address/address.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import { AddressError, OptionError } from '../../errors.js';
import { MAX_NAMED_HOSTS } from './named-hosts.js';

/** Other hosts by the host, or host and port, that an address names: `{ 'a.example.com': ['b.example.com:5673'] }`. */
export type Failover = Readonly<Record<string, readonly string[]>>;

/** The hosts of one connection: what the address names, what options add, and what peers have named. */
export class HostList {
  readonly #own: readonly Endpoint[];
  #named: readonly Endpoint[] = [];
  #index = 0;
  /** Hosts that have failed since the last one that did not. */
  #failed = 0;
  /** Hosts that were lost soon after they had been reached. */
  #lost = 0;
  /** Where a peer has sent us, for the next attempt. */
  #redirect: Endpoint | undefined;

  constructor(endpoint: Endpoint, failover: Failover) {
    this.#own = unlike([], [endpoint, ...othersFor(endpoint, failover)]);
  }

  /** The host to dial next. */
  get current(): Endpoint {
    return this.#redirect ?? this.#all[this.#index % this.#all.length] ?? this.#own[0]!;
  }

  /** The number of hosts. */
  get size(): number {
    return this.#all.length;
  }

  /** The current host could not be reached. Moves on; returns whether every host has failed by now. */
  failed(): boolean {
    const wasRedirect = this.#redirect !== undefined;
    this.#next();
    // Whoever sent us there has not failed; but where there is nobody else, all there was to try has been tried.
    if (wasRedirect) return this.#all.length === 1;
    this.#failed++;
    if (this.#failed < this.#all.length) return false;
    this.#failed = 0;
    return true;
  }

  /**
   * A connection that was open is lost. Moves on, and begins to count anew who fails; returns whether every host has been
   * lost in turn by now, since one that was `stable`.
   */
  lost(stable: boolean): boolean {
    this.#next();
    this.#failed = 0;
    this.#lost = stable ? 1 : this.#lost + 1;
    if (this.#lost < this.#all.length) return false;
    this.#lost = 0;
    return true;
  }

  /** A peer sends us to another host, this once. */
  redirect(endpoint: Endpoint): void {
    this.#redirect = endpoint;
  }

  /** A peer names hosts that stand in for it, instead of those that another has named. */
  name(hosts: readonly Endpoint[]): void {
    this.#named = unlike(this.#own, hosts).slice(0, MAX_NAMED_HOSTS);
  }

  /** Begins again with the host of the address. */
  reset(): void {
    this.#index = 0;
    this.#failed = this.#lost = 0;
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

/**
 * Throws `OptionError` when it is not lists of hosts by host, and `AddressError` when one of the hosts is something else.
 */
export function checkFailover(failover: Failover): void {
  if (typeof failover !== 'object' || (failover as Failover | null) === null) {
    throw new OptionError('Option failover must be an object: lists of hosts by the host that addresses name.');
  }
  const endpoint = resolveEndpoint(parseAddress('localhost'));
  for (const [name, hosts] of Object.entries(failover)) {
    otherHost(endpoint, name);
    if (!Array.isArray(hosts)) throw new OptionError(`Option failover must have a list of hosts for ${name}.`);
    for (const text of hosts as readonly string[]) otherHost(endpoint, text);
  }
}

/** Finds the other hosts that the options have for an endpoint: by its host and port, else by its host, whose case does not count. */
function othersFor(endpoint: Endpoint, failover: Failover): Endpoint[] {
  let found: readonly string[] | undefined;
  for (const [name, hosts] of Object.entries(failover)) {
    const { host, port } = parseAddress(name);
    if (host?.toLowerCase() !== endpoint.host.toLowerCase()) continue;
    if (port === undefined) found ??= hosts;
    else if (keyOf(otherHost(endpoint, name)) === keyOf(endpoint))
      return hosts.map((text) => otherHost(endpoint, text));
  }
  return (found ?? []).map((text) => otherHost(endpoint, text));
}

/** Another host for the same: with the same credentials, and TLS if and only if the address has it. */
function otherHost(endpoint: Endpoint, text: string): Endpoint {
  const { scheme, user, name, passive } = parseAddress(text);
  if (scheme !== undefined || user !== undefined || name !== undefined || passive) {
    throw new AddressError('Hosts to fail over to are written host or host:port, without scheme, user and name.');
  }
  const { host, port } = resolveEndpoint(parseAddress(endpoint.tls ? `amqps://${text}` : text));
  return { ...endpoint, host, port };
}

/** Those that are not known yet, each once. */
function unlike(known: readonly Endpoint[], hosts: readonly Endpoint[]): Endpoint[] {
  const keys = new Set(known.map(keyOf));
  return hosts.filter((host) => {
    const isNew = !keys.has(keyOf(host));
    keys.add(keyOf(host));
    return isNew;
  });
}

function keyOf({ host, port }: Endpoint): string {
  return `${host.toLowerCase()}:${port}`;
}
