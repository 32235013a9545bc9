import type { Messenger, MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { createMessenger, createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';

/** An address at which nothing listens. */
async function deadAddress(): Promise<string> {
  const peer = await ScriptedPeer.listen();
  await peer.close();
  return peer.address('q');
}

/** A messenger whose peer gives no credit, sends nothing and answers only the first link; its queue is full. */
async function stuck(options: MessengerOptions = {}): Promise<{ messenger: Messenger; address: string }> {
  const peer = await ScriptedPeer.listen();
  const address = peer.address('q');
  const messenger = createTrackingMessenger({ maxOutgoing: { messages: 1 }, ...options });
  const subscription = messenger.subscribe(address);
  await (await peer.accept()).answerLink();
  await subscription.ready();
  messenger.put({ address, body: 'a' });
  await messenger.work(-1);
  return { messenger, address };
}

type Call = (messenger: Messenger, address: string, signal?: AbortSignal) => Promise<unknown>;

const CALLS: [string, Call][] = [
  ['send()', (messenger, _address, signal) => messenger.send(-1, { signal })],
  ['recv()', (messenger, _address, signal) => messenger.recv(1, { signal })],
  ['ready()', (messenger, _address, signal) => messenger.ready({ signal })],
  ['work()', (messenger, _address, signal) => messenger.work(-1, signal && { signal })],
  ['request()', (messenger, address, signal) => messenger.request({ address }, { signal })],
  [
    'the ready() of a subscription',
    (messenger, address, signal) => messenger.subscribe(`${address}2`).ready({ signal }),
  ],
];

describe('a signal', () => {
  it.each([
    ...CALLS,
    ['a loop', (messenger, _address, signal) => messenger.receive({ signal }).next()] as [string, Call],
  ])('ends %s with its reason, before it begins and while it waits', async (_name, call) => {
    const { messenger, address } = await stuck();
    await expect(call(messenger, address, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
    const controller = new AbortController();
    const waiting = call(messenger, address, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(messenger.outgoing).toBe(1);
  });

  it('ends stop() and unsubscribe(), which go on all the same', async () => {
    const { messenger, address } = await stuck();
    const subscription = messenger.subscribe(address);
    const signal = AbortSignal.abort(new Error('no'));
    await expect(subscription.unsubscribe({ signal })).rejects.toThrow('no');
    expect(subscription.state).toBe('closed');
    await expect(messenger.stop({ signal })).rejects.toThrow('no');
    await messenger.stop();
    expect(messenger.stopped).toBe(true);
  });

  it('ends start() without leaving a rejection behind that nobody handles', async () => {
    const messenger = createMessenger();
    messenger.route('a', await deadAddress());
    const changed = new Promise((resolve) => messenger.on('connection', ({ to }) => to === 'closed' && resolve(to)));
    await expect(messenger.start({ checkRoutes: true, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
      'no',
    );
    expect(await changed).toBe('closed');
  });
});

describe('interrupt()', () => {
  it.each(CALLS)('ends %s', async (_name, call) => {
    const { messenger, address } = await stuck();
    const waiting = call(messenger, address);
    messenger.interrupt();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
  });

  it('ends all calls that wait, and not the next', async () => {
    const { messenger, address } = await stuck();
    const waiting = CALLS.map(([, call]) => call(messenger, address));
    messenger.interrupt();
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_INTERRUPTED' } });
    }
    await expect(messenger.recv(1, { timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  it('ends the next call that would wait when none does, but not one that need not', async () => {
    const { messenger } = await stuck();
    messenger.interrupt();
    expect(await messenger.send(0)).toBe(true);
    await expect(messenger.work(0)).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
    expect(await messenger.work(0)).toBe(false);
  });
});

describe('without blocking', () => {
  it.each<MessengerOptions>([{ blocking: false }, { passive: true }])(
    'a program that asks again and again gets everything done, with %j',
    async (options) => {
      const { url } = await startBroker();
      const messenger = createTrackingMessenger(options);
      messenger.subscribe(`${url}/q`);
      messenger.put({ address: `${url}/q`, body: 'a' });
      while (!(await messenger.send()));
      while (!(await messenger.recv()));
      expect(messenger.get()!.message.body).toBe('a');
      messenger.accept();
      await messenger.stop();
      while (!messenger.stopped) await messenger.work(0);
    },
  );

  it('work() returns at once in passive mode, and says whether something has happened', async () => {
    const { messenger } = await stuck();
    messenger.passive = true;
    while (await messenger.work(-1));
    expect(await messenger.work(-1)).toBe(false);
    expect(messenger.passive).toBe(true);
  });

  it('no call fails when it has nothing to wait for yet', async () => {
    const messenger = createMessenger({ blocking: false });
    expect(await messenger.send()).toBe(true);
    expect(await messenger.recv()).toBe(false);
    await messenger.stop();
    await expect(messenger.recv(1, { timeout: NaN })).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  it('credit that was asked for before anything was subscribed to is remembered', async () => {
    const server = createMessenger({ blocking: false });
    await server.recv(5);
    expect(server.receiving).toBe(5);
    const address = await listen(server);
    const client = createTrackingMessenger();
    client.put({ address, body: 'a' });
    await client.work();
    while (!(await server.recv(5)));
    expect(server.get()!.message.body).toBe('a');
  });
});

describe('messages that were given up', () => {
  it('are told by the next send(), whatever ended the one before', async () => {
    const messenger = createTrackingMessenger({ maxOutgoing: { messages: 5 } });
    const address = await deadAddress();
    const tracker = messenger.put({ address });
    await tracker.outcome();
    const { address: stuckAddress } = await stuck();
    messenger.put({ address: stuckAddress });
    await expect(messenger.send(-1, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    messenger.interrupt();
    await expect(messenger.send()).rejects.toMatchObject({ code: 'ERR_INTERRUPTED' });
    await expect(messenger.send(-1, { timeout: NaN })).rejects.toMatchObject({ code: 'ERR_OPTION' });
    await expect(messenger.send(-1, { timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    messenger.blocking = false;
    await expect(messenger.send()).rejects.toMatchObject({ code: 'ERR_SEND', trackers: [tracker] });
    expect(await messenger.send()).toBe(false);
  });
});

describe('counts of the wrong type', () => {
  it.each([NaN, 1.5, Infinity, '1', null, 2 ** 31])('are refused by recv(): %s', async (count) => {
    const messenger = createMessenger();
    // Callers without types may give anything.
    await expect(messenger.recv(count as number)).rejects.toMatchObject({ code: 'ERR_OPTION' });
    expect(messenger.receiving).toBe(0);
  });

  it.each([NaN, 1.5, Infinity, '1', null])('are refused by send(): %s', async (count) => {
    await expect(createMessenger().send(count as number)).rejects.toMatchObject({ code: 'ERR_OPTION' });
  });

  it.each([0, -1, NaN, 1.5, 2 ** 31, '1'])('are refused by grant() and receive(): %s', async (count) => {
    const { messenger, address } = await stuck();
    const refusal = expect.objectContaining({ code: 'ERR_OPTION' }) as Error;
    expect(() => messenger.subscribe(address).grant(count as number)).toThrow(refusal);
    expect(() => messenger.receive({ credit: count as number })).toThrow(refusal);
  });
});
