import type { Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { seededBelow } from '../support/seeded.js';
import { payload } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

/** The delivery-count that the peer begins with: it passes 2³² on the way. */
const FIRST_COUNT = 0xffff_fff0;
const SHARE = 20;

/** The peer's view of one link: what it may send, and what it has sent that is not settled. */
class PeerView {
  readonly #wire: Wire;
  readonly #link: WireLink;
  readonly #messenger: Messenger;
  #count = FIRST_COUNT;
  #limit = FIRST_COUNT;
  #id = 0;
  isDraining = false;
  /** Delivery-ids that were sent unsettled and have no outcome yet. */
  unsettled: number[] = [];

  constructor(wire: Wire, link: WireLink, messenger: Messenger) {
    this.#wire = wire;
    this.#link = link;
    this.#messenger = messenger;
  }

  get credit(): number {
    return (this.#limit - this.#count) | 0;
  }

  /** Reads what has come. `check` is called after each frame. */
  read(check: () => void): void {
    for (const { name, fields } of this.#wire.unread.splice(0)) {
      if (name === 'flow') {
        this.#limit = (Number(fields['delivery_count']) + Number(fields['link_credit'])) >>> 0;
        this.isDraining = fields['drain'] === true;
      }
      const { first, last = first } = fields;
      if (name === 'disposition') this.#settle(Number(first), Number(last));
      check();
    }
  }

  /** Waits until the messenger has seen all that was sent. */
  async sync(): Promise<void> {
    const { handle, channel } = this.#link;
    const windows = { next_outgoing_id: this.#id, incoming_window: 1000, outgoing_window: 1000 };
    this.#wire.send('flow', { ...windows, handle, echo: true, delivery_count: this.#count }, channel);
    const before = this.#wire.received;
    await this.#wire.until(() => this.#wire.received > before && this.#wire.unread.some(({ name }) => name === 'flow'));
  }

  send(kind: 'unsettled' | 'settled' | 'aborted'): void {
    const id = this.#id++;
    this.#count = (this.#count + 1) >>> 0;
    this.#wire.transfer(this.#link, id, payload(String(id)), {
      settled: kind === 'settled',
      aborted: kind === 'aborted',
    });
    if (kind === 'unsettled') this.unsettled.push(id);
  }

  /** The peer settles its oldest delivery by itself. */
  settleOldest(): void {
    const id = this.unsettled.shift();
    if (id === undefined) return;
    this.#wire.send('disposition', { role: false, first: id, last: id, settled: true }, this.#link.channel);
  }

  /** What is out in all: it must stay within the share. Messages that wait for get() and are settled count, too. */
  get outstanding(): number {
    return this.credit + Math.max(this.unsettled.length, this.#messenger.incoming);
  }

  #settle(first: number, last: number): void {
    this.unsettled = this.unsettled.filter((id) => id < first || id > last);
  }
}

async function attach(peer: ScriptedPeer, messenger: Messenger): Promise<{ wire: Wire; view: PeerView }> {
  const wire = await peer.accept();
  const link = await wire.answerLink({ attach: { initial_delivery_count: FIRST_COUNT } });
  return { wire, view: new PeerView(wire, link, messenger) };
}

/** Does one thing that a peer or a program may do. */
function act(view: PeerView, messenger: Messenger, below: (limit: number) => number): void {
  const move = below(8);
  if (move < 4 && view.credit > 0) view.send(move < 2 ? 'unsettled' : move === 2 ? 'settled' : 'aborted');
  else if (move === 4) view.settleOldest();
  else if (move === 5) messenger.get()?.accept();
  else if (move === 6) messenger.get();
  else if (move === 7) messenger.accept();
}

describe('credit of a fixed number', () => {
  it.each([1, 2, 3, 4])(
    'is never exceeded and never lost, whatever happens to its deliveries: seed %d',
    async (seed) => {
      const below = seededBelow(seed);
      const peer = await ScriptedPeer.listen();
      const messenger = createTrackingMessenger({ incomingWindow: -1, reconnect: { delay: 0 } });
      messenger.subscribe(peer.address('q'), { credit: SHARE });
      for (let life = 0; life < 4; life++) {
        const { wire, view } = await attach(peer, messenger);
        const check = (): void => expect(view.outstanding).toBeLessThanOrEqual(SHARE);
        for (let step = 0; step < 80; step++) {
          await view.sync();
          view.read(check);
          act(view, messenger, below);
        }
        // Once everything is got and accepted, the peer may send again.
        while (messenger.incoming > 0) messenger.get()?.accept();
        messenger.accept();
        while (view.credit < SHARE / 2) {
          await view.sync();
          view.read(check);
        }
        wire.destroy();
      }
    },
  );
});

describe('credit that recv() asks for', () => {
  it.each([5, 6, 7])(
    'is one for each message, also with drains, half messages and lost connections: seed %d',
    async (seed) => {
      const below = seededBelow(seed);
      const peer = await ScriptedPeer.listen();
      const messenger = createTrackingMessenger({ incomingWindow: -1, reconnect: { delay: 0 } });
      messenger.subscribe(peer.address('q'));
      let wanted = 60;
      await messenger.recv(wanted, { timeout: 0 }).catch(() => undefined);
      for (let life = 0; life < 3; life++) {
        const { wire, view } = await attach(peer, messenger);
        for (let step = 0; step < 20 && wanted > 0; step++) {
          await view.sync();
          view.read(() => expect(view.credit).toBeLessThanOrEqual(wanted));
          const before = messenger.incoming;
          const isHalf = below(4) === 0;
          if (view.credit === 0) continue;
          view.send(isHalf ? 'aborted' : below(2) === 0 ? 'settled' : 'unsettled');
          if (!isHalf) wanted--;
          await view.sync();
          view.read(() => undefined);
          while (!isHalf && messenger.incoming === before) await messenger.work();
          expect(messenger.receiving).toBe(wanted);
          if (below(2) === 0) messenger.get()?.accept();
        }
        wire.destroy();
        await messenger.work();
        expect(messenger.receiving).toBe(wanted);
      }
    },
  );
});
