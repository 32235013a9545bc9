import { v4 as uuid } from 'uuid';
import { baseOf } from '../address/address.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { AddressError, DecodeError, LinkError, StateError, asError } from '../errors.js';
import type { Message, MessageId } from '../message/message.js';
import { ACCEPTED } from '../message/outcome.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import type { Inbound } from './inbound.js';
import { resolveTimeout } from './options.js';
import type { Settings, WaitOptions } from './options.js';
import type { Outbound } from './outbound.js';
import type { Subscription } from './subscription.js';
import type { Settle } from './wait.js';
import type { Waits } from './waits.js';

/** Answers that a peer may send before we have looked at the first. */
const REPLY_CREDIT = 1024;

/** What `request` may be given. */
export interface RequestOptions extends WaitOptions {
  /**
   * The node at the peer that answers come to, for peers that make no node of their own for it: a queue that nobody else
   * receives from. Default: a node that the peer makes, one for all requests to it.
   */
  replyTo?: string | undefined;
}

/** What requests need from their messenger. */
export interface RequestsHost {
  readonly settings: Settings;
  readonly waits: Waits;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  /** Where an address leads. */
  route(address: string): string;
}

/** Questions and their answers: one link for the answers of each peer, and each answer to whoever waits for it. */
export class Requests {
  readonly #host: RequestsHost;
  readonly #replies = new Map<string, Subscription>();
  readonly #pending = new Map<string, Settle<ReceivedMessage>>();

  constructor(host: RequestsHost) {
    this.#host = host;
  }

  /** Sends a message and waits for the answer to it. See `Messenger.request`. */
  async request(message: Message, options: RequestOptions): Promise<ReceivedMessage> {
    const { address } = message;
    if (typeof address !== 'string' || address === '') {
      throw new AddressError('The message has no address. Set address to where it should go.');
    }
    const { timeout, signal } = options;
    const limits = {
      timeout: resolveTimeout(timeout, this.#host.settings.timeout),
      signal,
      onTimeout: () => 'No answer has come in time. The request may have been dealt with all the same.',
    };
    const id = message.id ?? uuid();
    const key = keyOf(id);
    if (this.#pending.has(key))
      throw new StateError('A request with this id waits for its answer already. Give it another.');
    return this.#host.waits.bounded<ReceivedMessage>(limits, (settle) => {
      let isOver = false;
      this.#pending.set(key, settle);
      this.#ask({ ...plain(message), id }, options.replyTo, () => isOver).catch((error: unknown) =>
        settle.reject(error),
      );
      return () => {
        isOver = true;
        this.#pending.delete(key);
      };
    });
  }

  /** The messenger stops: nobody gets an answer any more. */
  stop(): void {
    this.#replies.clear();
    const error = new StateError('The messenger was stopped before the answer came.');
    for (const waiting of [...this.#pending.values()]) waiting.reject(error);
  }

  async #ask(message: Message, replyTo: string | undefined, isOver: () => boolean): Promise<void> {
    const replies = await this.#subscription(message.address ?? '', replyTo).ready();
    if (isOver()) return;
    const tracker = this.#host.outbound.put({ ...message, replyTo: message.replyTo ?? replyTo ?? replies.node });
    const status = await tracker.outcome();
    if (status === 'accepted' || status === 'settled') return;
    this.#host.outbound.told(tracker);
    throw tracker.error ?? new LinkError(`The peer did not take the request: it was ${status}.`);
  }

  /** Where the answers of a peer come to. */
  #subscription(address: string, replyTo: string | undefined): Subscription {
    const base = baseOf(this.#host.route(address));
    const key = JSON.stringify([base, replyTo]);
    const known = this.#replies.get(key);
    if (known !== undefined && known.state !== 'failed' && known.state !== 'closed') return known;
    const { inbound } = this.#host;
    const subscription = inbound.subscribe(`${base}/${replyTo ?? '#'}`, { credit: REPLY_CREDIT });
    inbound.divert(subscription, (delivery) => this.#answered(delivery));
    this.#replies.set(key, subscription);
    return subscription;
  }

  #answered(delivery: IncomingDelivery): void {
    try {
      const message = new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
      const { correlationId } = message;
      if (correlationId !== undefined) this.#pending.get(keyOf(correlationId))?.resolve(message);
      delivery.finish(ACCEPTED);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const description = asError(error).message;
      delivery.finish({ type: 'rejected', error: { condition: 'amqp:decode-error', description } });
    }
  }
}

/** The fields of a message that was received, which spreading leaves out. */
export function plain(message: Message): Message {
  return message instanceof ReceivedMessage ? message.toObject() : message;
}

/** Ids are equal when type and value are (AMQP 1.0 §3.2.11). */
function keyOf(id: MessageId): string {
  if (id instanceof Uint8Array) return `binary:${Buffer.from(id).toString('hex')}`;
  return typeof id === 'object'
    ? `${id.type}:${String(id.value)}`
    : `${typeof id === 'string' ? 'string' : 'ulong'}:${id}`;
}
