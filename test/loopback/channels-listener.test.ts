import { Message, SseChannel, SseClient } from 'amqp-messenger/channels';
import type { AttachOptions, HttpRequest, MessageQueueListener, SseChannelOptions } from 'amqp-messenger/channels';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ask, readUntil, serve, until } from '../support/sse-server.js';

interface Tab {
  readonly client: SseClient;
  readonly seen: string[];
  reconnects: number;
}

function openTab(url: string): Tab {
  const tab: Tab = {
    client: new SseClient(url, { retry: 1, onReconnect: () => tab.reconnects++ }),
    seen: [],
    reconnects: 0,
  };
  onTestFinished(() => tab.client.close());
  void (async () => {
    for await (const { data } of tab.client) tab.seen.push(data);
  })().catch(() => undefined);
  return tab;
}

async function stage(
  options: SseChannelOptions = {},
  attach: AttachOptions<HttpRequest> = {},
): Promise<{ channel: SseChannel; user: MessageQueueListener; url: string; closeAll: () => void }> {
  const channel = new SseChannel({ retry: 1, ...options });
  const user = channel.addListener({ id: 'user-7' });
  const { url, server } = await serve(channel.handler({ ...attach, listener: () => user }));
  return { channel, user, url, closeAll: () => server.closeAllConnections() };
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${from + n}`);

const send = (channel: SseChannel, user: MessageQueueListener, from: number, to: number): void => {
  for (let n = from; n < to; n++) channel.dispatch(user.id, new Message('n', n));
};

describe('The clients of one listener', () => {
  it('each get all of its messages, and none loses its connection when another leaves', async () => {
    const { channel, user, url } = await stage();
    const [one, two] = [openTab(url), openTab(url)];
    await until(() => channel.clientCount === 2);
    send(channel, user, 0, 10);
    await until(() => one.seen.length >= 10 && two.seen.length >= 10);
    one.client.close();
    await until(() => channel.clientCount === 1);
    send(channel, user, 10, 15);
    await until(() => two.seen.length >= 15);
    expect([one.seen, two.seen]).toEqual([numbers(0, 10), numbers(0, 15)]);
    expect([one.reconnects, two.reconnects, user.isRunning]).toEqual([0, 0, true]);
  });

  it('get what they have missed when they reconnect, each from where it was, each message once', async () => {
    const { channel, user, url, closeAll } = await stage();
    const tabs = [openTab(url), openTab(url), openTab(url)];
    await until(() => channel.clientCount === 3);
    for (let round = 0; round < 5; round++) {
      send(channel, user, round * 20, round * 20 + 10);
      closeAll();
      send(channel, user, round * 20 + 10, round * 20 + 20);
      await until(() => channel.clientCount === 3);
    }
    await until(() => tabs.every(({ seen }) => seen.length >= 100));
    for (const { seen } of tabs) expect(seen).toEqual(numbers(0, 100));
    expect(tabs.every(({ reconnects }) => reconnects > 0)).toBe(true);
  });

  it('are asked the filter, also while the history is replayed', async () => {
    const filter: AttachOptions<HttpRequest>['filter'] = ({ message }, { url }) =>
      url?.includes('even') !== true || Number(message.payload) % 2 === 0;
    const { channel, user, url } = await stage({}, { filter });
    const whole = await ask(url);
    const even = await ask(`${url}?even`);
    send(channel, user, 0, 4);
    const [known = ''] = (await readUntil(whole, 'data: 3')).match(/(?<=id: ).+-1(?=\n)/) ?? [];
    expect((await readUntil(even, 'data: 2')).match(/data: ./g)).toEqual(['data: 0', 'data: 2']);
    const back = await ask(`${url}?even`, { 'last-event-id': known });
    send(channel, user, 4, 5);
    expect((await readUntil(back, 'data: 4')).match(/data: ./g)).toEqual(['data: 2', 'data: 4']);
  });

  it('are told the end, and the listener is gone', async () => {
    const { channel, user, url } = await stage();
    const [one, two] = [await ask(url), await ask(url)];
    send(channel, user, 0, 1);
    channel.dispatch(user.id, new Message('_eric_channel_closed'));
    for (const client of [one, two]) {
      expect(await readUntil(client, '_eric_channel_closed')).toContain('data: 0');
    }
    await until(() => channel.clientCount === 0);
    expect([channel.listeners, user.isRunning]).toEqual([[], false]);
  });

  it('end when the program stops the listener, and start it when they come back', async () => {
    const { channel, user, url } = await stage();
    const tab = openTab(url);
    await until(() => channel.clientCount === 1);
    user.stop();
    await until(() => tab.reconnects === 1 && channel.clientCount === 1);
    send(channel, user, 0, 1);
    await until(() => tab.seen.length === 1);
  });

  it('count among the clients of the channel, and end with them', async () => {
    const { channel, url } = await stage({ maxClients: 2 });
    await ask(url);
    await ask(url);
    expect((await ask(url)).statusCode).toBe(503);
    await channel.disconnect();
    expect(channel.clientCount).toBe(0);
  });

  it('get what the fastest of them can read, and one that does not read holds nobody back', async () => {
    const { channel, user, url } = await stage({ history: { limit: 10 }, listener: { capacity: Infinity } });
    const stuck = await ask(url);
    const tab = openTab(url);
    await until(() => channel.clientCount === 2);
    const payload = 'x'.repeat(100_000);
    for (let n = 0; n < 200; n++) channel.dispatch(user.id, new Message('n', payload));
    await until(() => tab.seen.length >= 200);
    expect(await readUntil(stuck, 'too-slow')).toContain('event: resync');
  });
});
