import type { Tracker } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { OutgoingDelivery } from '../../src/queue/outgoing-delivery.js';
import type { Cut } from '../support/fault-proxy.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { seededBelow } from '../support/seeded.js';

/** Comes back at once. */
const QUICK = { initial: true, delay: 1, maxDelay: 2 };

const ADDRESSES = ['q0', 'q1', 'q2', 'q3'];
const MESSAGES = 20_000;

interface Sent {
  readonly id: string;
  readonly address: string;
  readonly tracker: Tracker;
}

/** Connections that are cut. Others are left alone, or none might ever get its outcomes back on a busy machine. */
const MOST_CUTS = 100;

/** Cuts connections at any byte from the protocol header on, on the way there or on the way back. */
function seededCuts(seed: number): (connection: number) => Cut | undefined {
  const below = seededBelow(seed);
  return (connection) =>
    connection >= MOST_CUTS
      ? undefined
      : below(3) === 0
        ? { way: 'in', after: 1 + below(2000) }
        : { way: 'out', after: 1 + below(80_000) };
}

/** How often each value is there. */
function counts(values: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return found;
}

/** How often a message was unsettled when a connection was lost. */
function replays({ tracker }: Sent): number {
  return tracker instanceof OutgoingDelivery ? tracker.redeliveries : NaN;
}

describe('20,000 messages sent through connections that are cut at random', () => {
  it.each([1, 2026])(
    'arrive all, in order, with no copies but of what was unsettled, and every tracker ends (seed %i)',
    async (seed) => {
      const broker = await startBroker();
      const proxy = await FaultProxy.listen(broker.port, { cuts: seededCuts(seed) });
      const sender = createTrackingMessenger({ reconnect: QUICK });
      const below = seededBelow(seed + 1);
      const sent = Array.from({ length: MESSAGES }, (_, index): Sent => {
        const address = ADDRESSES[below(ADDRESSES.length)]!;
        const message = { id: `m${index}`, body: 'x'.repeat(below(1000)) };
        const tracker = sender.put({ ...message, address: `amqp://127.0.0.1:${proxy.port}/${address}` });
        return { id: message.id, address, tracker };
      });
      let settled = 0;
      await sender.send().finally(() => settled++);

      expect(proxy.cutConnections).toBeGreaterThanOrEqual(50);
      expect(settled).toBe(1);
      expect(sender.outgoing).toBe(0);
      expect(sender.stats().outgoing.ended).toMatchObject({ accepted: MESSAGES, aborted: 0 });

      const receiver = createTrackingMessenger();
      for (const address of ADDRESSES) {
        const expected = sent.filter((message) => message.address === address);
        const subscription = receiver.subscribe(`${broker.url}/${address}`);
        const deliveries = await receive(receiver, broker.queue(address).received);
        const ids = deliveries.map(({ message }) => String(message.id));
        await subscription.unsubscribe();
        // Every one, each for the first time in the order of put.
        expect([...new Set(ids)]).toEqual(expected.map(({ id }) => id));
        const copies = counts(ids);
        expect(expected.filter((message) => copies.get(message.id)! > 1 + replays(message))).toEqual([]);
      }
    },
  );

  it('arrive all with every byte on its own', async () => {
    const broker = await startBroker();
    const below = seededBelow(7);
    const proxy = await FaultProxy.listen(broker.port, {
      singleBytes: true,
      cuts: (connection) => (connection < 3 ? { way: 'out', after: 400 + below(3000) } : undefined),
    });
    const sender = createTrackingMessenger({ reconnect: QUICK });
    const bodies = Array.from({ length: 100 }, (_, index) => index);
    for (const body of bodies) sender.put({ address: `amqp://127.0.0.1:${proxy.port}/q`, body });
    await sender.send();
    expect(proxy.cutConnections).toBe(3);
    const receiver = createTrackingMessenger();
    receiver.subscribe(`${broker.url}/q`);
    const received = await receive(receiver, broker.queue('q').received);
    expect([...new Set(received.map(({ message }) => message.body))]).toEqual(bodies);
  });
});

describe('10,000 messages received through connections that are cut at random', () => {
  it('are each accepted in the end, and deliveries that were lost with a connection are aborted', async () => {
    // What goes out with a cut counts as delivered, and not every tenth cut is the fault of a message.
    const broker = await startBroker({ maxDeliveries: Infinity });
    const sender = createTrackingMessenger();
    const bodies = Array.from({ length: 10_000 }, (_, index) => index);
    for (const body of bodies) sender.put({ address: `${broker.url}/q`, body });
    await sender.send();

    const below = seededBelow(3);
    const proxy = await FaultProxy.listen(broker.port, {
      cuts: (connection) =>
        connection >= 20
          ? undefined
          : below(3) === 0
            ? { way: 'out', after: 1 + below(800) }
            : { way: 'in', after: 1 + below(20_000) },
    });
    const receiver = createTrackingMessenger({ reconnect: QUICK, blocking: false });
    receiver.subscribe(`amqp://127.0.0.1:${proxy.port}/q`);
    const trackers: Tracker[] = [];
    const seen = new Set<unknown>();
    while (broker.queue('q').accepted < bodies.length) {
      await receiver.recv();
      for (let next = receiver.get(); next !== undefined; next = receiver.get()) {
        seen.add(next.message.body);
        trackers.push(next.tracker);
        receiver.accept(next.tracker);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(proxy.cutConnections).toBeGreaterThanOrEqual(10);
    expect(seen.size).toBe(bodies.length);
    // One that was lost before get() is never given out; one that was lost after it could not be accepted any more.
    expect(new Set(trackers.map(({ status }) => status))).toEqual(new Set(['accepted']));
    expect(broker.queue('q')).toMatchObject({ accepted: bodies.length, depth: 0, outstanding: 0 });
  });
});

describe('an outcome that comes after a reconnect', () => {
  it('is for the right message, although delivery-ids begin again', async () => {
    const peer = await ScriptedPeer.listen();
    const sender = createTrackingMessenger({ reconnect: QUICK });
    const a = sender.put({ address: peer.address('q'), id: 'a', body: 1 });
    const first = await peer.accept();
    const link = await first.answerLink();
    first.grant(link, 10);
    await first.read('transfer');
    first.destroy();
    const b = sender.put({ address: peer.address('q'), id: 'b', body: 2 });

    const second = await peer.accept();
    const again = await second.answerLink();
    second.grant(again, 10);
    const [of, other] = await second.readAll('transfer', 2);
    expect([of!.fields['delivery_id'], other!.fields['delivery_id']]).toEqual([0, 1]);
    expect(of!.payload.includes('a')).toBe(true);
    second.accept(again, 1);
    expect(await b.outcome()).toBe('accepted');
    expect(a.status).toBe('pending');
    second.accept(again, 0);
    expect(await a.outcome()).toBe('accepted');
  });
});
