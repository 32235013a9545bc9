/** The number of addresses that are remembered. One more makes the oldest be forgotten. */
const MAX_REMEMBERED = 10_000;

/** Addresses with a host that peers have sent as reply-to, the oldest first. */
const remembered = new Set<string>();

/**
 * Remembers the `replyTo` of a received message. Its sender has chosen the host, so that host must not get credentials
 * that are meant for others. The memory is one for the process, because one messenger may receive a message that
 * another one answers.
 */
export function rememberPeerAddress(address: string): void {
  if (!address.includes('://') || remembered.has(address)) return;
  remembered.add(address);
  if (remembered.size <= MAX_REMEMBERED) return;
  for (const oldest of remembered) {
    remembered.delete(oldest);
    break;
  }
}

/** True if a received message had this address as its `replyTo`. */
export function isPeerAddress(address: string): boolean {
  return remembered.has(address);
}
