import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { Output } from '../../../src/codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../../../src/codec/transfer.js';
import { LinkError } from '../../../src/errors.js';
import type { RheaFlow, RheaLink, RheaSession } from '../../../src/link/rhea/rhea-seam.js';
import { PendingOutput } from '../../../src/link/session/pending-output.js';
import { SenderLink } from '../../../src/link/session/sender-link.js';
import { Session } from '../../../src/link/session/session.js';
import { ACCEPTED } from '../../../src/message/outcome.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { decodeFrame } from '../../support/wire-frames.js';
import type { WireFrame } from '../../support/wire-frames.js';

const OPTIONS = { name: 'link', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 };

/** A connection without rhea and without a network: sessions on it, and what is written to it. */
class Wires {
  readonly socket = new FakeSocket();
  readonly #output = new PendingOutput(this.socket.asSocket, SYSTEM_CLOCK, 600);
  readonly writer = this.#output.writer;

  session(channel: number): Session {
    const rhea = {
      local: { channel },
      incoming: { next_transfer_id: 0 },
      outgoing: { next_transfer_id: 0, remote_window: 1000, remote_next_transfer_id: 0 },
    };
    // What is used of it is above.
    return new Session(rhea as unknown as RheaSession, this.#output, new ByteBudget(Infinity), true);
  }

  /** Writes what the link has to write, and returns the frames. */
  pump(link: SenderLink): WireFrame[] {
    const before = this.socket.written.length;
    while (link.sendPending());
    this.writer.flush();
    return framesIn(this.socket.written.slice(before));
  }
}

function framesIn(pieces: readonly Buffer[]): WireFrame[] {
  const bytes = Buffer.concat(pieces);
  const frames: WireFrame[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    frames.push(decodeFrame(bytes.subarray(at, at + bytes.readUInt32BE(at))));
  }
  return frames;
}

function rheaLink(credit: number, handle = 0, deliveryCount = 0): RheaLink {
  const link = { local: { handle }, credit, delivery_count: deliveryCount, on_flow: () => undefined };
  return link as unknown as RheaLink;
}

/** A link attached with this much credit, and its messages: each as many bytes as asked for. */
function attached(
  credit: number,
  sizes: readonly number[],
  presettled = false,
): { wires: Wires; session: Session; rhea: RheaLink; link: SenderLink; deliveries: OutgoingDelivery[] } {
  const wires = new Wires();
  const session = wires.session(3);
  const rhea = rheaLink(credit);
  const link = new SenderLink({ ...OPTIONS, presettled }, { closed: () => undefined });
  const output = new Output();
  const owner = { destination: 'q', deliveryEnded: () => undefined };
  const deliveries = sizes.map((size, index) => {
    output.open(TRANSFER_HEADER_SIZE);
    output.need(size);
    output.position += size;
    output.buffer.fill(index + 1, output.position - size, output.position);
    const { slab, start, position } = output;
    return new OutgoingDelivery(slab, start + TRANSFER_HEADER_SIZE, position, presettled, index, owner);
  });
  link.attached(session, rhea);
  link.opened();
  for (const delivery of deliveries) link.send(delivery);
  return { wires, session, rhea, link, deliveries };
}

const ids = (frames: readonly WireFrame[]): unknown[] => frames.map(({ fields }) => fields['delivery_id']);

describe('a sender link', () => {
  it('sends what credit allows, and the rest when there is more', () => {
    const { wires, rhea, link } = attached(2, [10, 10, 10]);
    expect(ids(wires.pump(link))).toEqual([0, 1]);
    expect(rhea).toMatchObject({ credit: 0, delivery_count: 2 });
    rhea.on_flow({ performative: { delivery_count: 2, link_credit: 5 } });
    expect(ids(wires.pump(link))).toEqual([2]);
    expect([link.queued, link.unsettled, link.available]).toEqual([0, 3, 4]);
  });

  it.each<[string, RheaFlow, number, number]>([
    ['all of it', { delivery_count: 10, link_credit: 4 }, 10, 4],
    ['what was not used since', { delivery_count: 8, link_credit: 4 }, 10, 2],
    ['nothing when all was used since', { delivery_count: 5, link_credit: 4 }, 10, 0],
    ['from nought when the receiver names no count', { link_credit: 4 }, 3, 1],
    ['over the wrap', { delivery_count: 0xffff_fffe, link_credit: 4 }, 1, 1],
    ['the most there can be', { delivery_count: 7, link_credit: 0xffff_ffff }, 7, 0xffff_ffff],
    ['nothing when it says nothing', { delivery_count: 7 }, 7, 0],
  ])('takes of the credit it is given %s', (_title, flow, deliveryCount, credit) => {
    const wires = new Wires();
    const rhea = rheaLink(0, 0, deliveryCount);
    const link = new SenderLink(OPTIONS, { closed: () => undefined });
    link.attached(wires.session(0), rhea);
    link.opened();
    rhea.on_flow({ performative: flow });
    expect(rhea.credit).toBe(credit);
  });

  it('counts its deliveries over the wrap', () => {
    const { wires, rhea, link } = attached(3, [10, 10, 10]);
    rhea.delivery_count = 0xffff_fffe;
    wires.pump(link);
    expect(rhea.delivery_count).toBe(1);
  });

  it('cuts a message into frames that the peer takes, and counts each', () => {
    const { wires, session, rhea, link } = attached(1, [1500]);
    const frames = wires.pump(link);
    expect(frames.map(({ fields, payload }) => [fields['more'], payload.length])).toEqual([
      [true, 600 - TRANSFER_HEADER_SIZE],
      [true, 600 - TRANSFER_HEADER_SIZE],
      [false, 1500 - 2 * (600 - TRANSFER_HEADER_SIZE)],
    ]);
    expect(session.rhea.outgoing.next_transfer_id).toBe(3);
    expect(rhea.delivery_count).toBe(1);
  });

  it('leaves out what has ended while it was queued', () => {
    const { wires, link, deliveries } = attached(10, [10, 10, 10]);
    deliveries[1]!.finish('aborted', new LinkError('given up'));
    const frames = wires.pump(link);
    expect(frames.map(({ payload }) => payload[0])).toEqual([1, 3]);
  });

  it('sends again, in order, what had no outcome when its session went', () => {
    const { wires, link, deliveries } = attached(3, [10, 1500, 10, 10]);
    wires.pump(link);
    link.disposition(1, 1, true, ACCEPTED);
    link.detached();
    expect(deliveries.map(({ status }) => status)).toEqual(['pending', 'accepted', 'pending', 'pending']);
    expect(link.queued).toBe(3);

    link.attached(wires.session(4), rheaLink(10, 7));
    link.opened();
    const again = wires.pump(link);
    expect(
      again.map(({ channel, fields, payload }) => [channel, fields['handle'], fields['delivery_id'], payload[0]]),
    ).toEqual([
      [4, 7, 0, 1],
      [4, 7, 1, 3],
      [4, 7, 2, 4],
    ]);
  });

  it('does not touch bytes that may still wait in the socket when it sends them again', () => {
    const { wires, link } = attached(3, [10, 20, 30]);
    wires.pump(link);
    const first = Buffer.concat(wires.socket.written);
    const pieces = [...wires.socket.written];
    link.disposition(0, 0, true, ACCEPTED);
    link.detached();
    link.attached(wires.session(9), rheaLink(10, 5));
    link.opened();
    expect(ids(wires.pump(link))).toEqual([0, 1]);
    expect(Buffer.concat(pieces).equals(first)).toBe(true);
  });

  it('sends again from its beginning a message that was cut off', () => {
    for (const presettled of [false, true]) {
      const { wires, session, link, deliveries } = attached(2, [1500, 10], presettled);
      session.rhea.outgoing.remote_window = 1;
      expect(wires.pump(link).map(({ fields }) => fields['more'])).toEqual([true]);
      link.detached();
      expect(deliveries.map(({ status }) => status)).toEqual(['pending', 'pending']);
      link.attached(wires.session(1), rheaLink(2));
      link.opened();
      const again = wires.pump(link);
      expect(ids(again)).toEqual([0, 0, 0, 1]);
      expect(again.slice(0, 3).reduce((size, { payload }) => size + payload.length, 0)).toBe(1500);
    }
  });

  it('has settled what was sent settled once it has left, and aborts it when nobody can tell', () => {
    const { wires, link, deliveries } = attached(3, [10, 10, 10], true);
    wires.pump(link);
    link.written(2 * (10 + TRANSFER_HEADER_SIZE));
    expect(deliveries.map(({ status }) => status)).toEqual(['settled', 'settled', 'pending']);
    link.detached();
    expect(deliveries[2]).toMatchObject({ status: 'aborted', error: { code: 'ERR_LINK' } });
    expect(link.queued).toBe(0);
  });

  it('gives up everything that has no outcome, in order', () => {
    const { wires, link, deliveries } = attached(2, [10, 10, 10]);
    wires.pump(link);
    expect(link.takeAll()).toEqual(deliveries);
    expect([link.queued, link.unsettled]).toEqual([0, 0]);
  });

  it('writes nothing before its attach is on the wire', () => {
    const wires = new Wires();
    const link = new SenderLink(OPTIONS, { closed: () => undefined });
    const output = new Output();
    output.open(TRANSFER_HEADER_SIZE);
    link.send(
      new OutgoingDelivery(output.slab, 33, 33, false, 0, { destination: 'q', deliveryEnded: () => undefined }),
    );
    expect(wires.pump(link)).toEqual([]);
    link.attached(wires.session(0), rheaLink(1));
    expect(wires.pump(link)).toEqual([]);
    link.opened();
    expect(wires.pump(link)).toHaveLength(1);
  });

  it('keeps nothing back when somebody closes it while it gives messages up', () => {
    const wires = new Wires();
    const link = new SenderLink(
      { ...OPTIONS, maxRedeliveries: 0 },
      { closed: (closed, error) => closed.takeAll().forEach((delivery) => delivery.finish('aborted', error)) },
    );
    const owner = { destination: 'q', deliveryEnded: () => link.closed(new LinkError('stopped')) };
    const deliveries = [1, 2, 3].map((index) => {
      const output = new Output();
      output.open(TRANSFER_HEADER_SIZE);
      output.position += 10;
      return new OutgoingDelivery(output.slab, TRANSFER_HEADER_SIZE, output.position, false, index, owner);
    });
    link.attached(wires.session(0), rheaLink(10));
    link.opened();
    for (const delivery of deliveries) link.send(delivery);
    wires.pump(link);
    link.detached();
    expect(deliveries.map(({ status }) => status)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(link.queued).toBe(0);
  });

  it('is closed once', () => {
    const told: string[] = [];
    const link = new SenderLink(OPTIONS, { closed: (_link, error) => told.push(error.message) });
    link.closed(new LinkError('first'));
    link.closed(new LinkError('second'));
    expect([told, link.isClosed]).toEqual([['first'], true]);
  });
});
