import { baseOf, parseAddress } from '../address/address.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { AddressError, DecodeError, LinkError, OptionError, StateError, asError } from '../errors.js';
import type { Message, MessageId } from '../message/message.js';
import { ACCEPTED } from '../message/outcome.js';
import type { PeerError } from '../errors.js';
import type { IncomingDelivery } from '../queue/incoming-delivery.js';
import type { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { Incoming } from './incoming/incoming.js';
import { resolveTimeout } from './options/option-checks.js';
import type { WaitOptions } from './options/options.js';
import type { Outgoing } from './outgoing/outgoing.js';
import type { MessengerContext } from './options/context.js';
import type { Subscription } from './incoming/subscription.js';
import type { Settle } from '../wait.js';

/** The credit for answers of one peer. */
const REPLY_CREDIT = 1024;

const LOST = 'The link for answers was lost, so the answer cannot arrive. The request may have been processed.';

/** Options of `request`. */
export interface RequestOptions extends WaitOptions {
  /**
   * The node at the peer for answers, for peers that do not create dynamic nodes: a queue without other receivers.
   * Default: a dynamic node, one for all requests to a peer.
   */
  replyTo?: string | undefined;
}

/** A request that waits for its answer. */
interface Question {
  readonly settle: Settle<ReceivedMessage>;
  /** The keys that identify the answer. */
  readonly keys: readonly string[];
  /** The delivery of the request, after it was put. */
  tracker: OutgoingDelivery | undefined;
  /** Puts the request, once the link for its answer is attached. */
  readonly ask: () => void;
}

/** The link for the answers of one peer. */
interface Replies {
  readonly subscription: Subscription;
  /** The requests that wait for an answer there. */
  readonly questions: Set<Question>;
}

/** Matches answers to requests, with one link for the answers of each peer. */
export class Requests {
  readonly #context: MessengerContext;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #replies = new Map<string, Replies>();
  readonly #pending = new Map<string, Question>();

  constructor(context: MessengerContext, outgoing: Outgoing, incoming: Incoming) {
    this.#context = context;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  /** Sends a message and waits for the answer to it. See `Messenger.request`. */
  async request(message: Message, options: RequestOptions): Promise<ReceivedMessage> {
    const base = this.#baseOf(message.address);
    if (message.replyTo !== undefined) {
      throw new OptionError('The message has a replyTo, where the answer would go. Give it to request() as an option.');
    }
    const { timeout, signal } = options;
    const limits = {
      timeout: resolveTimeout(timeout, this.#context.settings.timeout),
      signal,
      onTimeout: () => 'No answer has come in time. The request may have been dealt with all the same.',
    };
    const id = message.id ?? this.#context.settings.environment.randomUUID();
    const keys = [...new Set([id, message.correlationId ?? id].map(keyOf))];
    if (keys.some((key) => this.#pending.has(key)))
      throw new StateError('A request with this id waits for its answer already. Give it another.');
    return this.#context.waits.bounded<ReceivedMessage>(limits, (settle) => {
      const replies = this.#repliesOf(base, options.replyTo);
      const asked = { ...plain(message), id };
      const ask = (): void => {
        this.#ask(asked, options.replyTo, question, replies).catch((error: unknown) => settle.reject(error));
      };
      const question: Question = { settle, keys, tracker: undefined, ask };
      for (const key of keys) this.#pending.set(key, question);
      replies.questions.add(question);
      ask();
      return () => {
        for (const key of keys) this.#pending.delete(key);
        replies.questions.delete(question);
        // No call waits for the answer any more, so the request need not be sent.
        if (question.tracker?.isQueued === true) this.#outgoing.withdraw(question.tracker);
      };
    });
  }

  /** The messenger stops: rejects all requests. */
  stop(): void {
    this.#replies.clear();
    const error = new StateError('The messenger was stopped before the answer came.');
    for (const { settle } of [...this.#pending.values()]) settle.reject(error);
  }

  #baseOf(address: string | undefined): string {
    if (typeof address !== 'string' || address === '') {
      throw new AddressError('The message has no address. Set address to where it should go.');
    }
    const routed = this.#context.routes.resolve(address) ?? '';
    if (!parseAddress(routed).passive) return baseOf(routed);
    throw new AddressError('The message has an address to listen on. Set address to where it should go, without ~.');
  }

  async #ask(message: Message, replyTo: string | undefined, question: Question, replies: Replies): Promise<void> {
    const { subscription, questions } = replies;
    const { node } = await subscription.ready().catch((error: unknown) => {
      throw replyTo === undefined ? unanswerable(asError(error)) : error;
    });
    if (!questions.has(question)) return;
    const place = replyTo ?? node;
    if (place === undefined) throw unanswerable(new LinkError('The peer has not named the node for answers.'));
    const outgoing = this.#outgoing;
    const tracker = outgoing.put({ ...message, replyTo: place });
    question.tracker = tracker;
    const status = await tracker.outcome();
    if (question.tracker !== tracker) return; // it was put again
    if (status === 'accepted' || status === 'settled') return;
    outgoing.reported(tracker);
    throw tracker.error ?? new LinkError(`The peer did not accept the request: it was ${status}.`);
  }

  /** Returns the link for the answers of a peer. Makes it when there is none. */
  #repliesOf(base: string, replyTo: string | undefined): Replies {
    const key = JSON.stringify([base, replyTo]);
    const known = this.#replies.get(key);
    if (known !== undefined) return known;
    const questions = new Set<Question>();
    const giveUp = (error: Error): void => {
      // Requests that have not been put yet fail by themselves.
      for (const { settle, tracker } of [...questions]) {
        if (tracker === undefined) continue;
        this.#outgoing.withdraw(tracker);
        settle.reject(error);
      }
    };
    const lost = (): void => {
      for (const question of [...questions]) {
        const { tracker } = question;
        if (tracker?.isQueued !== true || tracker.redeliveries > 0) continue;
        // It has not left, and is put again with the name of the next node.
        question.tracker = undefined;
        this.#outgoing.withdraw(tracker);
        question.ask();
      }
      giveUp(new LinkError(LOST));
    };
    const isAwaited = (): boolean => [...questions].some(({ tracker }) => tracker?.isQueued === false);
    const subscription = this.#incoming.handle(
      `${base}/${replyTo ?? '#'}`,
      { credit: REPLY_CREDIT },
      {
        // The peer creates another node when the link is attached again, and answers to the former one are lost.
        get isAwaited() {
          return replyTo === undefined ? isAwaited() : undefined;
        },
        take: (delivery) => this.#answered(delivery),
        lost: () => {
          if (replyTo === undefined) lost();
        },
        ended: (error) => {
          if (this.#replies.get(key)?.questions === questions) this.#replies.delete(key);
          giveUp(error);
        },
      },
    );
    const replies = { subscription, questions };
    this.#replies.set(key, replies);
    return replies;
  }

  #answered(delivery: IncomingDelivery): void {
    try {
      const message = new ReceivedMessage(delivery.buffer, delivery.start, delivery.end);
      const { correlationId } = message;
      if (correlationId === undefined) {
        refuse(delivery, { condition: 'amqp:invalid-field', description: 'An answer needs a correlation-id.' });
        return;
      }
      this.#pending.get(keyOf(correlationId))?.settle.resolve(message);
      delivery.finish(ACCEPTED);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      refuse(delivery, { condition: 'amqp:decode-error', description: error.message });
    }
  }
}

/** Copies the fields of a message, including those of a received one, which spreading leaves out. */
export function plain(message: Message): Message {
  return message instanceof ReceivedMessage ? message.toObject() : message;
}

function refuse(delivery: IncomingDelivery, error: PeerError): void {
  delivery.finish({ type: 'rejected', error });
}

/** Makes the error of a request that cannot be answered, with advice. */
function unanswerable(cause: Error): Error {
  if (!(cause instanceof LinkError)) return cause;
  const { condition, message } = cause;
  return new LinkError(`${message} It makes no node for answers: name a queue for them as replyTo.`, {
    cause,
    condition,
  });
}

/** The key of an id. Ids are equal when their type and value are (AMQP 1.0 §3.2.11). */
function keyOf(id: MessageId): string {
  if (id instanceof Uint8Array) return `binary:${Buffer.from(id).toString('hex')}`;
  return typeof id === 'object'
    ? `${id.type}:${String(id.value)}`
    : `${typeof id === 'string' ? 'string' : 'ulong'}:${id}`;
}
