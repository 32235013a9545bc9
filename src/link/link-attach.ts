import type { LinkOptions } from './link-options.js';
import type { RheaLink, RheaTerminus } from './rhea-seam.js';

/** What rhea is to put into the attach frame of a link. */
export function attachOptions(options: LinkOptions, role: 'sender' | 'receiver'): object {
  const node: RheaTerminus = options.dynamic ? { dynamic: true } : { address: options.address ?? null };
  // Both termini carry the address, as the original's did (spec §4.2): some peers look at one, some at the other.
  const other: RheaTerminus = options.dynamic ? {} : { address: options.address ?? null };
  return {
    name: options.name,
    source: role === 'receiver' ? node : other,
    target: role === 'sender' ? node : other,
    snd_settle_mode: role === 'sender' ? (options.presettled ? 1 : 2) : undefined,
    rcv_settle_mode: 0,
    max_message_size: role === 'receiver' ? options.maxMessageSize : undefined,
  };
}

/** Whether the peer has a node at its end of a link. Some peers never say so. */
export function attachesNode(rhea: RheaLink, role: 'sender' | 'receiver'): boolean {
  const terminus = role === 'sender' ? rhea.target : rhea.source;
  // rhea has an object for null, too.
  return terminus !== undefined && 'address' in terminus;
}

/** The address the peer has given to its end of a link. */
export function remoteAddress(rhea: RheaLink, role: 'sender' | 'receiver'): string | undefined {
  const terminus = role === 'sender' ? rhea.target : rhea.source;
  return terminus?.address ?? undefined;
}

/** What a link is called in messages for people. */
export function describe({ options }: { readonly options: LinkOptions }): string {
  return options.address ?? (options.dynamic ? 'a dynamic node' : 'the anonymous node');
}
