import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/channels/message.js';
import { SseChannelContainer } from '../../src/channels/sse-channel-container.js';
import { RawClient, dial, startServer } from '../unit/control/raw-clients.js';

/** A container with channel `c` and its listener `l`. */
function container(): SseChannelContainer {
  const made = new SseChannelContainer();
  made.add({ id: 'c' }).addListener({ id: 'l' });
  return made;
}

const REFUSED = (code: string) => ({ ok: false, error: { code } });

/** Requests on a connection, and what answers them. */
const ANSWERS: readonly [title: string, request: object, answer: object][] = [
  ['hello', { verb: 'hello' }, { ok: true, result: { protocol: 1, maxFrameSize: 1_048_576, maxStreams: 100 } }],
  ['ping', { verb: 'ping' }, { ok: true, result: null }],
  ['create with an id', { verb: 'create', channel: 'new' }, { ok: true, result: 'new' }],
  ['create with an id that is taken', { verb: 'create', channel: 'c' }, REFUSED('ERR_INVALID_CHANNEL')],
  ['register', { verb: 'register', channel: 'c', listener: 'new', capacity: 5 }, { ok: true, result: 'new' }],
  [
    'register with an id that is taken',
    { verb: 'register', channel: 'c', listener: 'l' },
    REFUSED('ERR_INVALID_LISTENER'),
  ],
  ['register with a capacity that cannot be', { verb: 'register', channel: 'c', capacity: -1 }, REFUSED('ERR_OPTION')],
  ['register on an unknown channel', { verb: 'register', channel: 'x' }, REFUSED('ERR_INVALID_CHANNEL')],
  ['dispatch', { verb: 'dispatch', channel: 'c', listener: 'l', type: 't', payload: [1] }, { ok: true, result: null }],
  [
    'dispatch to an unknown listener',
    { verb: 'dispatch', channel: 'c', listener: 'x', type: 't' },
    REFUSED('ERR_INVALID_LISTENER'),
  ],
  ['dispatch without a type', { verb: 'dispatch', channel: 'c', listener: 'l' }, REFUSED('ERR_REQUEST')],
  ['broadcast', { verb: 'broadcast', channel: 'c', type: 't' }, { ok: true, result: null }],
  ['broadcast on no channel', { verb: 'broadcast', type: 't' }, REFUSED('ERR_REQUEST')],
  ['broadcast on a channel that is no text', { verb: 'broadcast', channel: 1, type: 't' }, REFUSED('ERR_REQUEST')],
  ['listen to an unknown listener', { verb: 'listen', channel: 'c', listener: 'x' }, REFUSED('ERR_INVALID_LISTENER')],
  ['watch with a credit that cannot be', { verb: 'watch', channel: 'c', credit: -1 }, REFUSED('ERR_REQUEST')],
  ['removeListener', { verb: 'removeListener', channel: 'c', listener: 'l' }, { ok: true, result: null }],
  ['removeChannel', { verb: 'removeChannel', channel: 'c' }, { ok: true, result: null }],
  ['removeChannel of an unknown channel', { verb: 'removeChannel', channel: 'x' }, REFUSED('ERR_INVALID_CHANNEL')],
  ['cancel of no stream', { verb: 'cancel', stream: 5 }, { ok: true, result: false }],
  ['cancel without a stream', { verb: 'cancel' }, REFUSED('ERR_REQUEST')],
  ['no verb', {}, REFUSED('ERR_REQUEST')],
  ['an unknown verb', { verb: 'x' }, REFUSED('ERR_REQUEST')],
  ['a verb all objects have', { verb: 'constructor' }, REFUSED('ERR_REQUEST')],
  ['a verb that is no text', { verb: ['ping'] }, REFUSED('ERR_REQUEST')],
];

describe('the answers to lines', () => {
  it.for(ANSWERS)('%s', async ([, request, answer], test) => {
    const { path } = await startServer(test, { container: container() });
    const client = await RawClient.open(test, path);
    expect(await client.ask({ id: 'a', ...request })).toMatchObject({ id: 'a', ...answer });
    expect(await client.ask({ id: 1, verb: 'ping' })).toEqual({ id: 1, ok: true, result: null });
  });

  it('come in the order of the requests, many to a connection', async (test) => {
    const { path } = await startServer(test);
    const client = await RawClient.open(test, path);
    const ids = Array.from({ length: 500 }, (_, index) => index);
    client.send(...ids.map((id) => ({ id, verb: 'ping' })));
    const answers: unknown[] = [];
    while (answers.length < ids.length) answers.push(await client.read());
    expect(answers).toEqual(ids.map((id) => ({ id, ok: true, result: null })));
  });

  it('come to a last line without an end, and to lines that end as on Windows', async (test) => {
    const { path } = await startServer(test);
    const client = await RawClient.open(test, path);
    client.send('{"id":1,"verb":"ping"}\r\n\r\n{"id":2,"verb":"ping"}').socket.end();
    expect(await client.read()).toMatchObject({ id: 1, ok: true });
    expect(await client.read()).toMatchObject({ id: 2, ok: true });
    expect(await client.read()).toBeUndefined();
  });

  it('come to lines in pieces of a byte', async (test) => {
    const { path } = await startServer(test);
    const client = await RawClient.open(test, path);
    for (const byte of Buffer.from('{"id":"é","verb":"ping"}\n')) client.socket.write(Buffer.of(byte));
    expect(await client.read()).toMatchObject({ id: 'é', ok: true });
  });
});

describe('a stream of lines', () => {
  it('gives out the messages that wait and those that come, beside other requests, and ends with its listener', async (test) => {
    const { path } = await startServer(test, { container: container() });
    const client = await RawClient.open(test, path);
    await client.ask({ id: 1, verb: 'dispatch', channel: 'c', listener: 'l', type: 'one' });
    expect(await client.ask({ id: 2, verb: 'listen', channel: 'c', listener: 'l' })).toEqual({
      id: 2,
      ok: true,
      result: 'l',
    });
    expect(await client.read()).toMatchObject({ id: 2, event: { event: 'one', data: null } });
    expect(await client.ask({ id: 3, verb: 'ping' })).toMatchObject({ id: 3 });
    client.send({ id: 4, verb: 'removeListener', channel: 'c', listener: 'l' });
    const rest = [await client.read(), await client.read(), await client.read()];
    expect(rest).toContainEqual({ id: 4, ok: true, result: null });
    expect(rest).toContainEqual({
      id: 2,
      event: expect.objectContaining({ event: '_eric_channel_closed' }) as unknown,
    });
    expect(rest.at(-1)).toEqual({ id: 2, end: true });
  });

  it('ends when it is cancelled, and its watcher is forgotten', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const client = await RawClient.open(test, path);
    await client.ask({ id: 's', verb: 'watch', channel: 'c' });
    expect(channels.get('c').listeners).toHaveLength(2);
    client.send({ id: 1, verb: 'cancel', stream: 's' });
    const answers = [await client.read(), await client.read()];
    expect(answers).toContainEqual({ id: 's', end: true });
    expect(answers).toContainEqual({ id: 1, ok: true, result: true });
    expect(channels.get('c').listeners).toHaveLength(1);
  });

  it('sends no more than its credit', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const client = await RawClient.open(test, path);
    await client.ask({ id: 's', verb: 'listen', channel: 'c', listener: 'l', credit: 2 });
    for (const payload of [1, 2, 3]) channels.get('c').dispatch('l', new Message('n', payload));
    expect(await client.read()).toMatchObject({ event: { data: 1 } });
    expect(await client.read()).toMatchObject({ event: { data: 2 } });
    expect(await client.ask({ id: 1, verb: 'ping' })).toMatchObject({ id: 1 });
    client.send({ id: 2, verb: 'credit', stream: 's', credit: 1 });
    expect(await client.read()).toMatchObject({ event: { data: 3 } });
  });

  it('ends with an error when its watcher reads too slowly, and holds no other back', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const client = await RawClient.open(test, path);
    await client.ask({ id: 's', verb: 'watch', channel: 'c', credit: 0, capacity: 2 });
    for (let count = 0; count < 3; count++) channels.get('c').broadcast(new Message('n', count));
    expect(await client.read()).toMatchObject({ id: 's', ok: false, error: { code: 'ERR_QUEUE_FULL' } });
    expect(channels.get('c').listeners).toHaveLength(1);
  });

  it('ends with the error of a listener that throws, and the message waits on', async (test) => {
    const channels = container();
    const { path } = await startServer(test, { container: channels });
    const onMessage = () => {
      throw new RangeError('not this one');
    };
    channels.get('c').addListener({ id: 'strict', onMessage });
    channels.get('c').dispatch('strict', new Message('n'));
    const client = await RawClient.open(test, path);
    await client.ask({ id: 's', verb: 'listen', channel: 'c', listener: 'strict' });
    expect(await client.read()).toEqual({
      id: 's',
      ok: false,
      error: { name: 'RangeError', code: 'ERR_REQUEST', message: 'not this one' },
    });
  });

  it('needs an id of its own, and counts among the streams of its connection', async (test) => {
    const { path } = await startServer(test, { container: container(), maxStreams: 2 });
    const client = await RawClient.open(test, path);
    const open = (id: number) => client.ask({ id, verb: 'watch', channel: 'c' });
    expect(await open(1)).toMatchObject({ ok: true });
    expect(await open(1)).toMatchObject(REFUSED('ERR_REQUEST'));
    expect(await open(2)).toMatchObject({ ok: true });
    expect(await open(3)).toMatchObject(REFUSED('ERR_REQUEST'));
  });

  it('stops taking messages while the client reads nothing', async (test) => {
    const channels = container();
    const channel = channels.get('c');
    const big = 'x'.repeat(64 * 1024);
    channel.addListener({ id: 'big', capacity: 1000 });
    for (let count = 0; count < 200; count++) channel.dispatch('big', new Message('n', big));
    const { path } = await startServer(test, { container: channels });
    const socket = await dial(test, path);
    let taken = 0;
    channel.getListener('big').on('message', () => taken++);
    socket.pause().write('{"id":1,"verb":"listen","channel":"c","listener":"big"}\n');
    let before = -1;
    // Until a while has gone by in which nothing was taken.
    for (let quiet = 0; quiet < 50; quiet = taken === before ? quiet + 1 : 0) {
      before = taken;
      await setImmediate();
    }
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(100);
    let length = 0;
    for await (const piece of socket) {
      length += (piece as Buffer).length;
      if (length > 200 * big.length) break;
    }
    expect(taken).toBe(200);
  });
});
