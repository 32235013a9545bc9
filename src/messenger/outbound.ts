import { v4 as uuid } from 'uuid';
import { parseAddress } from '../address/address.js';
import { defaultRewrite } from '../address/default-rewrite.js';
import { connectionKey, resolveEndpoint } from '../address/endpoint.js';
import type { Endpoint } from '../address/endpoint.js';
import { redact } from '../address/redact.js';
import { expandReplyTo } from '../address/reply-to.js';
import type { RouteTable } from '../address/route-table.js';
import { encodeMessage } from '../codec/encode-message.js';
import { Output } from '../codec/output.js';
import { ReceivedMessage } from '../codec/received-message.js';
import { TRANSFER_HEADER_SIZE } from '../codec/transfer.js';
import { AddressError, StateError } from '../errors.js';
import type { MessagingError } from '../errors.js';
import type { LinkRequest } from '../link/link-request.js';
import type { ConnectionPool } from '../link/pool.js';
import { SenderLink } from '../link/sender-link.js';
import type { Message } from '../message/message.js';
import { OutgoingDelivery } from '../queue/outgoing-delivery.js';
import type { Tracker } from '../queue/tracker.js';
import { Destination } from './destination.js';
import type { Settings, WaitOptions } from './options.js';
import { OutgoingLedger } from './outgoing-ledger.js';

/** Addresses whose destinations are remembered. Beyond it they are worked out anew. */
const MAX_DESTINATIONS = 10_000;
/** What the outgoing side needs from its messenger. */
export interface OutboundHost {
  readonly name: string;
  readonly settings: Settings;
  readonly pool: ConnectionPool;
  readonly routes: RouteTable;
  readonly rewrites: RouteTable;
  /** Something failed that no call is waiting for. */
  failed(error: MessagingError): void;
}

/** The way out: put → route and rewrite → encode → link → outcome → tracker. */
export class Outbound {
  readonly #host: OutboundHost;
  readonly #output = new Output();
  readonly #destinations = new Map<string, Destination>();
  /** One link per connection and node, whatever addresses lead there. */
  readonly #links = new Map<string, SenderLink>();
  /** Links that peers have attached in order to receive, by who and what. */
  readonly #guests = new Map<string, SenderLink>();
  readonly #ledger: OutgoingLedger;
  #last: OutgoingDelivery | undefined;

  constructor(host: OutboundHost) {
    this.#host = host;
    this.#ledger = new OutgoingLedger(host.settings);
  }

  /** Messages that have no outcome yet. */
  get outgoing(): number {
    return this.#ledger.messages;
  }

  /** The tracker of the last `put`. */
  get last(): Tracker | undefined {
    return this.#last;
  }

  /** Whether a tracker came from here. */
  owns(tracker: Tracker): boolean {
    return (
      tracker instanceof OutgoingDelivery && tracker.owner instanceof Destination && tracker.owner.outbound === this
    );
  }

  /** Routes have changed: what was worked out from them no longer holds. */
  routesChanged(): void {
    this.#destinations.clear();
  }

  /** Queues a message. See `Messenger.put`. */
  put(message: Message): Tracker {
    const { settings } = this.#host;
    const destination = this.#destination(message);
    this.#ledger.requireRoom();
    const output = this.#output;
    output.open(TRANSFER_HEADER_SIZE);
    try {
      encodeMessage(output, this.#expanded(message), destination.to);
    } catch (error) {
      output.abandon();
      throw error;
    }
    const delivery = new OutgoingDelivery(
      output.buffer,
      output.start + TRANSFER_HEADER_SIZE,
      output.position,
      settings.outgoingWindow === 0,
      this.#ledger.nextSequence(),
      destination,
    );
    const known = destination.link;
    const link = known === undefined || known.isClosed ? this.#openLink(destination) : known;
    this.#ledger.added(delivery);
    this.#last = delivery;
    link.send(delivery);
    return delivery;
  }

  /** Waits until messages have ended. See `Messenger.send`. */
  send(count: number, options: WaitOptions): Promise<void> {
    return this.#ledger.settled(count, options);
  }

  /** Waits until `put` has room. */
  ready(options: WaitOptions): Promise<void> {
    return this.#ledger.room(options);
  }

  /** Takes a link on which a peer wants to receive: `put` to `amqp://<its container-id>/<its source>` uses it. */
  accept(request: LinkRequest): void {
    const { address, peerId } = request;
    const key = guestKey(peerId, address);
    const link = request.send(address, {
      closed: (closed, error) => this.#linkClosed(this.#guests, key, closed, error),
    });
    // The newest wins: of a peer that has come back, the older link may be dead without anybody knowing.
    this.#guests.set(key, link);
  }

  /** Gives up everything that is queued. */
  stop(): void {
    this.#destinations.clear();
    for (const link of [...this.#links.values(), ...this.#guests.values()]) {
      link.closed(new StateError('The messenger was stopped before the message had an outcome.'));
    }
  }

  /** The stop was asked for: what it gave up is not news. */
  forgetAborted(): void {
    this.#ledger.forgetAborted();
  }

  #destination(message: Message): Destination {
    // A message is what a caller says it is; what is not an object has no address.
    const address = (message as Message | null | undefined)?.address;
    if (typeof address !== 'string' || address === '') {
      throw new AddressError('The message has no address. Set address to where it should go.');
    }
    return this.#destinations.get(address) ?? this.#resolve(address);
  }

  #resolve(address: string): Destination {
    const { routes, rewrites } = this.#host;
    const routed = routes.resolve(address);
    // route() takes no null, so every route has somewhere to go.
    const endpoint = resolveEndpoint(parseAddress(routed ?? ''));
    if (endpoint.passive) {
      throw new AddressError(`${redact(address)} is an address to listen on. Put the address of a peer, without ~.`);
    }
    const rewritten = rewrites.match(address);
    const to = rewritten === undefined ? defaultRewrite(address) : (rewritten.output ?? undefined);
    const destination = new Destination(redact(routed ?? ''), to, endpoint, this, (delivery) =>
      this.#ledger.ended(delivery),
    );
    if (this.#destinations.size >= MAX_DESTINATIONS) this.#destinations.clear();
    this.#destinations.set(address, destination);
    return destination;
  }

  #openLink(destination: Destination): SenderLink {
    const { endpoint } = destination;
    const { name } = endpoint;
    const key = `${connectionKey(endpoint)} ${JSON.stringify(name)}`;
    const link = this.#links.get(key) ?? this.#attach(key, endpoint);
    destination.link = link;
    return link;
  }

  #attach(key: string, endpoint: Endpoint): SenderLink {
    const { pool, name, settings } = this.#host;
    const carrier = pool.carrier(endpoint);
    const guest = this.#guests.get(guestKey(carrier.peerId, endpoint.name));
    if (guest !== undefined) return guest;
    const dynamic = endpoint.name === '#';
    const options = {
      name: `${name}-sender-${uuid()}`,
      address: dynamic ? undefined : (endpoint.name ?? null),
      dynamic,
      presettled: settings.outgoingWindow === 0,
      maxMessageSize: 0,
    };
    const link = new SenderLink(options, {
      closed: (closed, error) => this.#linkClosed(this.#links, key, closed, error),
    });
    this.#links.set(key, link);
    carrier.open(link);
    return link;
  }

  #linkClosed(links: Map<string, SenderLink>, key: string, link: SenderLink, error: MessagingError): void {
    if (links.get(key) === link) links.delete(key);
    for (const delivery of link.takeAll()) delivery.finish('aborted', error);
    const isOurs = links === this.#links;
    if (isOurs && !(error instanceof StateError)) this.#host.failed(error);
  }

  /** `~` in `replyTo` stands for this messenger (spec §2.5). The caller's message stays as it is. */
  #expanded(message: Message): Message {
    const { replyTo } = message;
    if (typeof replyTo !== 'string' || replyTo.charCodeAt(0) !== 0x7e) return message;
    const expanded = expandReplyTo(replyTo, this.#host.name);
    if (expanded === replyTo) return message;
    return message instanceof ReceivedMessage
      ? { ...message.toObject(), replyTo: expanded }
      : { ...message, replyTo: expanded };
  }
}

function guestKey(peerId: string | undefined, address: string | undefined): string {
  return JSON.stringify([peerId, address]);
}
