import { uniqueId } from '../unique-id.js';
import type { AmqpSource } from './amqp-broker-peer.js';
import { following, within } from '../wait.js';
import { AmqpBrokerSource } from './amqp-broker-source.js';
import type { SourceHost } from './amqp-broker-source.js';

/** How long a subscription that is being opened may keep `publish` waiting, in milliseconds. */
const ATTACH_PATIENCE = 3000;

/** What is received from, and for which messages. */
export interface SourceRequest {
  readonly messageName: string;
  readonly node: AmqpSource;
  readonly selector: string | undefined;
  /** How many messages may be here without an outcome. */
  readonly credit: number;
}

/** A source that is used, and what ends that use. */
export interface UsedSource {
  readonly source: AmqpBrokerSource;
  readonly release: () => Promise<void>;
}

/** The sources of a broker: opened, shared, and waited for. */
export class AmqpBrokerSources {
  readonly #host: SourceHost;
  /** Sources that the peer knows by a name, by that name. */
  readonly #shared = new Map<string, { readonly source: AmqpBrokerSource; users: number }>();
  /** Sources that are being opened, by the name of the type. */
  readonly #opening = new Map<string, Set<Promise<void>>>();

  constructor(host: SourceHost) {
    this.#host = host;
  }

  /** Waits for the sources of a type that are being opened, but not long: a peer may never answer. */
  async opened(messageName: string): Promise<void> {
    await Promise.all([...(this.#opening.get(messageName) ?? [])]);
  }

  /** Opens a source. */
  open({ messageName, node, selector, credit }: SourceRequest): AmqpBrokerSource {
    const name = `${this.#host.messenger.name}-${uniqueId()}`;
    const source = new AmqpBrokerSource(node, { selector, credit }, name, this.#host);
    this.#note(messageName, source.ready); // the subscription tells why it fails
    return source;
  }

  /**
   * Opens a source, or joins in one that is open: a subscription takes the queue of one that has ended, whose handlers
   * may still run, and of a subscription that the peer knows by a name a connection can have only one link. Its credit is
   * what the first has asked for.
   */
  share(request: SourceRequest): UsedSource {
    const key = request.node.name ?? uniqueId();
    let shared = this.#shared.get(key);
    if (shared === undefined) this.#shared.set(key, (shared = { source: this.open(request), users: 0 }));
    const used = shared;
    used.users++;
    const forget = (): void => {
      if (this.#shared.get(key) === used) this.#shared.delete(key);
    };
    used.source.ready.catch(forget); // nobody is to join in one that cannot be opened
    const release = async (): Promise<void> => {
      used.users--;
      if (used.users > 0) return;
      forget();
      await used.source.close();
    };
    return { source: used.source, release };
  }

  #note(messageName: string, ready: Promise<void>): void {
    let opening = this.#opening.get(messageName);
    if (opening === undefined) this.#opening.set(messageName, (opening = new Set()));
    const settled = ready.catch(() => undefined);
    const waited = within(this.#host.clock, { timeout: ATTACH_PATIENCE }, following(settled)).finally(() => {
      opening.delete(waited);
      if (opening.size === 0) this.#opening.delete(messageName);
    });
    opening.add(waited);
  }
}
