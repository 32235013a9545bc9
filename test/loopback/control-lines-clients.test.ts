import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SseChannelContainer } from '../../src/channels/sse-channel-container.js';
import { RawClient, dial, startServer } from '../unit/control/raw-clients.js';

/** A container with channel `c` and its listener `l`. */
function container(): SseChannelContainer {
  const made = new SseChannelContainer();
  made.add({ id: 'c' }).addListener({ id: 'l' });
  return made;
}

const REFUSED = (code: string) => ({ ok: false, error: { code } });

describe('a client of lines that has gone', () => {
  it('takes its streams and listeners with it, but for those with keep', async (test) => {
    const channels = container();
    const { path, server } = await startServer(test, { container: channels });
    const client = await RawClient.open(test, path);
    await client.ask({ id: 1, verb: 'register', channel: 'c', listener: 'mine' });
    await client.ask({ id: 2, verb: 'register', channel: 'c', listener: 'kept', keep: true });
    await client.ask({ id: 3, verb: 'watch', channel: 'c' });
    await client.ask({ id: 4, verb: 'listen', channel: 'c', listener: 'l' });
    expect(channels.get('c').listeners).toHaveLength(4);
    client.socket.destroy();
    while (server.connections > 0) await setImmediate();
    expect(channels.get('c').listeners.map(({ id, isRunning }) => [id, isRunning])).toEqual([
      ['l', false],
      ['kept', false],
    ]);
  });

  it('leaves alone a listener that another client has removed and made anew', async (test) => {
    const channels = container();
    const { path, server } = await startServer(test, { container: channels });
    const first = await RawClient.open(test, path);
    await first.ask({ id: 1, verb: 'register', channel: 'c', listener: 'x' });
    await first.ask({ id: 2, verb: 'removeListener', channel: 'c', listener: 'x' });
    const second = await RawClient.open(test, path);
    await second.ask({ id: 1, verb: 'register', channel: 'c', listener: 'x' });
    first.socket.destroy();
    while (server.connections > 1) await setImmediate();
    expect(channels.get('c').getListener('x').id).toBe('x');
  });
});

describe('a token', () => {
  it('is required before any other request, and a wrong one ends the connection', async (test) => {
    const { path } = await startServer(test, { token: 'open sesame' });
    for (const request of [
      { id: 1, verb: 'ping' },
      { id: 1, verb: 'hello' },
      { id: 1, verb: 'hello', token: 'open' },
      { id: 1, verb: 'hello', token: { length: 11 } },
    ]) {
      const client = await RawClient.open(test, path);
      client.send(request, { id: 2, verb: 'create' });
      expect(await client.read()).toMatchObject({ id: 1, ...REFUSED('ERR_AUTHENTICATION') });
      expect(await client.read()).toBeUndefined();
    }
    const client = await RawClient.open(test, path);
    expect(await client.ask({ id: 1, verb: 'hello', token: 'open sesame' })).toMatchObject({ ok: true });
    expect(await client.ask({ id: 2, verb: 'ping' })).toMatchObject({ ok: true });
  });
});

describe('a server on a port', () => {
  it('speaks both protocols there', async (test) => {
    const { server } = await startServer(test, { port: 0 });
    const { address } = server;
    if (!('port' in address)) throw new Error('It has no port.');
    const client = await RawClient.open(test, address);
    expect(await client.ask({ id: 1, verb: 'ping' })).toMatchObject({ id: 1, ok: true });
    const socket = await dial(test, { ...address, allowHalfOpen: true });
    socket.end('{"v":"c"}');
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^[-0-9a-f]{36}$/);
  });
});
