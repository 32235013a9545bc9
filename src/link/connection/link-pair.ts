import type { Endpoint } from '../../address/endpoint.js';
import { encodeMessage } from '../../codec/encode-message.js';
import { Output } from '../../codec/output.js';
import { ReceivedMessage } from '../../codec/received-message.js';
import { TRANSFER_HEADER_SIZE } from '../../codec/transfer.js';
import { LinkError, TimeoutError, asError } from '../../errors.js';
import type { Body } from '../../message/body.js';
import { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { DeliveryOwner } from '../../queue/outgoing-delivery.js';
import { Connection } from './connection.js';
import type { ConnectionEvents } from './connection.js';
import type { ConnectionSettings } from './connection-settings.js';
import type { LinkOptions } from '../session/link-options.js';
import type { LinkRequest } from '../session/link-request.js';
import { ReceiverLink } from '../session/receiver-link.js';
import { DEFAULT_RECONNECT } from './retries.js';
import { SenderLink } from '../session/sender-link.js';
import type { SenderLinkEvents } from '../session/sender-link.js';

/** The number of answers that the peer may send at once. */
const CREDIT = 64;

/** A request, in the manner of HTTP. */
export interface PairRequest {
  /** Such as `PUT`. */
  readonly method: string;
  /** Such as `/queues/orders`. */
  readonly path: string;
  /** The body that goes with it. */
  readonly body?: Body;
}

interface Waiting {
  readonly resolve: (answer: ReceivedMessage) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A pair of links to one node, for requests and their answers (AMQP Link Pairing 1.0): how RabbitMQ 4 is told to make
 * queues and bindings. Both links have one name and one session. So the pair has a connection of its own that allows
 * one session, on which links are attached one after the other: rhea finds a link by its name alone, and so takes the
 * answer to each for the one that was attached last.
 */
export class LinkPair implements ConnectionEvents, DeliveryOwner, SenderLinkEvents {
  readonly destination: string;
  readonly #connection: Connection;
  readonly #sender: SenderLink;
  readonly #settings: ConnectionSettings;
  readonly #output = new Output();
  readonly #waiting = new Map<string, Waiting>();
  /** Requests made before both links are there: the peer takes none over half a pair. */
  #early: OutgoingDelivery[] | undefined = [];
  #sent = 0;

  constructor(endpoint: Endpoint, node: string, settings: ConnectionSettings) {
    this.destination = node;
    const limits = { ...settings.limits, channelMax: 0 };
    this.#settings = { ...settings, limits, reconnect: NEVER_AGAIN, closeIdleAfter: 0 };
    this.#connection = new Connection(endpoint, this.#settings, this);
    const options: LinkOptions = {
      name: `pair-${settings.environment.randomUUID()}`,
      address: node,
      dynamic: false,
      presettled: true,
      maxMessageSize: settings.limits.maxMessageSize,
      properties: { paired: true },
    };
    this.#sender = new SenderLink(options, this);
    this.#connection.open(this.#sender);
    const receiver = new ReceiverLink(options, {
      opened: (link) => {
        link.issueCredit(CREDIT);
        for (const request of this.#early ?? []) this.#sender.send(request);
        this.#early = undefined;
      },
      received: (delivery, link) => {
        link.issueCredit(1);
        delivery.leaveQueue();
        this.#answered(delivery.buffer, delivery.start, delivery.end);
      },
      closed: (_link, error) => this.#fail(error),
    });
    this.#connection.open(receiver);
  }

  /**
   * Asks, and waits for the answer.
   *
   * @throws LinkError or ConnectionError when the pair is refused or lost; TimeoutError after the settings' time to
   * connect; EncodeError.
   */
  request({ method, path, body }: PairRequest): Promise<ReceivedMessage> {
    const { environment, connectTimeout } = this.#settings;
    const { clock } = environment;
    const id = environment.randomUUID();
    const output = this.#output;
    output.open(TRANSFER_HEADER_SIZE);
    encodeMessage(output, { id, subject: method, replyTo: '$me', body: body ?? null }, path);
    const start = output.start + TRANSFER_HEADER_SIZE;
    const request = new OutgoingDelivery(output.slab, start, output.position, true, ++this.#sent, this);
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        this.#waiting.delete(id);
        reject(new TimeoutError(`${this.destination} did not answer ${method} ${path} in ${connectTimeout} ms.`));
      }, connectTimeout);
      timer.ref(); // somebody waits for it
      const settled = (): void => clock.clearTimeout(timer);
      this.#waiting.set(id, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      if (this.#early === undefined) this.#sender.send(request);
      else this.#early.push(request);
    });
  }

  /** Closes the connection. What waits for an answer fails. */
  close(): Promise<void> {
    return this.#connection.stop();
  }

  /** @internal */
  stateChanged(): void {
    // The links tell what comes of the connection.
  }

  /** @internal Nobody is asked for links here. */
  failed(): void {
    // Each request has a time-out of its own, and its links are never attached again.
  }

  linkRequested(request: LinkRequest): void {
    request.refuse({ condition: 'amqp:not-allowed' });
  }

  /** @internal The peer has closed the sender link. */
  closed(_link: SenderLink, error: Error): void {
    this.#fail(error);
  }

  /** @internal A request that could not be sent fails; one that was sent waits for its answer. */
  deliveryEnded({ status, error }: OutgoingDelivery): void {
    if (status === 'aborted') this.#fail(error ?? new LinkError('The request could not be sent.'));
  }

  #answered(buffer: Buffer, start: number, end: number): void {
    let answer: ReceivedMessage;
    let id;
    try {
      answer = new ReceivedMessage(buffer, start, end);
      id = answer.correlationId;
    } catch (error) {
      this.#fail(asError(error));
      return;
    }
    if (typeof id !== 'string') return;
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const NEVER_AGAIN = Object.freeze({ ...DEFAULT_RECONNECT, retries: 0 });
