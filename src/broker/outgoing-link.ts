import type { PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { TerminusOptions } from '../link/session/link-options.js';
import type { LinkRequest } from '../link/session/link-request.js';
import type { SenderLink, SenderLinkEvents } from '../link/session/sender-link.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { Consumer, ConsumerLink } from './consumer.js';
import { closeAs, closeOnPurpose, endOf, linkEvent } from './link-context.js';
import type { LinkContext } from './link-context.js';
import type { BrokerNode } from './node-table.js';
import type { BrokerQueue } from './queue.js';
import { StoredMessage } from './stored-message.js';
import type { NodeLink } from './subscription.js';
import type { Subscription } from './subscription.js';

/** The source that a client receives from. */
export interface Supply {
  readonly node: BrokerNode;
  /** The node itself, or the queue of the subscription. */
  readonly queue: BrokerQueue;
  readonly subscription?: Subscription | undefined;
  /** True when the client only looks at the messages. */
  readonly browses: boolean;
  /** The terms that the client is told it has got. */
  readonly granted: TerminusOptions;
}

/** A link on which a client receives: it takes messages away from a queue or subscription, or looks at them. */
export class OutgoingLink implements SenderLinkEvents, ConsumerLink, NodeLink {
  readonly #context: LinkContext;
  readonly #connection: AcceptedConnection;
  readonly #request: LinkRequest;
  readonly #supply: Supply;
  readonly #link: SenderLink;
  /** `undefined` for one that only looks. */
  readonly #consumer: Consumer | undefined;

  constructor(context: LinkContext, connection: AcceptedConnection, request: LinkRequest, supply: Supply) {
    this.#context = context;
    this.#connection = connection;
    this.#request = request;
    this.#supply = supply;
    const { node, queue, subscription, browses, granted } = supply;
    context.nodes.join(node, this);
    this.#link = request.send(node.address, this, granted);
    if (browses) queue.browsers.add(this);
    else this.#consumer = queue.addConsumer(this);
    subscription?.attached(this);
  }

  get available(): number {
    return this.#link.available;
  }

  send(message: OutgoingDelivery): void {
    this.#link.send(message);
    if (!this.#context.injections.isEmpty && message instanceof StoredMessage) this.#interfere(message);
  }

  takeAll(): OutgoingDelivery[] {
    return this.#link.takeAll();
  }

  sendable(): void {
    if (this.#consumer === undefined) this.#supply.queue.browsers.advance(this);
    else this.#supply.queue.sendable(this.#consumer);
  }

  closed(...[, error, end]: Parameters<SenderLinkEvents['closed']>): void {
    const { node, queue, subscription } = this.#supply;
    if (this.#consumer === undefined) queue.browsers.remove(this);
    else queue.removeConsumer(this.#consumer, end === 'lost');
    subscription?.detached(this, end === 'closed');
    this.#context.nodes.leave(node, this);
    if (this.#request.dynamic) this.#context.nodes.delete(node);
    const { events } = this.#context;
    events.tell('link', linkEvent(this.#request, this.#connection, 'ended', node.address, endOf(error, end)));
  }

  close(error: PeerError): void {
    closeAs(this.#connection, this.#link, error);
  }

  #interfere(message: StoredMessage): void {
    const fault = this.#context.injections.strike('delivery', this.#supply.node.address, message.received());
    if (fault?.type === 'close') closeOnPurpose(this.#connection, this.#link, fault);
  }
}
