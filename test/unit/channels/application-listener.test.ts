import { describe, expect, it, vi } from 'vitest';
import { Message } from '../../../src/channels/message.js';
import { SignedMessage } from '../../../src/channels/signed-message.js';
import { SimpleDistributedApplicationListener } from '../../../src/channels/simple-distributed-application-listener.js';
import { SseChannel } from '../../../src/channels/sse-channel.js';
import { SseChannelContainer } from '../../../src/channels/sse-channel-container.js';
import { InvalidChannelError, InvalidMessageFormatError, OptionError } from '../../../src/errors.js';
import { PlainChannel, typesOf } from './plain-channel.js';

function createPair(): {
  channel: PlainChannel;
  alice: SimpleDistributedApplicationListener;
  bob: SimpleDistributedApplicationListener;
} {
  const channel = new PlainChannel();
  const alice = new SimpleDistributedApplicationListener(channel);
  const bob = new SimpleDistributedApplicationListener(channel);
  alice.start();
  bob.start();
  return { channel, alice, bob };
}

describe('A SimpleDistributedApplicationListener', () => {
  it('holds a conversation: Alice gets hello and stop, Bob hello_ack and stop', async () => {
    const { channel, alice, bob } = createPair();
    alice.setAction('hello', () => [new Message('hello_ack')]);
    bob.setAction('hello_ack', async () => {
      await Promise.resolve();
      return [new Message('stop')];
    });
    const ofAlice = typesOf(channel.messageStream(alice), 9);
    const ofBob = typesOf(channel.messageStream(bob), 2);
    channel.dispatch(alice.id, new SignedMessage(bob.id, 'hello'));
    expect(await ofAlice).toEqual(['hello', 'stop', 'done']);
    channel.dispatch(bob.id, new Message('stop'));
    expect(await ofBob).toEqual(['hello_ack', 'stop']);
    expect([alice.isRunning, bob.isRunning]).toEqual([false, false]);
  });

  it('signs its replies with its own id, and keeps their payload', async () => {
    const { channel, alice, bob } = createPair();
    alice.setAction('add', ({ content }) => [
      new Message(
        'sum',
        (content as number[]).reduce((a, b) => a + b),
      ),
    ]);
    channel.dispatch(alice.id, new Message('add', { sender_id: bob.id, payload: [1, 2, 3] }));
    await channel.deliverNext(alice.id);
    expect((await channel.deliverNext(bob.id)).payload).toEqual({ sender_id: alice.id, payload: 6 });
  });

  it('removes itself from the channel at the message remove', async () => {
    const { channel, alice, bob } = createPair();
    channel.dispatch(alice.id, new Message('remove'));
    expect(await typesOf(channel.messageStream(alice), 9)).toEqual(['remove', 'done']);
    expect(channel.listeners).toEqual([bob]);
  });

  it.each(['start', 'stop', 'remove', '_eric_channel_closed'])('refuses an action named %s', (name) => {
    const { alice } = createPair();
    expect(() => alice.setAction(name, () => undefined)).toThrow(OptionError);
  });

  it('emits unknown for a type without an action, and goes on', async () => {
    const { channel, alice } = createPair();
    const unknown = vi.fn();
    alice.on('unknown', unknown);
    channel.dispatch(alice.id, new Message('what', 1));
    await channel.deliverNext(alice.id);
    expect(unknown).toHaveBeenCalledExactlyOnceWith(new Message('what', 1));
  });

  it('throws the error of an action, and does not take it for an unknown type', async () => {
    const { channel, alice } = createPair();
    alice.setAction('fail', () => {
      throw new RangeError('mine');
    });
    channel.dispatch(alice.id, new SignedMessage('x', 'fail'));
    await expect(channel.deliverNext(alice.id)).rejects.toThrow(RangeError);
  });

  it('throws when a message has no sender', async () => {
    const { channel, alice } = createPair();
    alice.setAction('hello', () => undefined);
    channel.dispatch(alice.id, new Message('hello', {}));
    await expect(channel.deliverNext(alice.id)).rejects.toThrow(InvalidMessageFormatError);
  });

  it('emits undeliverable with the replies whose sender has left', async () => {
    const { channel, alice, bob } = createPair();
    const undeliverable = vi.fn();
    alice.on('undeliverable', undeliverable);
    alice.setAction('hello', () => [new Message('a'), new Message('b')]);
    channel.dispatch(alice.id, new SignedMessage(bob.id, 'hello'));
    channel.removeListener(bob.id);
    await channel.deliverNext(alice.id);
    expect(undeliverable).toHaveBeenCalledOnce();
    expect(undeliverable.mock.calls[0]?.[0]).toHaveLength(2);
  });
});

describe('An SseChannelContainer', () => {
  it('makes, gives and removes channels of its own', async () => {
    const [one, other] = [new SseChannelContainer(), new SseChannelContainer()];
    const channel = one.add({ id: 'news' });
    expect(channel).toBeInstanceOf(SseChannel);
    expect(one.get('news')).toBe(channel);
    expect([one.ids, one.size, one.has('news'), [...one]]).toEqual([['news'], 1, true, [channel]]);
    expect(other.has('news')).toBe(false);
    await one.rm('news');
    expect(() => one.get('news')).toThrow(InvalidChannelError);
    expect(() => one.rm('news')).toThrow(InvalidChannelError);
  });

  it('gives channels ids that differ and nobody can guess', () => {
    const container = new SseChannelContainer();
    expect(container.add().id).not.toBe(container.add().id);
  });

  it('refuses a second channel with an id it has, and takes channels of any kind', () => {
    const container = new SseChannelContainer();
    const plain = new PlainChannel({ id: 'x' });
    container.register(plain);
    container.register(plain);
    expect(container.get('x')).toBe(plain);
    expect(() => container.add({ id: 'x' })).toThrow(InvalidChannelError);
  });

  it('leaves no stream open when a channel is removed', async () => {
    const container = new SseChannelContainer({ retry: 7 });
    const channel = container.add();
    const stream = channel.watch();
    channel.broadcast(new Message('a', 1));
    await container.close();
    expect(await stream.next()).toMatchObject({ value: { event: 'a', retry: 7, data: 1 } });
    expect(await stream.next()).toMatchObject({ value: { event: '_eric_channel_closed', data: null } });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(container.size).toBe(0);
  });
});
