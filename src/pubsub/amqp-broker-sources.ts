import { uniqueId } from '../unique-id.js';
import { following, within } from '../wait.js';
import type { AmqpBrokerContext } from './amqp-broker-context.js';
import type { AmqpSource } from './amqp-broker-peer.js';
import { AmqpBrokerSource } from './amqp-broker-source.js';

/** A subscription that is being opened may delay `publish` for so long, in milliseconds. */
const ATTACH_PATIENCE = 3000;

/** A request for a source. */
export interface SourceRequest {
  readonly messageName: string;
  readonly node: AmqpSource;
  readonly selector: string | undefined;
  /** The credit: the most messages that may be here without an outcome. */
  readonly credit: number;
}

/** The sources of a broker: opened, shared, and waited for. */
export class AmqpBrokerSources {
  readonly #context: AmqpBrokerContext;
  /** Sources that the peer knows by a name, by that name. */
  readonly #named = new Map<string, AmqpBrokerSource>();
  /** The number of users of each shared source. */
  readonly #users = new Map<AmqpBrokerSource, number>();
  /** Sources that are being opened, by the name of the type. */
  readonly #opening = new Map<string, Set<Promise<void>>>();

  constructor(context: AmqpBrokerContext) {
    this.#context = context;
  }

  /** Waits for the sources of a type that are being opened, but not long: a peer may never answer. */
  async opened(messageName: string): Promise<void> {
    await Promise.all([...(this.#opening.get(messageName) ?? [])]);
  }

  /** Opens a source. */
  open({ messageName, node, selector, credit }: SourceRequest): AmqpBrokerSource {
    const name = `${this.#context.messenger.name}-${uniqueId()}`;
    const source = new AmqpBrokerSource(node, { selector, credit }, name, this.#context);
    this.#note(messageName, source.ready); // the subscription tells why it fails
    return source;
  }

  /**
   * Opens a source, or joins in one that is open: a subscription takes the queue of one that has ended, whose handlers
   * may still run, and of a subscription that the peer knows by a name a connection can have only one link. The credit of
   * the source is what the first user has asked for. Each user releases it.
   */
  share(request: SourceRequest): AmqpBrokerSource {
    const { name } = request.node;
    let source = name === undefined ? undefined : this.#named.get(name);
    if (source === undefined) {
      const opened = this.open(request);
      source = opened;
      if (name !== undefined) this.#named.set(name, opened);
      opened.ready.catch(() => this.#forget(opened)); // nobody is to join in one that cannot be opened
    }
    this.#users.set(source, (this.#users.get(source) ?? 0) + 1);
    return source;
  }

  /** Releases a shared source for one user. The last user closes it. */
  async release(source: AmqpBrokerSource): Promise<void> {
    const users = (this.#users.get(source) ?? 1) - 1;
    if (users > 0) {
      this.#users.set(source, users);
      return;
    }
    this.#users.delete(source);
    this.#forget(source);
    await source.close();
  }

  #forget(source: AmqpBrokerSource): void {
    const { sharedName } = source;
    if (sharedName !== undefined && this.#named.get(sharedName) === source) this.#named.delete(sharedName);
  }

  #note(messageName: string, ready: Promise<void>): void {
    let opening = this.#opening.get(messageName);
    if (opening === undefined) this.#opening.set(messageName, (opening = new Set()));
    const settled = ready.catch(() => undefined);
    const waited = within(this.#context.clock, { timeout: ATTACH_PATIENCE }, following(settled)).finally(() => {
      opening.delete(waited);
      if (opening.size === 0) this.#opening.delete(messageName);
    });
    opening.add(waited);
  }
}
