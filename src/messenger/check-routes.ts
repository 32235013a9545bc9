import { parseAddress } from '../address/address.js';
import { resolveEndpoint } from '../address/endpoint.js';
import type { RouteTable } from '../address/route-table.js';
import type { ConnectionPool } from '../link/connection/pool.js';

/**
 * Connects to every peer that a route names in full: scheme, host and port, none of it filled in from the address that is
 * routed (docs/semantics.md, Calls). Resolves when all connections are open; rejects with the first that cannot be.
 */
export async function checkRoutes(routes: RouteTable, pool: ConnectionPool): Promise<void> {
  const endpoints = routes.rules.flatMap(({ address }) => {
    if (address === null) return [];
    const { scheme, host, port, passive } = parseAddress(address);
    const isLiteral = [scheme, host, port].every((part) => part !== undefined && !part.includes('$'));
    return isLiteral && !passive ? [resolveEndpoint(parseAddress(address))] : [];
  });
  await Promise.all(endpoints.map((endpoint) => pool.connect(endpoint)));
}
