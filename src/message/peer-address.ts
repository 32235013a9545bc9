/** Addresses that are remembered. Beyond it the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;

/** Addresses with a host that stood as reply-to in messages, the oldest first. */
const remembered = new Set<string>();

/**
 * Remembers an address that stood in a received message as the place for answers. Whoever sent the message has chosen its
 * host, so a program that sends there must not give that host what was meant for others. It is for the whole process:
 * one messenger may receive what another answers.
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

/** Whether an address stood in a received message as the place for answers. */
export function isPeerAddress(address: string): boolean {
  return remembered.has(address);
}
