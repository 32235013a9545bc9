import type { PeerError } from '../errors.js';
import type { LinkOptions } from './link-options.js';
import { ReceiverLink } from './receiver-link.js';
import type { ReceiverLinkEvents } from './receiver-link.js';
import type { RheaLink, RheaTerminus } from './rhea-seam.js';
import { SenderLink } from './sender-link.js';
import type { SenderLinkEvents } from './sender-link.js';
import type { Link } from './link-table.js';
import type { Transport } from './transport.js';

/** A link that a peer wants to attach. Answer it with one of its methods before anything else happens. */
export class LinkRequest {
  readonly #transport: Transport;
  readonly #rhea: RheaLink;

  readonly #accepted: (link: Link) => void;

  constructor(transport: Transport, rhea: RheaLink, accepted: (link: Link) => void) {
    this.#transport = transport;
    this.#rhea = rhea;
    this.#accepted = accepted;
  }

  /** What this side would be: a receiver for a peer that wants to send. */
  get role(): 'sender' | 'receiver' {
    return this.#rhea.is_receiver() ? 'receiver' : 'sender';
  }

  /** The container-id of the peer. */
  get peerId(): string | undefined {
    return this.#transport.peerId;
  }

  /** The node the peer names; `undefined` for the anonymous one and for a dynamic one. */
  get address(): string | undefined {
    return this.#node?.address ?? undefined;
  }

  /** Whether the peer asks for a node of its own. */
  get dynamic(): boolean {
    return this.#node?.dynamic === true;
  }

  /** The peer's terminus here: the target of a sender, the source of a receiver. */
  get #node(): RheaTerminus | undefined {
    return this.role === 'receiver' ? this.#rhea.target : this.#rhea.source;
  }

  /** Takes messages from the peer. `address` is what the peer is told, for a dynamic node its name. */
  receive(address: string | undefined, maxMessageSize: number, events: ReceiverLinkEvents): ReceiverLink {
    this.#rhea.local.attach.max_message_size = maxMessageSize;
    const link = new ReceiverLink(this.#mirror(address, maxMessageSize), events);
    this.#accepted(link);
    this.#transport.links.accept(link, this.#rhea);
    return link;
  }

  /** Sends messages to the peer. */
  send(address: string | undefined, events: SenderLinkEvents): SenderLink {
    const link = new SenderLink(this.#mirror(address, 0), events);
    this.#accepted(link);
    this.#transport.links.accept(link, this.#rhea);
    return link;
  }

  /** Says no: attaches and detaches with an error, as AMQP 1.0 §2.6.3 has it. */
  refuse(error: PeerError): void {
    this.#rhea.close({ condition: error.condition, description: error.description ?? '' });
  }

  /** Answers with the peer's own termini and settle modes: a peer learns from them what it got. */
  #mirror(address: string | undefined, maxMessageSize: number): LinkOptions {
    const { source, target, local, remote, name } = this.#rhea;
    const own: RheaTerminus = { address: address ?? null, ...(this.dynamic ? { dynamic: true } : {}) };
    this.#rhea.set_source(this.role === 'sender' ? own : { address: source?.address ?? null });
    this.#rhea.set_target(this.role === 'receiver' ? own : { address: target?.address ?? null });
    local.attach.snd_settle_mode = remote.attach?.snd_settle_mode ?? 2;
    local.attach.rcv_settle_mode = 0;
    const presettled = remote.attach?.snd_settle_mode === 1;
    return { name, address, dynamic: this.dynamic, presettled, maxMessageSize };
  }
}
