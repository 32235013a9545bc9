import { Messenger } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { afterEach, describe, expect, it, vi } from 'vitest';

describe('with fake timers, as docs/testing-your-service.md sets them', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('messages go to a broker and back while the clock stands still, and time-outs come when it is turned', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'], now: 0 });
    await using broker = await new EmbeddedBroker({ port: 0 }).start();
    await using messenger = new Messenger({ outgoingWindow: 1, incomingWindow: 1 });
    const address = `${broker.url}/orders`;
    const tracker = messenger.put({ address, body: 'order 1' });
    await messenger.send();
    messenger.subscribe(address);
    await messenger.recv();
    messenger.get()!.accept();
    expect([tracker.status, Date.now()]).toEqual(['accepted', 0]);

    const late = messenger.recv(1, { timeout: 5000 });
    await Promise.all([expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' }), vi.advanceTimersByTimeAsync(5000)]);
  });
});
