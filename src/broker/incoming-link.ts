import { ReceivedMessage } from '../codec/received-message.js';
import { DecodeError } from '../errors.js';
import type { PeerError } from '../errors.js';
import type { AcceptedConnection } from '../link/connection/accepted-connection.js';
import type { LinkRequest } from '../link/session/link-request.js';
import type { ReceiverLink, ReceiverLinkOwner } from '../link/session/receiver-link.js';
import { ACCEPTED } from '../message/outcome.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import { RingBuffer } from '../queue/ring-buffer.js';
import { IncomingMessage } from './incoming-message.js';
import { closeAs, closeOnPurpose, endOf, linkEvent } from './link-context.js';
import type { LinkContext } from './link-context.js';
import { isRefusal } from './node-table.js';
import type { BrokerNode, NodeTable } from './node-table.js';
import type { NodeLink } from './subscription.js';

/** Messages a client may send before it hears from the broker. */
const CREDIT = 1000;

/** One for all: a message is dealt with before the next is looked at. */
const message = new IncomingMessage();

/** A link on which a client sends: to one node, or, through the anonymous terminus, to whatever its messages name. */
export class IncomingLink implements ReceiverLinkOwner, NodeLink {
  readonly #context: LinkContext;
  readonly #connection: AcceptedConnection;
  readonly #request: LinkRequest;
  /** `undefined` for the anonymous terminus. */
  readonly #node: BrokerNode | undefined;
  readonly #link: ReceiverLink;
  /** Messages held back on purpose, and those that came behind them. */
  readonly #delayed = new RingBuffer<{ delivery: IncomingDelivery; due: number }>();

  constructor(
    context: LinkContext,
    connection: AcceptedConnection,
    request: LinkRequest,
    node: BrokerNode | undefined,
  ) {
    this.#context = context;
    this.#connection = connection;
    this.#request = request;
    this.#node = node;
    if (node !== undefined) context.nodes.join(node, this);
    const capabilities = request.wanted.capabilities.filter((name) => name === node?.kind);
    this.#link = request.receive(node?.address, context.settings.limits.maxMessageSize, this, { capabilities });
  }

  opened(link: ReceiverLink): void {
    this.#refill(link);
  }

  received(delivery: IncomingDelivery, link: ReceiverLink): void {
    delivery.leaveQueue();
    if (!this.#context.injections.isEmpty && this.#interfered(delivery)) return;
    if (this.#delayed.size > 0) this.#delay(delivery, 0);
    else this.#take(delivery, link);
  }

  creditReturned(link: ReceiverLink): void {
    this.#refill(link);
  }

  closed(...[, error, end]: Parameters<ReceiverLinkOwner['closed']>): void {
    const node = this.#node;
    if (node !== undefined) {
      this.#context.nodes.leave(node, this);
      if (this.#request.dynamic) this.#context.nodes.delete(node);
    }
    this.#context.events.tell(
      'link',
      linkEvent(this.#request, this.#connection, 'ended', node?.address, endOf(error, end)),
    );
  }

  close(error: PeerError): void {
    closeAs(this.#connection, this.#link, error);
  }

  #take(delivery: IncomingDelivery, link: ReceiverLink): void {
    const refusal = this.#store(delivery);
    if (refusal === undefined) delivery.finish(ACCEPTED);
    else this.#refuse(delivery, refusal);
    this.#refill(link);
  }

  #store({ buffer, start, end, messageFormat }: IncomingDelivery): PeerError | undefined {
    try {
      message.read(buffer, start, end);
      message.messageFormat = messageFormat;
      const node = this.#node ?? route(this.#context.nodes, message.to);
      return isRefusal(node) ? node : node.take(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { condition: 'amqp:decode-error', description: error.message };
    }
  }

  /**
   * Tells the client that its message was not taken. Where it cannot be told of the message, because it has sent it
   * settled to the anonymous terminus, or takes no such outcome, the link ends (Anonymous Terminus 1.0, §2.2.2).
   */
  #refuse(delivery: IncomingDelivery, error: PeerError): void {
    const mayReject = this.#request.takesOutcome('rejected');
    if (!delivery.settled && mayReject) delivery.finish({ type: 'rejected', error });
    else if (!delivery.settled || this.#node === undefined) this.close(error);
  }

  #refill(link: ReceiverLink): void {
    if (link.credit.issued <= CREDIT / 2) link.issueCredit(CREDIT - link.credit.issued);
  }

  /** Does to a message what was asked for, instead of taking it. */
  #interfered(delivery: IncomingDelivery): boolean {
    const readable = readableMessage(delivery);
    const address = this.#node?.address ?? addressOf(readable);
    const fault = this.#context.injections.strike('message', address, readable);
    switch (fault?.type) {
      case undefined:
        return false;
      case 'reject':
        this.#refuse(delivery, fault.error);
        break;
      case 'delay':
        this.#delay(delivery, fault.delay);
        return true;
      case 'drop':
        break;
      case 'close':
        closeOnPurpose(this.#connection, this.#link, fault);
        break;
    }
    this.#refill(this.#link);
    return true;
  }

  #delay(delivery: IncomingDelivery, delay: number): void {
    this.#delayed.push({ delivery, due: this.#context.clock.now() + delay });
    if (this.#delayed.size === 1) this.#wait(delay);
  }

  #wait(delay: number): void {
    this.#context.clock.setTimeout(() => {
      for (let next = this.#delayed.peek(); next !== undefined; next = this.#delayed.peek()) {
        const left = next.due - this.#context.clock.now();
        if (left > 0) {
          this.#wait(left);
          return;
        }
        this.#delayed.shift();
        // Of a lost connection: its client sends it again.
        if (next.delivery.status !== 'aborted') this.#take(next.delivery, this.#link);
      }
    }, Math.ceil(delay));
  }
}

/** Finds the node that the `to` of a message names, for the anonymous terminus. */
function route(nodes: NodeTable, to: string | undefined): BrokerNode | PeerError {
  if (to !== undefined && to !== '') return nodes.resolve(to);
  return {
    condition: 'amqp:invalid-field',
    description: 'A message to the anonymous terminus needs a `to` that names a queue or topic.',
  };
}

/** Reads the address that a message wants to go to; `undefined` when that is no text. */
function addressOf(message: ReceivedMessage | undefined): string | undefined {
  try {
    return message?.address;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Makes the message that an injection is asked about; `undefined` when it cannot be read. */
function readableMessage({ buffer, start, end }: IncomingDelivery): ReceivedMessage | undefined {
  try {
    return new ReceivedMessage(buffer, start, end);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
