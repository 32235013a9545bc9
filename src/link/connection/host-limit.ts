import type { Socket } from 'node:net';

/** Connections that one host may have in any case, unless an option says otherwise. */
const AT_LEAST = 16;

/** The most connections of one host, unless an option says otherwise: half of all there may be, and at least 16. */
export function defaultPerHost(maxConnections: number): number {
  return Math.max(AT_LEAST, Math.ceil(maxConnections / 2));
}

/**
 * Keeps one host from taking every place of a listener. It counts connections from their first moment on, so those that
 * have not ended a TLS handshake or logged in count like the others. A host is an IPv4 address, or the first 64 bits of an
 * IPv6 address, since the rest is the host's to choose.
 */
export class HostLimit {
  readonly #most: number;
  readonly #connections = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts a connection until it closes. Returns false, and does not count it, when its host has as many as it may. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    // One without an address has gone already.
    if (remoteAddress === undefined) return true;
    const host = hostOf(remoteAddress);
    const count = this.#connections.get(host) ?? 0;
    if (count >= this.#most) return false;
    this.#connections.set(host, count + 1);
    socket.once('close', () => this.#closed(host));
    return true;
  }

  #closed(host: string): void {
    const count = this.#connections.get(host) ?? 0;
    if (count > 1) this.#connections.set(host, count - 1);
    else this.#connections.delete(host);
  }
}

/** The host of an address as Node writes it: `10.0.0.1`, `::ffff:10.0.0.1`, `2001:db8::1` or `fe80::1%eth0`. */
export function hostOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const front = head.split(':').filter((group) => group !== '');
  const back = tail?.split(':').filter((group) => group !== '') ?? [];
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}
