import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CHANNEL_CLOSED, Message } from '../../../src/channels/message.js';
import { MessageQueueListener } from '../../../src/channels/message-queue-listener.js';
import {
  ChannelQueueFullError,
  InvalidChannelError,
  InvalidListenerError,
  NoMessagesError,
  OptionError,
} from '../../../src/errors.js';
import { PlainChannel, typesOf } from './plain-channel.js';

const message = (type: string): Message => new Message(type);

describe('A listener', () => {
  it('is stopped when it is made, and is started and stopped any number of times', () => {
    const listener = new MessageQueueListener();
    const heard: string[] = [];
    listener.on('start', () => heard.push('start')).on('stop', () => heard.push('stop'));
    expect(listener.isRunning).toBe(false);
    listener.stop();
    listener.start();
    listener.start();
    expect(listener.isRunning).toBe(true);
    listener.stop();
    listener.start();
    expect(heard).toEqual(['start', 'stop', 'start']);
  });

  it('has an id that no other has and nobody can guess, unless it is given one', () => {
    const ids = [1, 2, 3].map(() => new MessageQueueListener().id);
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new MessageQueueListener({ id: 'alice' }).id).toBe('alice');
  });

  it.each([
    { id: '' },
    { capacity: 0 },
    { capacity: 1.5 },
    { overflow: 'drop' as 'throw' },
    { whileStopped: 'lose' as 'keep' },
  ])('is not made with %j', (options) => {
    expect(() => new MessageQueueListener(options)).toThrow(OptionError);
  });
});

describe('A channel', () => {
  it('broadcasts to each listener by a queue of its own', async () => {
    const channel = new PlainChannel();
    const [first, second] = [channel.addListener(), channel.addListener()];
    channel.broadcast(message('a'));
    first.start();
    second.start();
    expect(await channel.deliverNext(first.id)).toEqual(message('a'));
    await expect(channel.deliverNext(first.id)).rejects.toThrow(NoMessagesError);
    expect(await channel.deliverNext(second.id)).toEqual(message('a'));
  });

  it('gives a broadcast to the listeners that are registered by then, the same object to all', async () => {
    const channel = new PlainChannel();
    const [first, second] = [channel.watch(), channel.watch()];
    const sent = message('a');
    channel.broadcast(sent);
    const late = channel.watch();
    channel.broadcast(message('b'));
    expect((await first.next()).value).toBe(sent);
    expect((await second.next()).value).toBe(sent);
    expect(await typesOf(late, 1)).toEqual(['b']);
  });

  it('shows a listener as a consumer the messages in order, until it stops itself after two', async () => {
    const channel = new PlainChannel();
    const seen: string[] = [];
    const listener: MessageQueueListener = channel.addListener({
      onMessage: ({ type }) => {
        seen.push(type);
        if (seen.length === 2) listener.stop();
      },
    });
    for (const type of ['a', 'b', 'c']) channel.dispatch(listener.id, message(type));
    listener.start();
    expect(await typesOf(channel.messageStream(listener), 9)).toEqual(['a', 'b', 'done']);
    expect(seen).toEqual(['a', 'b']);
  });

  it('goes on with the second message when a loop has stopped the listener and it is started again', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    for (const type of ['a', 'b']) channel.dispatch(listener.id, message(type));
    const seen: string[] = [];
    for (let round = 0; round < 2; round++) {
      listener.start();
      for await (const { type } of channel.messageStream(listener)) {
        seen.push(type);
        listener.stop();
      }
    }
    expect(seen).toEqual(['a', 'b']);
  });

  it('gives nothing from a stopped listener, and keeps its messages until it is started', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    channel.dispatch(listener.id, message('a'));
    expect(await typesOf(channel.messageStream(listener), 1)).toEqual(['done']);
    await expect(channel.deliverNext(listener.id)).rejects.toThrow(/stopped/);
    listener.start();
    expect(await typesOf(channel.messageStream(listener), 1)).toEqual(['a']);
  });

  it('deliverNext takes a message only of a listener that is registered, runs, and has one', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    await expect(channel.deliverNext('nobody')).rejects.toThrow(InvalidListenerError);
    await expect(channel.deliverNext(listener.id)).rejects.toThrow(NoMessagesError);
    listener.start();
    await expect(channel.deliverNext(listener.id)).rejects.toThrow(NoMessagesError);
  });

  it('lists its listeners until they are removed', () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    expect(channel.listeners).toEqual([listener]);
    expect(channel.getListener(listener.id)).toBe(listener);
    channel.removeListener(listener.id);
    expect(channel.listeners).toEqual([]);
    for (const call of [
      () => channel.getListener(listener.id),
      () => channel.removeListener(listener.id),
      () => channel.dispatch(listener.id, message('a')),
    ]) {
      expect(call).toThrow(InvalidListenerError);
    }
  });

  it('refuses a second listener with an id it has', () => {
    const channel = new PlainChannel();
    channel.addListener({ id: 'x' });
    expect(() => channel.addListener({ id: 'x' })).toThrow(InvalidListenerError);
  });

  it('drops what waits for a listener that is registered again', () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    const dropped = vi.fn();
    listener.on('dropped', dropped);
    channel.broadcast(message('a'));
    channel.registerListener(listener);
    expect(dropped).toHaveBeenCalledExactlyOnceWith([message('a')]);
  });

  it('has queues of its own for a listener of several channels', async () => {
    const [one, two] = [new PlainChannel(), new PlainChannel()];
    const listener = one.addListener();
    two.registerListener(listener);
    listener.start();
    one.broadcast(message('a'));
    two.broadcast(message('b'));
    expect(await typesOf(two.messageStream(listener), 1)).toEqual(['b']);
    expect(await typesOf(one.messageStream(listener), 1)).toEqual(['a']);
  });

  it('lets two streams of one listener share its messages', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    listener.start();
    const streams = [channel.messageStream(listener), channel.messageStream(listener)];
    const pulled = Promise.all(streams.map((stream) => stream.next()));
    channel.broadcast(message('a'));
    channel.broadcast(message('b'));
    expect((await pulled).map(({ value }) => (value as Message).type).sort()).toEqual(['a', 'b']);
  });

  it('gives out one closing message for a listener that is not registered, and stops it', async () => {
    const channel = new PlainChannel();
    const listener = new MessageQueueListener();
    listener.start();
    expect(await typesOf(channel.messageStream(listener), 9)).toEqual([CHANNEL_CLOSED, 'done']);
    expect(listener.isRunning).toBe(false);
  });

  it('ends the streams of a listener that is removed, after one closing message', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    listener.start();
    const ended = [channel.messageStream(listener), channel.messageStream(listener)].map((s) => typesOf(s, 9));
    channel.removeListener(listener.id);
    expect(await ended[0]).toEqual([CHANNEL_CLOSED, 'done']);
    expect((await ended[1])?.at(-1)).toBe('done');
  });

  it('ends a stream by its signal, and keeps what it has not given out', async () => {
    const channel = new PlainChannel();
    const listener = channel.addListener();
    listener.start();
    const ending = new AbortController();
    const stream = channel.messageStream(listener, { signal: ending.signal });
    const waiting = typesOf(stream, 1);
    ending.abort();
    channel.broadcast(message('a'));
    expect(await waiting).toEqual(['done']);
    expect(await typesOf(channel.messageStream(listener, { signal: AbortSignal.abort() }), 1)).toEqual(['done']);
    expect(await typesOf(channel.messageStream(listener), 1)).toEqual(['a']);
  });

  it('leaves no listener on the signal of a stream that has ended, whatever has ended it', async () => {
    const channel = new PlainChannel();
    const { signal } = new AbortController();
    const listener = channel.addListener();
    listener.start();
    const [left, stopped, removed] = [1, 2, 3].map(() => channel.messageStream(listener, { signal }));
    const watched = channel.watch({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await left!.return?.();
    const ends = [stopped!.next(), removed!.next()];
    listener.stop();
    await Promise.all(ends);
    await watched.return?.();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives a listener only what its filter wants', async () => {
    const channel = new PlainChannel();
    const stream = channel.watch({ filter: ({ type }) => type.startsWith('b') });
    for (const type of ['a', 'b', 'c', 'bb']) channel.broadcast(message(type));
    expect(await typesOf(stream, 2)).toEqual(['b', 'bb']);
  });

  it('drops messages for a stopped listener with whileStopped: drop, and its event dropped says so', async () => {
    const channel = new PlainChannel({ listener: { whileStopped: 'drop' } });
    const listener = channel.addListener();
    const dropped = vi.fn();
    listener.on('dropped', dropped);
    channel.broadcast(message('a'));
    listener.start();
    channel.broadcast(message('b'));
    expect(dropped).toHaveBeenCalledExactlyOnceWith([message('a')]);
    expect(await typesOf(channel.messageStream(listener), 1)).toEqual(['b']);
  });

  it('awaits an async onMessage, and emits message when it has handled one', async () => {
    const channel = new PlainChannel();
    const heard: string[] = [];
    const listener = channel.addListener({
      onMessage: async ({ type }) => {
        await Promise.resolve();
        heard.push(`handled ${type}`);
      },
    });
    listener.on('message', ({ type }) => heard.push(`told ${type}`));
    listener.start();
    channel.broadcast(message('a'));
    await channel.deliverNext(listener.id);
    expect(heard).toEqual(['handled a', 'told a']);
  });
});

describe('The faults of the original are gone:', () => {
  it('nothing is polled: a stream that waits sets no timer and runs once per message', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const channel = new PlainChannel();
    const listener = channel.addListener();
    const deliveries = vi.spyOn(listener, 'isRunning', 'get');
    listener.start();
    const next = channel.messageStream(listener).next();
    await Promise.resolve();
    const looks = deliveries.mock.calls.length;
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(deliveries.mock.calls.length).toBe(looks);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    channel.broadcast(message('a'));
    expect((await next).value).toEqual(message('a'));
  });

  it('watch leaves no listener behind: not by return, by break, by its signal, nor unread', async () => {
    const channel = new PlainChannel();
    const unread = channel.watch();
    await unread.return?.();
    const ending = new AbortController();
    channel.watch({ signal: ending.signal });
    ending.abort();
    const waiting = channel.watch();
    const next = waiting.next();
    await waiting.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    const stream = channel.watch();
    channel.broadcast(message('a'));
    for await (const { type } of stream) {
      expect(type).toBe('a');
      break;
    }
    channel.watch({ signal: AbortSignal.abort() });
    expect(channel.listeners).toEqual([]);
  });

  it('queues are bounded: a broadcast reaches no listener when one has no room', async () => {
    const channel = new PlainChannel({ listener: { capacity: 2 } });
    const [slow, other] = [channel.addListener(), channel.addListener({ capacity: 9 })];
    for (const type of ['a', 'b']) channel.broadcast(message(type));
    expect(() => channel.broadcast(message('c'))).toThrow(ChannelQueueFullError);
    expect(() => channel.dispatch(slow.id, message('c'))).toThrow(ChannelQueueFullError);
    let isReady = false;
    const ready = channel.ready().then(() => (isReady = true));
    await Promise.resolve();
    expect(isReady).toBe(false);
    slow.start();
    await channel.deliverNext(slow.id);
    await ready;
    channel.broadcast(message('c'));
    other.start();
    expect(await typesOf(channel.messageStream(other), 3)).toEqual(['a', 'b', 'c']);
  });

  it('ready ends by its signal, and when the full listener is removed', async () => {
    const channel = new PlainChannel({ listener: { capacity: 1 } });
    const listener = channel.addListener();
    channel.broadcast(message('a'));
    await expect(channel.ready({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const ready = channel.ready();
    channel.removeListener(listener.id);
    await ready;
  });

  it('the event dropped tells an overflow: drop-oldest drops the oldest message', async () => {
    const channel = new PlainChannel({ listener: { capacity: 1, overflow: 'drop-oldest' } });
    const listener = channel.addListener();
    const dropped = vi.fn();
    listener.on('dropped', dropped);
    for (const type of ['a', 'b']) channel.broadcast(message(type));
    expect(dropped).toHaveBeenCalledExactlyOnceWith([message('a')]);
    listener.start();
    expect(await typesOf(channel.messageStream(listener), 1)).toEqual(['b']);
  });

  it('notifyEnd ends the streams after the messages that wait, and removes the listeners; the channel stays open', async () => {
    const channel = new PlainChannel({ listener: { capacity: 1 } });
    const [first, second] = [channel.watch(), channel.watch()];
    channel.broadcast(message('a'));
    channel.notifyEnd();
    channel.broadcast(message('b'));
    expect(await typesOf(first, 9)).toEqual(['a', CHANNEL_CLOSED, 'done']);
    expect(await typesOf(second, 9)).toEqual(['a', CHANNEL_CLOSED, 'done']);
    expect(channel.listeners).toEqual([]);
    const later = channel.watch();
    channel.broadcast(message('c'));
    expect(await typesOf(later, 1)).toEqual(['c']);
  });

  it('notifyEnd keeps the messages that wait for a stopped listener, which takes no more', async () => {
    const channel = new PlainChannel();
    const seen: string[] = [];
    const listener = channel.addListener({ onMessage: ({ type }) => void seen.push(type) });
    channel.dispatch(listener.id, message('a'));
    channel.dispatch(listener.id, message(CHANNEL_CLOSED));
    expect(() => channel.dispatch(listener.id, message('b'))).toThrow(/told the end/);
    listener.start();
    expect(await typesOf(channel.messageStream(listener), 9)).toEqual(['a', CHANNEL_CLOSED, 'done']);
    expect(seen).toEqual(['a', CHANNEL_CLOSED]);
    expect(listener.isRunning).toBe(false);
  });

  it('a message is not lost when its handler fails: it comes again', async () => {
    const channel = new PlainChannel();
    let attempts = 0;
    const listener = channel.addListener({
      onMessage: () => {
        if (++attempts === 1) throw new RangeError('not now');
      },
    });
    listener.start();
    channel.broadcast(message('a'));
    channel.broadcast(message('b'));
    const stream = channel.messageStream(listener);
    await expect(stream.next()).rejects.toThrow(RangeError);
    expect((await stream.next()).done).toBe(true);
    expect(await typesOf(channel.messageStream(listener), 2)).toEqual(['a', 'b']);
  });

  it('a failed message goes to another stream that waits', async () => {
    const channel = new PlainChannel();
    let fail = (): void => undefined;
    let attempts = 0;
    const listener = channel.addListener({
      onMessage: () =>
        ++attempts > 1 ? undefined : new Promise((_, reject) => (fail = () => reject(new Error('no')))),
    });
    listener.start();
    channel.broadcast(message('a'));
    const failing = channel.messageStream(listener).next();
    const waiting = channel.messageStream(listener).next();
    await Promise.resolve();
    fail();
    await expect(failing).rejects.toThrow('no');
    expect((await waiting).value).toEqual(message('a'));
  });

  it('a closed channel ends every stream and takes nothing more', async () => {
    const channel = new PlainChannel();
    const stream = channel.watch();
    channel.broadcast(message('a'));
    await channel.close();
    await channel[Symbol.asyncDispose]();
    expect(await typesOf(stream, 9)).toEqual(['a', CHANNEL_CLOSED, 'done']);
    for (const call of [
      () => channel.broadcast(message('b')),
      () => channel.dispatch('x', message('b')),
      () => channel.addListener(),
      () => channel.watch(),
    ]) {
      expect(call).toThrow(InvalidChannelError);
    }
  });
});
