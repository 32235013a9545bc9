import type { PeerError } from '../../errors.js';
import { Described, Typed } from '../../message/typed.js';
import type { LinkOptions, TerminusOptions } from './link-options.js';
import type { LinkTable } from './link-table.js';
import { ReceiverLink } from './receiver-link.js';
import type { ReceiverLinkOwner } from './receiver-link.js';
import { foreignTerminus } from '../rhea/rhea-attach.js';
import { RELEASED } from '../../message/outcome.js';
import { OUTCOMES, typed, typedOutcome } from './link-attach.js';
import type { RheaLink, RheaTerminus } from '../rhea/rhea-seam.js';
import { SenderLink } from './sender-link.js';
import type { SenderLinkEvents } from './sender-link.js';

const POLICIES = ['link-detach', 'session-end', 'connection-close', 'never'] as const;

/** A peer's wishes for a node, with the defaults of AMQP 1.0 §3.5.3 filled in. */
export interface WantedTerminus {
  readonly durable: 0 | 1 | 2;
  readonly expiryPolicy: (typeof POLICIES)[number];
  /** In seconds. */
  readonly terminusTimeout: number;
  readonly distributionMode: 'move' | 'copy' | undefined;
  readonly capabilities: readonly string[];
  /** The names of the filters. */
  readonly filters: readonly string[];
}

/** A link that a peer wants to attach. Answer it with one of its methods before anything else happens. */
export class LinkRequest {
  readonly #links: LinkTable;
  readonly #rhea: RheaLink;

  /** @param links - The links of the connection over which the peer asks. */
  constructor(links: LinkTable, rhea: RheaLink) {
    this.#links = links;
    this.#rhea = rhea;
  }

  /** The role that this side would have: receiver for a peer that wants to send. */
  get role(): 'sender' | 'receiver' {
    return this.#rhea.is_receiver() ? 'receiver' : 'sender';
  }

  /** The container-id of the peer. */
  get peerId(): string | undefined {
    return this.#links.peerId;
  }

  /** The name of the link. */
  get name(): string {
    return this.#rhea.local.attach.name;
  }

  /** The node the peer names; `undefined` for the anonymous one and for a dynamic one. */
  get address(): string | undefined {
    return this.#node?.address ?? undefined;
  }

  /** True when the peer asks for a node of its own. */
  get dynamic(): boolean {
    return this.#node?.dynamic === true;
  }

  /** The kind of terminus that the peer has named when it is no node: `coordinator` (AMQP 1.0 §4.5.1), or a kind that nobody knows. */
  get foreignTerminus(): string | undefined {
    return foreignTerminus(this.#rhea);
  }

  /** The further wishes of the peer for the node. */
  get wanted(): WantedTerminus {
    const { durable, expiry_policy, timeout, distribution_mode, filter, capabilities } = this.#node ?? {};
    return {
      durable: durable === 1 || durable === 2 ? durable : 0,
      expiryPolicy: POLICIES.find((policy) => policy === expiry_policy) ?? 'session-end',
      terminusTimeout: typeof timeout === 'number' ? timeout : 0,
      distributionMode: distribution_mode === 'copy' ? 'copy' : distribution_mode === 'move' ? 'move' : undefined,
      capabilities: [capabilities ?? []].flat().map(String),
      filters: Object.keys(filter ?? {}),
    };
  }

  /** Tells whether the peer takes this outcome from us (AMQP 1.0 §3.5.3). One that names none takes all. */
  takesOutcome(name: 'rejected'): boolean {
    const outcomes = [this.#rhea.source?.outcomes ?? []].flat();
    return outcomes.length === 0 || outcomes.includes(`amqp:${name}:list`);
  }

  /** The peer's terminus here: the target of a sender, the source of a receiver. */
  get #node(): RheaTerminus | undefined {
    return this.role === 'receiver' ? this.#rhea.target : this.#rhea.source;
  }

  /**
   * Takes messages from the peer. `address` is what the peer is told, for a dynamic node its name; `granted` is what the
   * peer gets of what it wants.
   */
  receive(
    address: string | undefined,
    maxMessageSize: number,
    owner: ReceiverLinkOwner,
    granted?: TerminusOptions,
  ): ReceiverLink {
    this.#rhea.local.attach.max_message_size = maxMessageSize;
    const link = new ReceiverLink(this.#answer(address, maxMessageSize, granted), owner);
    this.#links.accept(link, this.#rhea);
    return link;
  }

  /** Sends messages to the peer, likewise. */
  send(address: string | undefined, events: SenderLinkEvents, granted?: TerminusOptions): SenderLink {
    const link = new SenderLink(this.#answer(address, 0, granted), events);
    this.#links.accept(link, this.#rhea);
    return link;
  }

  /** Says no: attaches and detaches with an error, as AMQP 1.0 §2.6.3 has it. */
  refuse(error: PeerError): void {
    this.#rhea.close({ condition: error.condition, description: error.description ?? '' });
  }

  /** Answers with the terminus and the settle modes that the peer gets, which it learns from them. */
  #answer(address: string | undefined, maxMessageSize: number, granted?: TerminusOptions): LinkOptions {
    const { source, target, local, remote } = this.#rhea;
    const { role, dynamic, name } = this;
    const own = { ...(granted && terminus(granted, role)), address: address ?? null, ...(dynamic ? DYNAMIC : {}) };
    this.#rhea.set_source(role === 'sender' ? own : { address: source?.address ?? null });
    this.#rhea.set_target(role === 'receiver' ? own : { address: target?.address ?? null });
    local.attach.snd_settle_mode = remote.attach?.snd_settle_mode ?? 2;
    // A receiver here settles first whatever is asked for; to one there it is left (AMQP 1.0 §2.6.2, §2.8.3).
    const second = role === 'sender' && remote.attach?.rcv_settle_mode === 1;
    local.attach.rcv_settle_mode = second ? 1 : 0;
    const presettled = remote.attach?.snd_settle_mode === 1;
    // A peer that was told "unsettled" is sent messages unsettled, whatever the program wants to know of them.
    const senderSettleMode = remote.attach?.snd_settle_mode === 0 ? 0 : undefined;
    return { ...granted, name, address, dynamic, presettled, senderSettleMode, maxMessageSize };
  }
}

/** The outcomes that a delivery may get, and what is meant when it gets none (AMQP 1.0 §3.5.3). */
const SOURCE_OUTCOMES: RheaTerminus = { outcomes: OUTCOMES, default_outcome: typedOutcome(RELEASED) };

/** The lifetime policy delete-on-close (AMQP 1.0 §3.5.10). */
const DELETE_ON_CLOSE = new Described(new Typed('ulong', 0x2b), []);

/** A dynamic node is deleted with the link that made it (AMQP 1.0 §3.5.10). */
const DYNAMIC: RheaTerminus = { dynamic: true, dynamic_node_properties: { 'lifetime-policy': typed(DELETE_ON_CLOSE) } };

function terminus(granted: TerminusOptions, role: 'sender' | 'receiver'): RheaTerminus {
  const { durable, expiryPolicy, terminusTimeout, distributionMode, capabilities } = granted;
  return {
    ...(role === 'sender' ? SOURCE_OUTCOMES : {}),
    ...(durable === undefined ? {} : { durable }),
    ...(expiryPolicy === undefined ? {} : { expiry_policy: expiryPolicy }),
    ...(terminusTimeout === undefined ? {} : { timeout: terminusTimeout }),
    ...(distributionMode === undefined ? {} : { distribution_mode: distributionMode }),
    ...(capabilities === undefined || capabilities.length === 0 ? {} : { capabilities }),
  };
}
