import type { Address } from '../../address/address.js';
import { connectionKey } from '../../address/endpoint.js';
import type { Endpoint } from '../../address/endpoint.js';
import type { Acceptor } from '../../link/connection/acceptor.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { ReceiverLink } from '../../link/session/receiver-link.js';
import type { SubscribeOptions } from '../options/subscribe-options.js';

/** What stands behind a subscription. */
export class Source {
  link: ReceiverLink | undefined;
  carrier: PeerConnection | undefined;
  acceptor: Acceptor | undefined;
  /** Ended from here, and not by a failure. */
  isEnded = false;
  #whenSettled: (() => void)[] = [];

  constructor(
    /** The address up to the host, with credentials. */
    readonly base: string,
    readonly endpoint: Endpoint,
    public options: SubscribeOptions,
    /** Whether another `subscribe` to the same gives it again. */
    readonly key: string,
  ) {}

  /** Waits for the link to be attached, or gone. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve));
  }

  /** The link is attached, or gone. */
  settle(): void {
    for (const tell of this.#whenSettled.splice(0)) tell();
  }

  /** Whether the peer would take a link with these options for this one: it goes by the name (AMQP 1.0 §2.6.1). */
  hasNameOf(endpoint: Endpoint, { name, shared = false }: SubscribeOptions): boolean {
    const own = this.options;
    const isNamed = name !== undefined && own.name === name && (own.shared ?? false) === shared;
    return isNamed && connectionKey(this.endpoint) === connectionKey(endpoint);
  }
}

/** The address of a source as others can use it: with the host it was reached by, without credentials (spec §1.5). */
export function absolute({ scheme, host, port }: Address, remote: string | undefined): string | undefined {
  if (remote === undefined || /^amqps?:/.test(remote)) return remote;
  const authority = (host?.includes(':') ? `[${host}]` : (host ?? '')) + (port === undefined ? '' : `:${port}`);
  return `${scheme === undefined ? '' : `${scheme}://`}${authority}/${remote}`;
}
