import { layoutOf } from './address.js';

/**
 * The rewrite that applies when no rule matches. It removes user and password from the address, so that readers of the
 * message do not see them. An address without them, or with an `@` in its name only, stays as it is.
 *
 * Everything else stays as written. Proton builds the address anew from its parts, and so loses the brackets of an IPv6
 * host and the `~` of a passive one; both are kept here. In `u@v@host` only `u@` is removed, according to the address
 * grammar.
 */
export function defaultRewrite(address: string): string {
  const { start, at } = layoutOf(address);
  return at === -1 ? address : address.slice(0, start) + address.slice(at + 1);
}
