import { encodeValue } from '../../codec/encode-value.js';
import { encodeOutcome } from '../../codec/outcome.js';
import { Output } from '../../codec/output.js';
import type { Outcome } from '../../message/outcome.js';
import type { Properties } from '../../message/message.js';
import type { AmqpValue } from '../../message/typed.js';
import type { GrantedTerms, LinkOptions, PeerFacts } from './link-options.js';
import { productOf } from './product.js';
import { typedValue } from '../rhea/rhea-seam.js';
import type { RheaConnection, RheaLink, RheaTerminus } from '../rhea/rhea-seam.js';

/** The outcomes that a delivery may get, by the names that they have in a source (AMQP 1.0 §3.5.3). */
export const OUTCOMES: readonly string[] = ['accepted', 'rejected', 'released', 'modified'].map(
  (outcome) => `amqp:${outcome}:list`,
);

/** Makes the options from which rhea writes the attach frame of a link. */
export function attachOptions(options: LinkOptions, role: 'sender' | 'receiver'): object {
  const name: RheaTerminus = options.dynamic ? {} : { address: options.address ?? null };
  const node: RheaTerminus = options.dynamic ? { dynamic: true } : name;
  // Both termini carry address and expiry, as the original's did: some peers look at one, some at the other.
  const lifetime = given({
    durable: options.durable,
    expiry_policy: options.expiryPolicy,
    timeout: options.terminusTimeout,
  });
  const wanted = given({
    distribution_mode: role === 'receiver' ? options.distributionMode : undefined,
    default_outcome: role === 'receiver' && options.defaultOutcome ? typedOutcome(options.defaultOutcome) : undefined,
    outcomes: role === 'receiver' && options.defaultOutcome ? OUTCOMES : undefined,
    filter: role === 'receiver' && options.filter ? typedMap(options.filter) : undefined,
    capabilities: options.capabilities?.length ? [...options.capabilities] : undefined,
  });
  const far = { ...node, ...lifetime, ...wanted };
  const near = { ...name, ...lifetime };
  return {
    name: options.name,
    source: role === 'receiver' ? far : near,
    target: role === 'sender' ? far : near,
    snd_settle_mode: options.presettled ? 1 : (options.senderSettleMode ?? (role === 'sender' ? 2 : undefined)),
    rcv_settle_mode: options.receiverSettleMode ?? 0,
    max_message_size: role === 'receiver' ? options.maxMessageSize : undefined,
    properties: options.properties && typedMap(options.properties),
  };
}

/** Tells whether the peer has a node at its end of a link. It has none for a link that it refuses (AMQP 1.0 §2.6.3). */
export function attachesNode(rhea: RheaLink, role: 'sender' | 'receiver'): boolean {
  const terminus = role === 'sender' ? rhea.target : rhea.source;
  // rhea has an object for null, too.
  return terminus !== undefined && 'address' in terminus;
}

/** The address the peer has given to its end of a link. */
export function remoteAddress(rhea: RheaLink, role: 'sender' | 'receiver'): string | undefined {
  const terminus = role === 'sender' ? rhea.target : rhea.source;
  return terminus?.address ?? undefined;
}

/** Reads what the peer has answered to an attach: what it says it grants, with the defaults of AMQP 1.0 §2.7.3 and §3.5.3. */
export function grantedTerms(rhea: RheaLink, role: 'sender' | 'receiver', peer: PeerFacts): GrantedTerms {
  const terminus = role === 'sender' ? rhea.target : rhea.source;
  const { snd_settle_mode = 2, rcv_settle_mode = 0 } = rhea.remote.attach ?? {};
  return {
    filters: Object.keys(terminus?.filter ?? {}),
    distributionMode: terminus?.distribution_mode ?? undefined,
    capabilities: symbols(terminus?.capabilities),
    durable: terminus?.durable ?? 0,
    terminusTimeout: terminus?.expiry_policy === 'never' ? Infinity : (terminus?.timeout ?? 0),
    senderSettleMode: snd_settle_mode,
    receiverSettleMode: rcv_settle_mode,
    ...peer,
  };
}

/** Reads from the open frame what the peer is, and what it offers. */
export function peerFacts({ properties, offered_capabilities: offered }: RheaConnection): PeerFacts {
  return { product: productOf(properties), offered: symbols(offered) };
}

function symbols(value: unknown): readonly string[] {
  return [value ?? []].flat().map(String);
}

/** Names a link in messages for people. */
export function describe({ options }: { readonly options: LinkOptions }): string {
  return options.address ?? (options.dynamic ? 'a dynamic node' : 'the anonymous node');
}

/** A map as rhea takes it, with values of exactly the AMQP types that `put` would give them. */
function typedMap(map: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, typed(value)]));
}

/** A value as rhea takes it, of exactly the AMQP type that `put` would give it. */
export function typed(value: AmqpValue): object {
  const output = new Output(64);
  output.open(0);
  encodeValue(output, value);
  return typedValue(output.buffer.subarray(output.start, output.position));
}

/** An outcome as rhea takes it. */
export function typedOutcome(outcome: Outcome): object {
  const output = new Output(64);
  output.open(0);
  encodeOutcome(output, outcome);
  return typedValue(output.buffer.subarray(output.start, output.position));
}

/** Without what is not given: rhea would write a null for it. */
function given(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
