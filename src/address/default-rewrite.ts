import { layoutOf } from './address.js';

/**
 * The rewrite that applies when no rule matches: user and password are cut out of the address, so that they are not
 * sent to whoever reads the message. An address without them, or with an `@` in its name only, stays as it is.
 *
 * Everything else stays as written. Proton built the address anew from its parts and so lost the brackets of an IPv6
 * host and the `~` of a passive one; both are kept here. Of `u@v@host` only `u@` is cut, as the address grammar has it.
 */
export function defaultRewrite(address: string): string {
  const { start, at } = layoutOf(address);
  return at === -1 ? address : address.slice(0, start) + address.slice(at + 1);
}
