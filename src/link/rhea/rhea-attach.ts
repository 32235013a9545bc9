import { ProtocolError } from '../../errors.js';
import { onSessionRemoved, passOverSecondDetach } from './rhea-seam.js';
import type { RheaConnection, RheaLink, RheaSession } from './rhea-seam.js';

/** An attach performative as rhea has read it, its termini still as they came. */
interface Attach {
  name: string;
  /** True when the peer receives. */
  role: boolean;
  source?: { readonly descriptor?: { readonly value?: unknown } } | null;
  target?: { readonly descriptor?: { readonly value?: unknown } } | null;
  /** Set here: the peer has named something that is neither a source nor a target. */
  foreign?: string | undefined;
}

/** The fields of a session that are used in this file and nowhere else. */
interface AttachingSession extends RheaSession {
  readonly links: Readonly<Record<string, RheaLink | undefined>>;
  on_attach(frame: { performative: Attach }): void;
  create_sender(name: string): RheaLink;
  create_receiver(name: string): RheaLink;
}

const SOURCES: readonly unknown[] = [0x28, 'amqp:source:list'];
const TARGETS: readonly unknown[] = [0x29, 'amqp:target:list'];
const COORDINATORS: readonly unknown[] = [0x30, 'amqp:coordinator:list'];

/**
 * Mends what rhea makes of attach frames, on a connection that has not begun a session yet:
 *
 * - a link is told by its name and its direction (AMQP 1.0 §2.6.1), and rhea tells it by its name alone: a client with a
 *   sender and a receiver of one name, which Proton's Python makes by default, lost its connection;
 * - a terminus of a kind rhea does not know, such as the coordinator of transactions (§4.5.1), was taken for none, and
 *   printed. `foreignTerminus` tells what it was;
 * - a link that was refused stays in memory until the peer has answered, which it need not. A peer that has more than
 *   `maxLinks`, those among them, loses its connection.
 */
export function mendAttach(connection: RheaConnection, maxLinks: number): void {
  // By session: one that ends takes its links with it.
  const links = new Map<RheaSession, number>();
  let total = 0;
  const count = (session: RheaSession, change: number): void => {
    links.set(session, (links.get(session) ?? 0) + change);
    total += change;
  };
  const create = connection.create_session.bind(connection);
  connection.create_session = (bufferSize) => {
    // The fields above are rhea's own; the test of this file stands in for the compiler.
    const session = passOverSecondDetach(create(bufferSize) as AttachingSession);
    const onAttach = session.on_attach.bind(session);
    session.on_attach = (frame) => {
      const { performative } = frame;
      performative.foreign = foreignKind(performative);
      if (performative.foreign !== undefined) {
        performative.source = null;
        performative.target = null;
      }
      keepDirectionsApart(session, performative);
      count(session, 1);
      if (total > maxLinks) {
        throw new ProtocolError(`The peer has more than ${maxLinks} links, refused ones among them.`, {
          condition: 'amqp:resource-limit-exceeded',
        });
      }
      onAttach(frame);
    };
    const remove = session.remove_link.bind(session);
    session.remove_link = (link) => {
      count(session, -1);
      remove(link);
    };
    return session;
  };
  onSessionRemoved(connection, (session) => {
    count(session, -(links.get(session) ?? 0));
    links.delete(session);
  });
}

/** Reads the kind of terminus that the peer has named when it is no node; `undefined` when it is one. */
export function foreignTerminus(link: RheaLink): string | undefined {
  // Set above, when the attach came.
  return (link.remote.attach as Partial<Attach> | undefined)?.foreign;
}

function foreignKind({ source, target }: Attach): string | undefined {
  const sourceKind = source?.descriptor?.value;
  const targetKind = target?.descriptor?.value;
  if (COORDINATORS.includes(number(targetKind))) return 'coordinator';
  if (sourceKind !== undefined && !SOURCES.includes(number(sourceKind))) return 'source';
  if (targetKind !== undefined && !TARGETS.includes(number(targetKind))) return 'target';
  return undefined;
}

/** rhea gives a ulong as a number, or as bytes when it is great. */
function number(value: unknown): unknown {
  return typeof value === 'string' ? value : Number(value);
}

function keepDirectionsApart(session: AttachingSession, attach: Attach): void {
  const { name, role } = attach;
  const known = session.links[name];
  if (known === undefined || known.is_receiver() !== role) return;
  // No name of a peer's has this in it, and if one had, it would be its own to mend.
  const key = `${name}\0${role ? 'sender' : 'receiver'}`;
  attach.name = key;
  if (session.links[key] !== undefined) return;
  const link = role ? session.create_sender(key) : session.create_receiver(key);
  link.local.attach.name = name;
}
