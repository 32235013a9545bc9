import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/channels/message.js';
import { SseChannelContainer } from '../../src/channels/sse-channel-container.js';
import { FakeClock } from '../support/fake-clock.js';
import { ask, dial, listen, startServer } from '../unit/control/raw-clients.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A container with channel `1` and its listener `7`. */
function container(): SseChannelContainer {
  const made = new SseChannelContainer();
  made.add({ id: '1' }).addListener({ id: '7' });
  return made;
}

/** The reply table of the legacy protocol: what is sent, and what comes back. */
const REPLIES: readonly [title: string, request: string | Buffer | object, reply: string | RegExp][] = [
  ['c makes a channel', { v: 'c' }, UUID],
  ['c ignores a channel', { v: 'c', c: '1' }, UUID],
  ['r makes a listener', { v: 'r', c: '1' }, UUID],
  ['d dispatches', { v: 'd', c: '1', r: '7', t: 'hello', p: { a: [1] } }, 'ack'],
  ['d needs no payload', { v: 'd', c: '1', r: '7', t: 'hello' }, 'ack'],
  ['b broadcasts', { v: 'b', c: '1', t: 'hello', p: 1 }, 'ack'],
  ['rl removes a listener', { v: 'rl', c: '1', r: '7' }, 'ack'],
  ['rc removes a channel', { v: 'rc', c: '1' }, 'ack'],
  ['white space around a request is let be', ' \n{"v":"b","c":"1",\n "t":"x"}\r\n', 'ack'],
  ['nothing', '', "JSONDecodeError('Expecting value')"],
  ['no JSON', 'hello', "JSONDecodeError('Expecting value')"],
  ['half of a JSON object', '{"v":"b"', "JSONDecodeError('Expecting value')"],
  ['two objects', '{"v":"c"} {"v":"c"}', "JSONDecodeError('Extra data: char 10')"],
  ['braces in text', '{"v":"}\\"{"}x', "JSONDecodeError('Extra data: char 12')"],
  ['an array', [], "TypeError('list indices must be integers or slices, not str')"],
  ['a number', '1', "TypeError('the request is not an object')"],
  ['null', 'null', "TypeError('the request is not an object')"],
  ['no verb', '{"c": "1"}', `InvalidMessageFormat('{"c": "1"}')`],
  ['d without a type', '{"v":"d","c":"1"}', `InvalidMessageFormat('{"v":"d","c":"1"}')`],
  ['b without a type', '{"v":"b","c":"1"}', `InvalidMessageFormat('{"v":"b","c":"1"}')`],
  ['a type that is no text', '{"v":"b","c":"1","t":1}', `InvalidMessageFormat('{"v":"b","c":"1","t":1}')`],
  ['an unknown verb with a type', { v: 'x', t: 'hello' }, ''],
  ['an unknown verb without a type', '{"v":"x"}', `InvalidMessageFormat('{"v":"x"}')`],
  ['quotes in a request', `{"'": 1}`, `InvalidMessageFormat('{"\\'": 1}')`],
  ['r on an unknown channel', { v: 'r', c: '9' }, "InvalidChannelException('No channel with id 9')"],
  ['d on an unknown channel', { v: 'd', c: '9', t: '' }, "InvalidChannelException('No channel with id 9')"],
  ['b on an unknown channel', { v: 'b', c: '9', t: '' }, "InvalidChannelException('No channel with id 9')"],
  ['b on no channel', { v: 'b', t: '' }, "InvalidChannelException('No channel with id None')"],
  ['b on a channel that is no text', { v: 'b', c: 1, t: '' }, "InvalidChannelException('No channel with id None')"],
  ['l on an unknown channel', { v: 'l', c: '9' }, "InvalidChannelException('No channel with id 9')"],
  ['w on an unknown channel', { v: 'w', c: '9' }, "InvalidChannelException('No channel with id 9')"],
  ['rl on an unknown channel', { v: 'rl', c: '9' }, "InvalidChannelException('No channel with id 9')"],
  ['rc on an unknown channel', { v: 'rc', c: '9' }, "KeyError('9')"],
  ['d to an unknown listener', { v: 'd', c: '1', r: '8', t: '' }, "InvalidListenerException('Invalid listener 8')"],
  ['d to no listener', { v: 'd', c: '1', t: '' }, "InvalidListenerException('Invalid listener None')"],
  ['l to an unknown listener', { v: 'l', c: '1', r: '8' }, 'InvalidListenerException()'],
  ['rl of an unknown listener', { v: 'rl', c: '1', r: '8' }, "KeyError('8')"],
  ['a name all objects have', { v: 'constructor' }, `InvalidMessageFormat('{"v":"constructor"}')`],
  ['a key all objects have', '{"__proto__":{"v":"c"}}', `InvalidMessageFormat('{"__proto__":{"v":"c"}}')`],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), "UnicodeDecodeError('the request is not UTF-8')"],
];

describe('the replies of the legacy protocol', () => {
  it.for(REPLIES)('%s', async ([, request, reply], test) => {
    const { path } = await startServer(test, { container: container() });
    const answer = await ask(test, path, request);
    if (typeof reply === 'string') expect(answer).toBe(reply);
    else expect(answer).toMatch(reply);
  });
});

describe('a conversation in the legacy protocol', () => {
  it('creates, registers, broadcasts, dispatches, removes, and then finds nothing', async (test) => {
    const { path } = await startServer(test);
    const c = await ask(test, path, { v: 'c' });
    const r = await ask(test, path, { v: 'r', c });
    const replies: string[] = [];
    for (const request of [
      { v: 'b', c, t: 'test', p: 1 },
      { v: 'd', c, r, t: 'test', p: 2 },
      { v: 'rl', c, r },
      { v: 'd', c, r, t: 'test' },
      { v: 'rc', c },
      { v: 'b', c, t: 'test' },
    ]) {
      replies.push(await ask(test, path, request));
    }
    expect(replies).toEqual([
      'ack',
      'ack',
      'ack',
      `InvalidListenerException('Invalid listener ${r}')`,
      'ack',
      `InvalidChannelException('No channel with id ${c}')`,
    ]);
  });

  it('calls the channel once for a broadcast', async (test) => {
    const channels = container();
    const seen: Message[] = [];
    const channel = channels.get('1');
    const broadcast = channel.broadcast.bind(channel);
    channel.broadcast = (message) => {
      seen.push(message);
      broadcast(message);
    };
    const { path } = await startServer(test, { container: channels });
    expect(await ask(test, path, { c: '1', v: 'b', t: 'txt', p: 'Hi there!' })).toBe('ack');
    expect(seen).toEqual([new Message('txt', 'Hi there!')]);
  });

  it('waits for the end of the request, and replies after it', async (test) => {
    const { path } = await startServer(test, { container: container() });
    const socket = await dial(test, path);
    let reply = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (reply += piece));
    for (const piece of ['{"v":"b",', '"c":"1",\n', '"t":"x"}', '\n']) {
      socket.write(piece);
      await setImmediate();
    }
    // Another request has come and been answered meanwhile.
    await ask(test, path, { v: 'c' });
    expect(reply).toBe('');
    socket.end();
    await once(socket, 'end');
    expect(reply).toBe('ack');
  });
});

describe('a stream of the legacy protocol', () => {
  it('gives out the messages that wait for a listener and those that come, then the closing message, then ends', async (test) => {
    const { path } = await startServer(test, { container: container() });
    await ask(test, path, { v: 'd', c: '1', r: '7', t: 'one', p: 1 });
    const stream = await listen(test, path, { v: 'l', c: '1', r: '7' });
    expect(await object(stream)).toMatchObject({ event: 'one', data: 1 });
    await ask(test, path, { v: 'b', c: '1', t: 'two' });
    expect(await object(stream)).toMatchObject({ event: 'two', data: null });
    expect(await ask(test, path, { v: 'rl', c: '1', r: '7' })).toBe('ack');
    expect(await object(stream)).toMatchObject({ event: '_eric_channel_closed', data: null });
    expect((await stream.next()).done).toBe(true);
  });

  it('ends when the listener is stopped, and goes on in another one', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const listener = channels.get('1').getListener('7');
    listener.on('message', ({ type }) => {
      if (type === 'one') listener.stop();
    });
    await ask(test, path, { v: 'b', c: '1', t: 'one' });
    await ask(test, path, { v: 'b', c: '1', t: 'two' });
    const first = await ask(test, path, { v: 'l', c: '1', r: '7' });
    expect(JSON.parse(first)).toMatchObject({ event: 'one' });
    const second = await listen(test, path, { v: 'l', c: '1', r: '7' });
    expect(await object(second)).toMatchObject({ event: 'two' });
  });

  it('watches a channel until that is removed', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const stream = await listen(test, path, { v: 'w', c: '1' });
    while (channels.get('1').listeners.length < 2) await setImmediate();
    await ask(test, path, { v: 'b', c: '1', t: 'one' });
    expect(await object(stream)).toMatchObject({ event: 'one' });
    expect(await ask(test, path, { v: 'rc', c: '1' })).toBe('ack');
    expect(await object(stream)).toMatchObject({ event: '_eric_channel_closed' });
    expect((await stream.next()).done).toBe(true);
  });

  it('goes on after a message that has no JSON text', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const stream = await listen(test, path, { v: 'l', c: '1', r: '7' });
    channels.get('1').dispatch('7', new Message('bad', 1n));
    channels.get('1').dispatch('7', new Message('good', 1));
    expect(await object(stream)).toMatchObject({ event: '_eric_error', data: { error: { name: 'TypeError' } } });
    expect(await object(stream)).toMatchObject({ event: 'good' });
  });

  it('notices a client that has gone from a quiet stream', async (test) => {
    const clock = new FakeClock();
    const channels = container();
    const { path, server } = await startServer(test, { container: channels, clock, probeInterval: 5000 });
    const listener = channels.get('1').getListener('7');
    const started = once(listener, 'start');
    const socket = await dial(test, path);
    socket.end(JSON.stringify({ v: 'l', c: '1', r: '7' }));
    await started;
    const stopped = once(listener, 'stop');
    clock.advance(5000);
    expect(server.connections).toBe(1);
    socket.destroy();
    await once(socket, 'close');
    clock.advance(5000);
    await stopped;
    expect(channels.get('1').listeners).toEqual([listener]);
  });

  it('removes the listener of a watcher that has gone, once something is written', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const channel = channels.get('1');
    const socket = await dial(test, path);
    socket.end(JSON.stringify({ v: 'w', c: '1' }));
    while (channel.listeners.length < 2) await setImmediate();
    socket.destroy();
    while (channel.listeners.length > 1) {
      channel.broadcast(new Message('tick'));
      await setImmediate();
    }
  });

  it('stops a listener only when its last listening client has gone', async (test) => {
    const channels = container();
    const { path, server } = await startServer(test, { container: channels });
    const listener = channels.get('1').getListener('7');
    const first = await dial(test, path);
    first.end(JSON.stringify({ v: 'l', c: '1', r: '7' }));
    const second = await dial(test, path);
    second.end(JSON.stringify({ v: 'l', c: '1', r: '7' }));
    while (!listener.isRunning || server.connections < 2) await setImmediate();
    first.destroy();
    while (server.connections > 1) {
      channels.get('1').dispatch('7', new Message('tick'));
      await setImmediate();
    }
    expect(listener.isRunning).toBe(true);
    second.destroy();
    while (server.connections > 0) {
      channels.get('1').dispatch('7', new Message('tick'));
      await setImmediate();
    }
    expect(listener.isRunning).toBe(false);
  });
});

describe('a legacy request to a server with a token', () => {
  it('needs the token, and learns nothing else without it', async (test) => {
    const { path } = await startServer(test, { container: container(), token: 'open sesame' });
    const request = { v: 'b', c: '1', t: 'x' };
    const refusal = "AuthenticationError('The server wants a token. Send it with the key token.')";
    expect(await ask(test, path, request)).toBe(refusal);
    expect(await ask(test, path, { ...request, token: 'open' })).toBe(refusal);
    expect(await ask(test, path, { ...request, token: ['open sesame'] })).toBe(refusal);
    expect(await ask(test, path, { ...request, token: 'open sesame' })).toBe('ack');
  });
});

async function object(stream: AsyncIterator<string>): Promise<unknown> {
  const line = await stream.next();
  return JSON.parse(String(line.value));
}
