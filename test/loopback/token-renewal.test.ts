import type { Messenger, MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { createTrackingMessenger, receive } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

const MINUTE = 60_000;

interface Stage {
  readonly clock: FakeClock;
  readonly peer: ScriptedPeer;
  readonly messenger: Messenger;
}

/** A messenger whose tokens live for a minute of a clock that the test turns, and its peer. */
async function stage(options: MessengerOptions = {}): Promise<Stage> {
  const clock = new FakeClock();
  const peer = await ScriptedPeer.listen();
  const token = (): { value: string; expires: number } => ({ value: 't', expires: clock.wallNow() + MINUTE });
  const environment = { clock };
  const messenger = createTrackingMessenger({ sasl: { token }, idleTimeout: 0, timeout: -1, environment, ...options });
  return { clock, peer, messenger };
}

/** The next connection, logged in by a token. */
async function connection({ peer }: Stage): Promise<Wire> {
  const wire = await peer.accept();
  await wire.answerOpen({}, ['XOAUTH2']);
  return wire;
}

async function link(wire: Wire, attach: object = {}): Promise<WireLink> {
  await wire.answerBegin();
  return wire.answerAttach({ ...attach });
}

/** Lets the half minute go by after which the connection is made anew. */
function untilRenewal({ clock }: Stage): void {
  clock.advance(MINUTE / 2);
}

/** Turns the clock on, as often as it takes, until a connection is closed in order. */
async function closed(wire: Wire, { clock }: Stage): Promise<void> {
  const tick = setInterval(() => clock.advance(20), 1);
  await wire.read('close').finally(() => clearInterval(tick));
}

/** A message whose correlation-id has two characters. */
function answerTo(id: string, body: string): Buffer {
  const properties = Buffer.from([0, 0x53, 0x73, 0xc0, 10, 6, 0x40, 0x40, 0x40, 0x40, 0x40, 0xa1, 2]);
  return Buffer.concat([properties, Buffer.from(id), payload(body)]);
}

const transfersOf = (wire: Wire): number => wire.unread.filter(({ name }) => name === 'transfer').length;

describe('a connection that is made anew because its token expires', () => {
  it('waits for the outcomes of what was sent, and later messages wait for the next one', async () => {
    const scene = await stage();
    const { messenger, peer } = scene;
    const trackers = [messenger.put({ address: peer.address('q'), body: 'first' })];
    const wire = await connection(scene);
    const before = await link(wire);
    wire.grant(before, 10);
    await wire.read('transfer');
    untilRenewal(scene);
    trackers.push(messenger.put({ address: peer.address('q'), body: 'second' }));
    scene.clock.advance(1000);
    wire.accept(before, 0);
    expect(await trackers[0]!.outcome()).toBe('accepted');
    await closed(wire, scene);
    expect(transfersOf(wire)).toBe(0);
    const next = await connection(scene);
    const after = await link(next);
    next.grant(after, 10);
    expect((await next.read('transfer')).payload.toString('latin1')).toContain('second');
    next.accept(after, 0);
    expect(await trackers[1]!.outcome()).toBe('accepted');
    expect(transfersOf(next)).toBe(0);
  });

  it('waits for the outcomes of what the program has, and releases what nobody has got', async () => {
    const scene = await stage();
    const { messenger, peer } = scene;
    messenger.subscribe(peer.address('q'), { credit: 5 });
    const wire = await connection(scene);
    const before = await link(wire);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 5);
    const come = receive(messenger, 1);
    wire.transfer(before, 0, payload('held'));
    const [held] = await come;
    const waiting = messenger.recv();
    wire.transfer(before, 1, payload('waits'));
    await waiting;
    untilRenewal(scene);
    await wire.read('flow', ({ fields }) => fields['link_credit'] === 0);
    const { fields } = await wire.read('disposition');
    expect(fields).toMatchObject({ first: 1, last: 1, settled: true, state: { type: 'released' } });
    expect(messenger.incoming).toBe(0);
    scene.clock.advance(5000);
    held!.accept();
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 0, state: { type: 'accepted' } });
    await closed(wire, scene);
    expect(held!.tracker.status).toBe('accepted');
    const next = await connection(scene);
    const after = await link(next);
    await next.read('flow', ({ fields: { link_credit: credit } }) => credit === 5);
    const again = receive(messenger, 1);
    next.transfer(after, 0, payload('waits'));
    expect((await again)[0]!.message.body).toBe('waits');
  });

  it('lets a program send what it must before the message it has gets its outcome', async () => {
    const scene = await stage();
    const { messenger, peer } = scene;
    messenger.subscribe(peer.address('q'), { credit: 5 });
    const wire = await connection(scene);
    const before = await link(wire);
    const come = receive(messenger, 1);
    wire.transfer(before, 0, payload('question'));
    const [question] = await come;
    const ready = messenger.put({ address: peer.address('out'), body: 'warm up' });
    const out = await link(wire);
    wire.grant(out, 10);
    await wire.read('transfer');
    wire.accept(out, 0);
    await ready.outcome();
    untilRenewal(scene);
    const answer = messenger.put({ address: peer.address('out'), body: 'answer' });
    await wire.read('transfer');
    wire.accept(out, 1);
    expect(await answer.outcome()).toBe('accepted');
    question!.accept();
    await closed(wire, scene);
    expect([question!.tracker.status, transfersOf(wire)]).toEqual(['accepted', 0]);
  });

  it('waits for the answers to requests, and later requests go out over the next one', async () => {
    const scene = await stage();
    const { messenger, peer } = scene;
    const request = async (id: string): Promise<unknown> =>
      (await messenger.request({ address: peer.address('calc'), id })).body;
    const first = request('i1');
    const wire = await connection(scene);
    const replies = await link(wire, { source: { address: 'node-1' } });
    const questions = await link(wire);
    wire.grant(questions, 10);
    await wire.read('transfer');
    wire.accept(questions, 0);
    untilRenewal(scene);
    const second = request('i2');
    scene.clock.advance(5000);
    wire.transfer(replies, 0, answerTo('i1', 'one'));
    expect(await first).toBe('one');
    await closed(wire, scene);
    expect(transfersOf(wire)).toBe(0);
    const next = await connection(scene);
    const links = [await link(next, { source: { address: 'node-2' } }), await link(next)];
    next.grant(links[1]!, 10);
    const asked = await next.read('transfer');
    expect(asked.payload.toString('latin1')).toContain('node-2');
    next.accept(links[1]!, 0);
    next.transfer(links[0]!, 0, answerTo('i2', 'two'));
    expect(await second).toBe('two');
  });

  it('is made anew all the same when an outcome does not come in time, and the message goes out again', async () => {
    const scene = await stage();
    const { messenger, peer } = scene;
    const tracker = messenger.put({ address: peer.address('q'), body: 'first' });
    const wire = await connection(scene);
    wire.grant(await link(wire), 10);
    await wire.read('transfer');
    untilRenewal(scene);
    scene.clock.advance(19_900);
    messenger.put({ address: peer.address('q'), body: 'second' });
    expect(wire.unread.map(({ name }) => name)).not.toContain('close');
    scene.clock.advance(200);
    await wire.read('close');
    expect(transfersOf(wire)).toBe(0);
    const next = await connection(scene);
    const after = await link(next);
    next.grant(after, 10);
    await next.readAll('transfer', 2);
    next.accept(after, 0, 1);
    expect(await tracker.outcome()).toBe('accepted');
  });
});
