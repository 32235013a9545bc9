import type { Messenger } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

const REASON = { condition: 'amqp:internal-error', description: 'the node is being mended' };

/** A messenger whose time stands still, and a peer that answers its next link without a node. */
async function nodeless(open: (messenger: Messenger, address: string) => void): Promise<{
  clock: FakeClock;
  wire: Wire;
  link: WireLink;
}> {
  const clock = new FakeClock();
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger({ environment: { clock }, timeout: -1, idleTimeout: 0 });
  messenger.on('error', () => undefined);
  open(messenger, peer.address('q'));
  const wire = await peer.accept();
  const link = await wire.answerLink({ attach: { source: null, target: null } });
  return { clock, wire, link };
}

/** Waits until the messenger has read what was sent: it answers what is sent next. */
async function read(wire: Wire): Promise<void> {
  await wire.begin({}, 5);
}

describe('a link that the peer answers without a node', () => {
  it('is refused with the reason of the detach, also when that comes late, and was never open before', async () => {
    let subscription: ReturnType<Messenger['subscribe']> | undefined;
    const scene = await nodeless((messenger, address) => (subscription = messenger.subscribe(address, { credit: 5 })));
    const ready = subscription!.ready();
    ready.catch(() => undefined);
    await read(scene.wire);
    expect([subscription!.state, scene.wire.unread.some(({ name }) => name === 'flow')]).toEqual(['opening', false]);
    scene.clock.advance(900);
    scene.wire.send('detach', { handle: scene.link.handle, closed: true, error: REASON }, scene.link.channel);
    await expect(ready).rejects.toMatchObject({ code: 'ERR_LINK', condition: REASON.condition });
    expect(subscription!.state).toBe('failed');
    expect(subscription!.error!.message).toContain(REASON.description);
  });

  it('aborts the messages for it with the reason of the detach, also when that comes late', async () => {
    let tracker: ReturnType<Messenger['put']> | undefined;
    const scene = await nodeless((messenger, address) => (tracker = messenger.put({ address, body: 1 })));
    await read(scene.wire);
    expect(tracker!.status).toBe('pending');
    scene.clock.advance(900);
    scene.wire.send('detach', { handle: scene.link.handle, closed: true, error: REASON }, scene.link.channel);
    expect(await tracker!.outcome()).toBe('aborted');
    expect(tracker!.error).toMatchObject({ code: 'ERR_LINK', condition: REASON.condition });
    expect(tracker!.error!.message).toContain(REASON.description);
  });

  it('aborts the messages for it when the peer neither says why nor gives credit', async () => {
    let tracker: ReturnType<Messenger['put']> | undefined;
    const scene = await nodeless((messenger, address) => (tracker = messenger.put({ address, body: 1 })));
    await read(scene.wire);
    scene.clock.advance(1000);
    expect(await tracker!.outcome()).toBe('aborted');
    expect(tracker!.error!.message).toContain('attached no node for q, and has not said why');
    expect((await scene.wire.read('detach')).fields).toMatchObject({ closed: true });
  });

  it('takes messages at once when the peer gives credit, as one does that never names its nodes', async () => {
    let tracker: ReturnType<Messenger['put']> | undefined;
    const scene = await nodeless((messenger, address) => (tracker = messenger.put({ address, body: 1 })));
    scene.wire.grant(scene.link, 1);
    await scene.wire.read('transfer');
    scene.wire.accept(scene.link, 0);
    expect(await tracker!.outcome()).toBe('accepted');
    scene.clock.advance(5000);
    await read(scene.wire);
    expect(scene.wire.unread.map(({ name }) => name)).not.toContain('detach');
  });

  it('gives messages when the peer says nothing for a second, as one does that never names its nodes', async () => {
    let subscription: ReturnType<Messenger['subscribe']> | undefined;
    let come: Promise<boolean> | undefined;
    const scene = await nodeless((messenger, address) => {
      subscription = messenger.subscribe(address, { credit: 5 });
      come = messenger.recv(-2);
    });
    await read(scene.wire);
    scene.clock.advance(1000);
    await subscription!.ready();
    await scene.wire.read('flow', ({ fields }) => fields['link_credit'] === 5);
    scene.wire.transfer(scene.link, 0, payload('a'));
    expect(await come).toBe(true);
  });
});
