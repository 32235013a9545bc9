import { parseAddress } from '../../address/address.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import { AddressError } from '../../errors.js';

/** The hosts that the program or its configuration has named: by subscribing, sending, or a route. */
export class KnownHosts {
  readonly #hosts = new Set<string>();

  /** Adds the host of an endpoint. */
  add(endpoint: Endpoint): void {
    this.#hosts.add(keyOf(endpoint));
  }

  /** Adds the host of an address, unless it contains a group reference. */
  addAddress(address: string): void {
    const { host = '', port = '' } = parseAddress(address);
    if (host === '' || `${host}${port}`.includes('$')) return;
    try {
      this.add(resolveEndpoint(parseAddress(address)));
    } catch (error) {
      // An unusable address is reported when a message is sent there.
      if (!(error instanceof AddressError)) throw error;
    }
  }

  /** True if the program has named the host of an endpoint. */
  has(endpoint: Endpoint): boolean {
    return this.#hosts.has(keyOf(endpoint));
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host.toLowerCase()}:${port}`;
}
