import { describe, expect, it } from 'vitest';
import { createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { memoryInUse } from '../support/memory.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';

describe('a message with a ttl or an expiry time', () => {
  it('expires when the peer does not take it in time, without an error of send()', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const ended: unknown[] = [];
    messenger.on('status', ({ status }) => ended.push(status));
    const trackers = [{ ttl: 5 }, { expiryTime: Date.now() + 10 }].map((times) =>
      messenger.put({ address: peer.address('q'), body: 'a', ...times }),
    );
    const kept = messenger.put({ address: peer.address('q'), body: 'kept', ttl: 60_000 });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    for (const tracker of trackers) await tracker.outcome();
    expect(trackers.map(({ status }) => status)).toEqual(['expired', 'expired']);
    expect(trackers[0]!.error).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect([ended, messenger.outgoing, messenger.stats().outgoing.ended.expired]).toEqual([
      ['expired', 'expired'],
      1,
      2,
    ]);
    wire.grant(link, 10);
    expect((await wire.read('transfer')).payload.toString()).toContain('kept');
    wire.accept(link, 0);
    expect(await kept.outcome()).toBe('accepted');
    expect(wire.unread.map(({ name }) => name)).not.toContain('transfer');
  });

  it.each([{ ttl: 0 }, { expiryTime: 0 }, { expiryTime: new Date(1) }])(
    'of %j has expired when it is put, and nothing is opened for it',
    async (times) => {
      const messenger = createTrackingMessenger();
      const tracker = messenger.put({ address: 'amqp://127.0.0.1:1/q', ...times });
      expect([tracker.status, messenger.outgoing, messenger.stopped]).toEqual(['expired', 0, true]);
      expect(await messenger.send()).toBe(true);
    },
  );

  it.each([{ ttl: NaN }, { ttl: 'soon' as unknown as number }, { expiryTime: new Date(NaN) }])(
    'of %j is refused, and nothing is queued',
    (times) => {
      const messenger = createTrackingMessenger();
      expect(() => messenger.put({ address: 'amqp://127.0.0.1:1/q', ...times })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
      expect([messenger.outgoing, messenger.stopped]).toEqual([0, true]);
    },
  );

  it('does not expire while the peer has it, but does when it comes back', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ reconnect: { delay: 0 } });
    const kept = messenger.put({ address: peer.address('q'), body: 'kept' });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    wire.grant(link, 2);
    await wire.read('transfer');
    // It leaves before any timer can say that its time is over.
    const late = messenger.put({ address: peer.address('q'), body: 'late', ttl: 20 });
    await wire.read('transfer');
    // Its time is over when that of another is, put later and for longer.
    const other = await ScriptedPeer.listen();
    expect(
      await createTrackingMessenger()
        .put({ address: other.address('q'), ttl: 25 })
        .outcome(),
    ).toBe('expired');
    expect(late.status).toBe('pending');
    wire.destroy();
    expect(await late.outcome()).toBe('expired');
    const second = await peer.accept();
    second.grant(await second.answerLink(), 2);
    expect((await second.read('transfer')).payload.toString()).toContain('kept');
    expect(kept.status).toBe('pending');
  });

  it('expires on the link of a peer that has attached another to the same node', async () => {
    const messenger = createTrackingMessenger({ containerIdsAsHosts: true });
    const wire = await Wire.dial(Number(new URL(await listen(messenger)).port));
    await wire.begin();
    await wire.attach('receiver', 'feed');
    const before = messenger.put({ address: 'amqp://scripted/feed', ttl: 5 });
    await wire.attach('receiver', 'feed');
    const after = messenger.put({ address: 'amqp://scripted/feed', ttl: 5 });
    expect(await Promise.all([before.outcome(), after.outcome()])).toEqual(['expired', 'expired']);
  });

  it('leaves nothing in memory behind when the peer never takes any', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger();
    const put = async (count: number): Promise<void> => {
      const body = Buffer.alloc(1000);
      let last;
      for (let number = 0; number < count; number++) last = messenger.put({ address: peer.address('q'), body, ttl: 1 });
      await last?.outcome();
      await messenger.send();
    };
    messenger.put({ address: `${(await startBroker()).url}/q` });
    await put(1000);
    const before = memoryInUse();
    for (let round = 0; round < 10; round++) await put(1000);
    expect(messenger.outgoing).toBe(0);
    expect(memoryInUse() - before).toBeLessThan(2_000_000);
  });
});
