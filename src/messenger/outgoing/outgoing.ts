import { parseAddress } from '../../address/address.js';
import { resolveEndpoint } from '../../address/endpoint.js';
import { expandReplyTo, namesHost } from '../../address/reply-to.js';
import { encodeMessage } from '../../codec/encode-message.js';
import { Output } from '../../codec/output.js';
import { ReceivedMessage } from '../../codec/received-message.js';
import { TRANSFER_HEADER_SIZE } from '../../codec/transfer.js';
import { diagnose, isDiagnosed } from '../../diagnostics.js';
import { LinkError, StateError, TrackerError } from '../../errors.js';
import type { MessagingError } from '../../errors.js';
import type { PeerConnection } from '../../link/connection/peer-connection.js';
import type { LinkRequest } from '../../link/session/link-request.js';
import { SenderLink } from '../../link/session/sender-link.js';
import type { Message } from '../../message/message.js';
import { OutgoingDelivery } from '../../queue/outgoing-delivery.js';
import type { Status } from '../../queue/status.js';
import { TrackerWindow } from '../../queue/tracker-window.js';
import type { Tracker } from '../../queue/tracker.js';
import { Destination } from './destination.js';
import { Destinations } from './destinations.js';
import { IdleLinks } from './idle-links.js';
import { refusedTerm } from '../options/granted-terms.js';
import { senderOptions } from '../options/link-terms.js';
import type { WaitOptions } from '../options/options.js';
import { OutgoingExpiry } from './outgoing-expiry.js';
import { OutgoingQueue } from './outgoing-queue.js';
import type { MessengerContext } from '../options/context.js';
import type { MessengerStats } from '../stats.js';

/** The outgoing side: put → route and rewrite → encode → link → outcome → tracker. */
export class Outgoing {
  readonly #context: MessengerContext;
  readonly #output = new Output(undefined, true);
  /** True while a message is encoded. A getter of that message must not put another one meanwhile. */
  #isEncoding = false;
  readonly #queue: OutgoingQueue;
  readonly #destinations: Destinations;
  /** One link per connection and node, for all addresses of that node. */
  readonly #links = new Map<string, SenderLink>();
  /** Links that peers have attached in order to receive, by connection and node. */
  readonly #peerLinks = new Map<string, SenderLink>();
  /** All open links, including links of peers that a newer link has replaced: messages may still wait there. */
  readonly #open = new Set<SenderLink>();
  readonly #connections = new WeakMap<SenderLink, PeerConnection>();
  readonly #window = new TrackerWindow();
  readonly #expiry: OutgoingExpiry;
  readonly #idle: IdleLinks;
  #last: OutgoingDelivery | undefined;

  constructor(context: MessengerContext) {
    this.#context = context;
    this.#queue = new OutgoingQueue(context);
    this.#destinations = new Destinations(context, this.#queue);
    const { clock } = context.settings.environment;
    this.#expiry = new OutgoingExpiry(this.#open, clock);
    this.#idle = new IdleLinks(clock, context.settings.closeIdleAfter, this.#links, (link) => this.#closeIdle(link));
  }

  /** The number of messages without an outcome. */
  get outgoing(): number {
    return this.#queue.messages;
  }

  /** A snapshot for `stats`. */
  get stats(): MessengerStats['outgoing'] {
    const { messages: pending, bytes, counts: ended } = this.#queue;
    return { pending, bytes, put: this.#window.last, ended };
  }

  /** The tracker of the last `put`. */
  get last(): Tracker | undefined {
    return this.#last;
  }

  /** True if a tracker is an outgoing one of this messenger. */
  owns(tracker: Tracker): tracker is OutgoingDelivery {
    if (!(tracker instanceof OutgoingDelivery)) return false;
    const { owner } = tracker;
    return owner instanceof Destination && owner.queue === this.#queue;
  }

  /** The status of a message, as long as it is remembered. See `Messenger.status`. */
  status(delivery: OutgoingDelivery): Status | undefined {
    const isKnown = delivery.status === 'pending' || this.#window.has(delivery, this.#context.settings.outgoingWindow);
    return isKnown && !this.#window.isForgotten(delivery) ? delivery.status : undefined;
  }

  /** Forgets one message, or all up to it. See `Messenger.settle`. */
  settle(tracker: Tracker | undefined, cumulative: boolean): void {
    const delivery = tracker ?? this.#last;
    if (delivery === undefined) return;
    if (!this.owns(delivery))
      throw new TrackerError('An outgoing tracker of this messenger is needed, as put() returned it.');
    if (cumulative) this.#window.forgetThrough(delivery);
    else this.#window.forget(delivery);
  }

  /** Connects to every peer whose host and port a route names. Rejects with the first error. */
  async checkRoutes(): Promise<void> {
    const peers = this.#destinations.peersOfRoutes();
    await Promise.all(peers.map((peer) => this.#context.pool.connect(peer)));
  }

  /** Forgets the known destinations, because the routes have changed. */
  routesChanged(): void {
    this.#destinations.clear();
  }

  /**
   * Queues a message. See `Messenger.put`.
   */
  put(message: Message): OutgoingDelivery {
    // A value that is not an object has no address.
    return this.#put(message, this.#destinations.find((message as Message | null | undefined)?.address));
  }

  /**
   * True if an answer goes to the host that its address names: the program has named that host, too, and the question did
   * not come from there, or a route says where the address leads.
   *
   * @param connection The connection of the question, as far as it is known.
   */
  namesOtherHost(address: string, connection: PeerConnection | undefined): boolean {
    if (!namesHost(address)) return false;
    const { hosts, pool, routes } = this.#context;
    const endpoint = resolveEndpoint(parseAddress(address));
    if (!hosts.has(endpoint)) return false;
    return routes.match(address) !== undefined || connection === undefined || !pool.leadsTo(connection, endpoint);
  }

  /**
   * Queues an answer for the connection that the question came by. See `Messenger.reply`.
   *
   * @param connection `undefined` when it is no longer known.
   */
  reply(message: Message, connection: PeerConnection | undefined): OutgoingDelivery {
    const current = connection && this.#context.pool.current(connection);
    if (current === undefined) {
      throw new StateError('The connection or subscription of the message is gone, so it cannot be answered.');
    }
    return this.#put(message, this.#destinations.over(current, message.address));
  }

  #put(message: Message, destination: Destination): OutgoingDelivery {
    const { settings } = this.#context;
    const lifetime = this.#expiry.lifetimeOf(message);
    this.#queue.requireRoom();
    const output = this.#encode(message, destination);
    const delivery = new OutgoingDelivery(
      output.slab,
      output.start + TRANSFER_HEADER_SIZE,
      output.position,
      settings.outgoingWindow === 0,
      this.#window.next(),
      destination,
    );
    // A message that has expired already needs no link.
    const link = lifetime > 0 ? this.#linkOf(destination) : undefined;
    this.#queue.added(delivery);
    this.#last = delivery;
    if (isDiagnosed('put')) {
      diagnose('put', { messenger: this.#context.name, destination: destination.destination, size: delivery.size });
    }
    link?.send(delivery);
    if (lifetime <= 0) this.#expiry.expire(delivery);
    else if (lifetime !== Infinity) this.#expiry.add(delivery, lifetime);
    return delivery;
  }

  /** Waits until messages have ended. See `Messenger.send`. */
  send(count: number, options: WaitOptions): Promise<boolean> {
    return this.#queue.settled(count, this.#window.last, options);
  }

  /** Notes that the program knows of an aborted message: no `send` reports it again. */
  reported(delivery: OutgoingDelivery): void {
    this.#queue.reported(delivery);
  }

  /** Aborts a message that is no longer needed. The program knows of it, so no `send` reports it. */
  withdraw(delivery: OutgoingDelivery): void {
    if (delivery.status !== 'pending') return;
    Destination.end(delivery, 'aborted', new StateError('The request was aborted before it was sent.'));
    this.#queue.reported(delivery);
  }

  /** Waits until `put` has room. */
  ready(options: WaitOptions): Promise<void> {
    return this.#queue.room(options);
  }

  /** Accepts a link on which a peer wants to receive. Messages for that peer and its source use it. */
  accept(request: LinkRequest, connection: PeerConnection): void {
    // A dynamic node gets a unique name. Answers are sent to it.
    const address = request.dynamic ? `dynamic-${this.#context.settings.environment.randomUUID()}` : request.address;
    const key = linkKey(connection, address);
    const link = request.send(address, {
      closed: (closed, error) => this.#linkClosed(this.#peerLinks, key, closed, error),
    });
    this.#open.add(link);
    // The newest link is used: the older one of a peer that has come back may be dead without notice.
    this.#peerLinks.set(key, link);
  }

  /** Aborts everything that is queued. */
  stop(): void {
    this.#destinations.clear();
    this.#idle.stop();
    for (const link of [...this.#open]) {
      link.closed(new StateError('The messenger was stopped before the message had an outcome.'));
    }
    // Last, because messages that come back from a closing link are checked, too.
    this.#expiry.stop();
  }

  /** Throws a `SendError` with the aborted messages that no call has reported. */
  throwAborted(): void {
    this.#queue.throwAborted();
  }

  /** Drops the aborted messages: the program has asked for the stop that aborted them. */
  forgetAborted(): void {
    this.#queue.forgetAborted();
  }

  #encode(message: Message, destination: Destination): Output {
    if (this.#isEncoding) throw new StateError('A getter of a message that is being put must not put another.');
    const output = this.#output;
    this.#isEncoding = true;
    output.open(TRANSFER_HEADER_SIZE);
    try {
      encodeMessage(output, this.#expanded(message), destination.to());
    } catch (error) {
      output.abandon();
      throw error;
    } finally {
      this.#isEncoding = false;
    }
    return output;
  }

  #linkOf(destination: Destination): SenderLink {
    const { link: known } = destination;
    if (known !== undefined && !known.isClosed) return known;
    const connection = destination.connection ?? this.#context.pool.connectionTo(destination.endpoint());
    const key = linkKey(connection, destination.node);
    const link = this.#links.get(key) ?? this.#peerLinks.get(key) ?? this.#attach(key, connection, destination.node);
    destination.link = link;
    return link;
  }

  #attach(key: string, connection: PeerConnection, node: string | undefined): SenderLink {
    const { name, settings } = this.#context;
    const link = new SenderLink(senderOptions(name, node, settings), {
      opened: (opened) => this.#linkOpened(opened),
      cameBack: () => this.#expiry.look(),
      closed: (closed, error) => this.#linkClosed(this.#links, key, closed, error),
    });
    this.#links.set(key, link);
    this.#open.add(link);
    this.#connections.set(link, connection);
    this.#idle.watch();
    connection.open(link);
    return link;
  }

  /** Closes a link when the peer has not granted its options. */
  #linkOpened(link: SenderLink): void {
    const refused = refusedTerm(link);
    if (refused === undefined) return;
    void this.#connections.get(link)?.close(link);
    link.closed(new LinkError(refused, { condition: 'amqp:not-implemented' }));
  }

  #closeIdle(link: SenderLink): void {
    void this.#connections.get(link)?.close(link);
    link.closed(new StateError('The link was idle and has been closed.'));
  }

  #linkClosed(links: Map<string, SenderLink>, key: string, link: SenderLink, error: MessagingError): void {
    if (links.get(key) === link) links.delete(key);
    this.#open.delete(link);
    for (const delivery of link.takeAll()) delivery.finish('aborted', error);
    const isOurs = links === this.#links;
    if (isOurs && !(error instanceof StateError)) this.#context.failed(error);
  }

  /** Expands `replyTo` for peers. The caller's message stays unchanged (docs/semantics.md, Sending). */
  #expanded(message: Message): Message {
    const { replyTo } = message;
    if (typeof replyTo !== 'string') return message;
    const expanded = expandReplyTo(replyTo, this.#context.name);
    if (expanded === replyTo) return message;
    return message instanceof ReceivedMessage
      ? { ...message.toObject(), replyTo: expanded }
      : { ...message, replyTo: expanded };
  }
}

/** The key of a link: its connection and node. */
function linkKey(connection: PeerConnection, node: string | undefined): string {
  return `${connection.key} ${JSON.stringify(node)}`;
}
