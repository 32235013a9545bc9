import { describe, expect, it } from 'vitest';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';
import type { Fields } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

const error = (condition: string): Fields => ({ error: { condition, description: 'because' } });

/** Ways in which a peer ends a link that has worked. */
const LOSSES: readonly [string, (wire: Wire, link: WireLink) => void][] = [
  ['detached', (wire, { handle, channel }) => wire.send('detach', { handle, closed: false }, channel)],
  ['closed', (wire, { handle, channel }) => wire.send('detach', { handle, closed: true }, channel)],
  ...['amqp:link:detach-forced', 'amqp:resource-limit-exceeded', 'amqp:precondition-failed', 'amqp:internal-error'].map(
    (condition): [string, (wire: Wire, link: WireLink) => void] => [
      `closed with ${condition}`,
      (wire, { handle, channel }) => wire.send('detach', { handle, closed: true, ...error(condition) }, channel),
    ],
  ),
  ['ended with its session', (wire, { channel }) => wire.send('end', error('amqp:internal-error'), channel)],
];

/** Answers the next link on the same connection, on a session of its own. */
async function attachedAgain(wire: Wire): Promise<WireLink> {
  await wire.answerBegin();
  const attach = await wire.read('attach');
  const { channel, fields } = attach;
  const { name, role, source, target } = fields;
  const isSender = role === true;
  const handle = 7;
  wire.send(
    'attach',
    { name, handle, role: !isSender, source, target, ...(isSender ? { initial_delivery_count: 0 } : {}) },
    channel,
  );
  return { channel, handle, attach };
}

describe('a link on which messages go out', () => {
  it.each(LOSSES)('that is %s comes back, and its messages go out again', async (_title, lose) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const told: unknown[] = [];
    messenger.on('error', (failure) => told.push(failure));
    const trackers = ['a', 'b', 'c'].map((body) => messenger.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 2);
    await wire.readAll('transfer', 2);
    wire.accept(link, 0);
    await trackers[0]!.outcome();
    lose(wire, link);
    const again = await attachedAgain(wire);
    wire.grant(again, 10);
    const bodies = (await wire.readAll('transfer', 2)).map((transfer) => transfer.payload.toString('latin1').at(-1));
    expect(bodies).toEqual(['b', 'c']);
    expect([trackers.map(({ status }) => status), told.length, peer.connections]).toEqual([
      ['accepted', 'pending', 'pending'],
      1,
      1,
    ]);
    expect(told[0]).toMatchObject({ code: 'ERR_LINK' });
  });

  it.each(['amqp:resource-deleted', 'amqp:not-allowed', 'amqp:link:stolen'])(
    'that is closed with %s is gone, and its messages say why',
    async (condition) => {
      const peer = await ScriptedPeer.listen();
      const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
      const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
      const wire = await peer.accept();
      const { handle, channel } = await wire.answerLink();
      wire.send('detach', { handle, closed: true, ...error(condition) }, channel);
      expect([await tracker.outcome(), tracker.error]).toMatchObject(['aborted', { condition }]);
    },
  );
});

describe('a message that makes the peer close its link', () => {
  /** Plays a peer that ends the session whenever `poison` comes, and accepts the rest. Returns how often each came. */
  function play(wire: Wire, link: WireLink, end: (wire: Wire, link: WireLink) => void): Map<string, number> {
    const seen = new Map<string, number>();
    void (async () => {
      for (let current = link; ; current = await attachedAgain(wire)) {
        wire.grant(current, 100);
        for (;;) {
          const { fields, payload: bytes } = await wire.read('transfer', ({ channel }) => channel === current.channel);
          const body = /(?:poison|.)$/s.exec(bytes.toString('latin1'))![0];
          seen.set(body, (seen.get(body) ?? 0) + 1);
          if (body === 'poison') break;
          // Slow enough for others to be under way beside it.
          setImmediate(() => wire.accept(current, Number(fields['delivery_id'])));
        }
        end(wire, current);
      }
    })().catch(() => undefined);
    return seen;
  }

  it.each(LOSSES.filter(([title]) => title.includes('error') || title.includes('session') || title.includes('failed')))(
    'is given up with the words of the peer after it was alone, and takes no other along: %s',
    async (_title, end) => {
      const peer = await ScriptedPeer.listen();
      const messenger = createTrackingMessenger({ outgoingWindow: 10, reconnect: { delay: 0 } });
      const bodies = ['a', 'b', 'poison', 'c', 'd'];
      const trackers = bodies.map((body) => messenger.put({ address: peer.address('q'), body }));
      const wire = await peer.accept();
      const seen = play(wire, await wire.answerLink(), end);
      const statuses = await Promise.all(trackers.map((tracker) => tracker.outcome()));
      expect(statuses).toEqual(['accepted', 'accepted', 'aborted', 'accepted', 'accepted']);
      expect(seen.get('poison')).toBe(3);
      expect(trackers[2]!.error).toMatchObject({ message: expect.stringContaining('because') as string });
      expect(peer.connections).toBe(1);
    },
  );
});

describe('a peer that repeats a detach or an end', () => {
  it.each(LOSSES)('loses no connection: a link that is %s', async (_title, lose) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const tracker = messenger.put({ address: peer.address('q'), body: 'a' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    lose(wire, link);
    // What it said of deliveries before is late, and so is a second word of farewell.
    wire.accept(link, 0);
    const again = await attachedAgain(wire);
    lose(wire, link);
    wire.grant(again, 1);
    await wire.read('transfer');
    wire.accept(again, 0);
    expect([await tracker.outcome(), peer.connections]).toEqual(['accepted', 1]);
  });
});

describe('a link on which messages come in', () => {
  it.each(LOSSES)('that is %s comes back with its credit', async (_title, lose) => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const subscription = messenger.subscribe(peer.address('q'), { credit: 10 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow');
    wire.transfer(link, 0, payload('a'));
    while (messenger.incoming === 0) await messenger.work();
    lose(wire, link);
    const again = await attachedAgain(wire);
    expect((await wire.read('flow')).fields).toMatchObject({ link_credit: 10 });
    // The peer will deliver it again.
    expect([messenger.incoming, subscription.state]).toEqual([0, 'open']);
    wire.transfer(again, 0, payload('a'));
    while (messenger.incoming === 0) await messenger.work();
    expect(messenger.get()!.message.body).toBe('a');
  });
});

describe('a broker that closes a link on purpose', () => {
  it('loses nothing', async () => {
    const broker = await startBroker();
    const messenger = createTrackingMessenger({ outgoingWindow: 100, reconnect: { delay: 1, maxDelay: 5 } });
    for (let round = 0; round < 5; round++) {
      broker.inject({ close: 'link', times: 1 });
      for (let body = 0; body < 20; body++) messenger.put({ address: `${broker.url}/q`, body });
      await messenger.send();
    }
    expect(messenger.stats().outgoing.ended).toMatchObject({ accepted: 100, aborted: 0 });
  });
});
