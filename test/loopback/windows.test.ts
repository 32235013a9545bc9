import type { Messenger, MessengerOptions, Tracker } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload } from '../support/wire-frames.js';

const LEFT = expect.objectContaining({
  code: 'ERR_TRACKER',
  message: expect.stringContaining('left the window') as string,
}) as Error;
const REFUSED = expect.objectContaining({ code: 'ERR_TRACKER' }) as Error;

/** A messenger that has sent so many messages and got them again. */
async function exchanged(count: number, options: MessengerOptions = {}) {
  const { url } = await startBroker();
  const messenger = createMessenger({ outgoingWindow: 3, incomingWindow: 3, ...options });
  const sent: Tracker[] = [];
  for (let body = 0; body < count; body++) sent.push(messenger.put({ address: `${url}/q`, body }));
  await messenger.send();
  messenger.subscribe(`${url}/q`);
  const got = (await receive(messenger, count)).map(({ tracker }) => tracker);
  return { messenger, sent, got, address: `${url}/q` };
}

const statuses = (messenger: Messenger, trackers: readonly Tracker[]): unknown[] =>
  trackers.map((tracker) => messenger.status(tracker));

describe('the windows', () => {
  it('limit the trackers that a messenger knows', async () => {
    const { messenger, sent, got } = await exchanged(5);
    expect(statuses(messenger, sent)).toEqual([undefined, undefined, 'accepted', 'accepted', 'accepted']);
    expect(statuses(messenger, got)).toEqual([undefined, undefined, 'pending', 'pending', 'pending']);
    messenger.accept();
    expect(statuses(messenger, got)).toEqual([undefined, undefined, 'accepted', 'accepted', 'accepted']);
    // The tracker itself knows for as long as somebody keeps it.
    expect([sent[0]!.status, got[0]!.status]).toEqual(['accepted', 'released']);
  });

  it.each([-1, -Infinity, Infinity, 1e300])('have no limit with %d', async (window) => {
    const { messenger, sent, got } = await exchanged(5, { outgoingWindow: window, incomingWindow: window });
    expect(statuses(messenger, sent)).toEqual(Array(5).fill('accepted'));
    messenger.accept();
    expect(statuses(messenger, got)).toEqual(Array(5).fill('accepted'));
  });

  it('may be changed between calls without effect on earlier outcomes', async () => {
    const { messenger, got, address } = await exchanged(5);
    messenger.incomingWindow = 100;
    // The first two have fallen out, and were released.
    expect(() => messenger.accept(got[0])).toThrow(LEFT);
    messenger.accept(got[4], { cumulative: true });
    expect(statuses(messenger, got)).toEqual([undefined, undefined, 'accepted', 'accepted', 'accepted']);
    expect(got.map(({ status }) => status)).toEqual(['released', 'released', 'accepted', 'accepted', 'accepted']);

    messenger.put({ address, body: 'a' });
    const [kept] = await receive(messenger, 1);
    messenger.incomingWindow = 0;
    messenger.put({ address, body: 'b' });
    await receive(messenger, 1);
    expect(kept!.tracker.status).toBe('pending');
    messenger.incomingWindow = 10;
    // What was got without a window is the last, and does not stand in the way.
    messenger.accept();
    expect(kept!.tracker.status).toBe('accepted');
  });

  it('of 0 keep no status, accept on get(), and refuse calls without effect', async () => {
    const { messenger, sent, got } = await exchanged(2, { outgoingWindow: 0, incomingWindow: 0 });
    expect([...statuses(messenger, sent), ...statuses(messenger, got)]).toEqual(Array(4).fill(undefined));
    expect([sent[0]!.status, got[0]!.status]).toEqual(['settled', 'accepted']);
    messenger.accept(got[0]);
    for (const call of ['reject', 'release', 'modify'] as const) {
      expect(() => messenger[call](got[0])).toThrow(expect.objectContaining({ code: 'ERR_STATE' }) as Error);
    }
  });

  it('of 0 send unsettled over a link that was attached for unsettled messages', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger({ outgoingWindow: 1, senderSettleMode: 'unsettled' });
    messenger.put({ address: peer.address('q'), body: 'a' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    expect(link.attach.fields).toMatchObject({ snd_settle_mode: 0 });
    messenger.outgoingWindow = 0;
    const tracker = messenger.put({ address: peer.address('q'), body: 'b' });
    wire.grant(link, 10);
    const transfers = await wire.readAll('transfer', 2);
    expect(transfers.map(({ fields }) => fields['settled'] === true)).toEqual([false, false]);
    wire.accept(link, 0, 1);
    expect(await tracker.outcome()).toBe('accepted');
  });

  it.each([NaN, 1.5, '3', null, undefined, {}])('are refused as %s, and stay what they were', (size) => {
    const messenger = createMessenger({ outgoingWindow: 2 });
    const refusal = expect.objectContaining({ code: 'ERR_OPTION' }) as Error;
    for (const name of ['outgoingWindow', 'incomingWindow'] as const) {
      expect(() => (messenger[name] = size as number)).toThrow(refusal);
      if (size != null) expect(() => createMessenger({ [name]: size as number })).toThrow(refusal);
    }
    expect(messenger.outgoingWindow).toBe(2);
  });
});

describe('settle()', () => {
  it('forgets outgoing messages, all through the last by default, and they go out all the same', async () => {
    const { messenger, sent, address } = await exchanged(3);
    messenger.settle(sent[1]);
    expect(statuses(messenger, sent)).toEqual(['accepted', undefined, 'accepted']);
    const tracker = messenger.put({ address, body: 'last' });
    messenger.settle();
    expect(statuses(messenger, [...sent, tracker])).toEqual([undefined, undefined, undefined, undefined]);
    await messenger.send();
    expect(tracker.status).toBe('accepted');
  });

  it.each(['released', 'accepted', 'rejected', 'modified'] as const)(
    'gives incoming messages the default outcome %s, one by one or all through one',
    async (defaultOutcome) => {
      const { messenger, got } = await exchanged(3, { defaultOutcome });
      messenger.settle(got[1], { cumulative: true });
      expect(got.map(({ status }) => status)).toEqual([defaultOutcome, defaultOutcome, 'pending']);
      messenger.settle(got[2]);
      expect(got[2]!.status).toBe(defaultOutcome);
    },
  );

  it('forgets incoming messages, and later outcomes for them throw', async () => {
    const { messenger, got } = await exchanged(3);
    messenger.accept(got[0]);
    messenger.settle(got[1], { cumulative: true });
    messenger.settle(got[2]);
    messenger.accept();
    expect(() => messenger.accept(got[2])).toThrow(LEFT);
    expect(got.map(({ status }) => status)).toEqual(['accepted', 'released', 'released']);
    expect(statuses(messenger, got)).toEqual([undefined, undefined, undefined]);
  });

  it('does nothing for an unused messenger', () => {
    const messenger = createMessenger();
    messenger.settle();
    messenger.accept();
    expect([messenger.outgoingTracker, messenger.incomingTracker]).toEqual([undefined, undefined]);
  });
});

describe('a tracker', () => {
  it('of another messenger, of the other direction, or none at all is refused', async () => {
    const [one, two] = [await exchanged(1), await exchanged(1)];
    const odd = [one.sent[0], {}, 'tracker', 5, null].map((tracker) => tracker as Tracker);
    for (const tracker of [two.got[0]!, ...odd]) {
      for (const call of ['accept', 'reject', 'release', 'modify'] as const) {
        expect(() => one.messenger[call](tracker)).toThrow(REFUSED);
      }
    }
    for (const tracker of [two.got[0]!, two.sent[0]!, ...odd.slice(1)]) {
      expect(() => one.messenger.status(tracker)).toThrow(REFUSED);
      expect(() => one.messenger.settle(tracker)).toThrow(REFUSED);
      expect(() => one.messenger.buffered(tracker)).toThrow(REFUSED);
    }
    expect(() => one.messenger.buffered(one.got[0]!)).toThrow(REFUSED);
  });

  it('that has left the window, or was settled, says so', async () => {
    const { messenger, got } = await exchanged(4, { incomingWindow: 2 });
    expect(() => messenger.reject(got[0], { condition: 'amqp:not-allowed' })).toThrow(LEFT);
    messenger.settle(got[3]);
    expect(() => messenger.release(got[3])).toThrow(LEFT);
    expect(got.map(({ status }) => status)).toEqual(['released', 'released', 'pending', 'released']);
  });

  it('tells whether its message has left', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const trackers = ['a', 'b'].map((body) => messenger.put({ address: peer.address('q'), body }));
    const wire = await peer.accept();
    const link = await wire.answerLink();
    expect(trackers.map((tracker) => messenger.buffered(tracker))).toEqual([true, true]);
    wire.grant(link, 1);
    await wire.read('transfer');
    expect(trackers.map((tracker) => messenger.buffered(tracker))).toEqual([false, true]);
    wire.accept(link, 0);
    await trackers[0]!.outcome();
    expect(messenger.buffered(trackers[0]!)).toBe(false);
  });
});

describe('get()', () => {
  it('returns undefined when no message has come', () => {
    const messenger = createMessenger();
    expect([messenger.get(), messenger.get(null), messenger.get({})]).toEqual([undefined, undefined, undefined]);
  });

  it('fills a message, and removes its former fields', async () => {
    const { messenger, address } = await exchanged(0);
    messenger.put({ address, subject: 'new', properties: { a: 1 }, body: [1, 2] });
    await messenger.recv();
    const into = { body: 'old', subject: 'old', groupId: 'old', extra: 'old' };
    const delivery = messenger.get(into)!;
    expect(into).toMatchObject({ address, subject: 'new', properties: { a: 1 }, body: [1, 2] });
    expect(Object.keys(into)).not.toEqual(expect.arrayContaining(['extra']));
    expect(into.groupId).toBeUndefined();
    expect(delivery.message.subject).toBe('new');
  });

  it('discards a message unread, and returns its tracker', async () => {
    const { messenger, address } = await exchanged(0);
    messenger.put({ address, body: 'a' });
    await messenger.recv();
    const tracker = messenger.get(null)!;
    expect(messenger.incomingTracker).toBe(tracker);
    messenger.accept();
    expect(tracker.status).toBe('accepted');
  });

  it.each<[string, (messenger: Messenger) => unknown]>([
    ['a frozen object', () => Object.freeze({ body: 'a' })],
    ['a sealed object', () => Object.seal({ body: 'a' })],
    ['an object with a field that cannot be changed', () => Object.defineProperty({}, 'body', { value: 'a' })],
    ['a list', () => []],
    ['a text', () => 'text'],
    ['a number', () => 5],
    ['a message that was received', (messenger) => messenger.get()!.message],
  ])('takes nothing when it is given %s to fill', async (_title, make) => {
    const { messenger, address } = await exchanged(0);
    messenger.put({ address, body: 'first' });
    messenger.put({ address, body: 'second' });
    await messenger.send();
    while (messenger.incoming < 2) await messenger.recv(2 - messenger.incoming);
    const into = make(messenger) as object;
    const left = messenger.incoming;
    expect(() => messenger.get(into)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error);
    expect(messenger.incoming).toBe(left);
    expect(messenger.get()).toBeDefined();
  });

  it('fills an object whose class has no setters', async () => {
    const { messenger, address } = await exchanged(0);
    messenger.put({ address, body: 'new' });
    await messenger.recv();
    class Fixed {
      get body(): string {
        return 'old';
      }
    }
    const into = new Fixed();
    messenger.get(into);
    expect(into.body).toBe('new');
  });

  it('rejects a message that cannot be filled in, and changes nothing', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createMessenger();
    messenger.subscribe(peer.address('q'), { credit: 4 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow');
    // The body is cut off: it makes no sense once somebody looks at it.
    wire.transfer(link, 0, payload('text').subarray(0, -1));
    wire.transfer(link, 1, payload('fine'), { settled: true });
    while (messenger.incoming < 2) await messenger.work();
    const into = { body: 'old' };
    expect(() => messenger.get(into)).toThrow(expect.objectContaining({ code: 'ERR_DECODE' }) as Error);
    expect((await wire.read('disposition')).fields).toMatchObject({ first: 0, state: { type: 'rejected' } });
    expect(into).toEqual({ body: 'old' });
    expect(messenger.get(into)!.message.body).toBe('fine');
    expect(messenger.receiving).toBe(4);
  });
});
