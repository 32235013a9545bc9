import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { EmbeddedBrokerOptions } from 'amqp-messenger/broker';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ProtonUnavailable } from './build-c.js';
import { findPython, runPython } from './python-programs.js';

let unavailable: string | undefined;

beforeAll(async () => {
  try {
    await findPython();
  } catch (error) {
    if (!(error instanceof ProtonUnavailable) || process.env['CI'] !== undefined) throw error;
    unavailable = error.message;
    console.warn(`Python's Proton is not tested: ${unavailable}`);
  }
});

beforeEach((context) => {
  if (unavailable !== undefined) context.skip(unavailable);
});

async function start(options: EmbeddedBrokerOptions = {}): Promise<{ broker: EmbeddedBroker; url: string }> {
  const broker = await new EmbeddedBroker({ port: 0, ...options }).start();
  onTestFinished(() => broker.stop());
  return { broker, url: broker.url };
}

const accepted = (count: number): string[] => Array.from({ length: count }, () => 'accepted');

describe("the embedded broker between clients of Python's Proton", () => {
  it('keeps what one sends until another takes it', async () => {
    const { broker, url } = await start();
    expect(await runPython('send', url, 'q', 20)).toEqual(accepted(20));
    expect(broker.queue('q').depth).toBe(20);
    const lines = await runPython('receive', url, 'q', Array.from({ length: 20 }, () => 'accept').join());
    expect(lines).toEqual(Array.from({ length: 20 }, (_, number) => `m${number} first 0`));
    expect(broker.queue('q')).toMatchObject({ depth: 0, accepted: 20 });
  });

  it('applies the outcomes that they give to messages', async () => {
    const { broker, url } = await start();
    await runPython('send', url, 'q', 4);
    const lines = await runPython('receive', url, 'q', 'release,fail,reject,accept,refuse,accept');
    expect(lines).toEqual(['m0 first 0', 'm0 again 0', 'm0 again 1', 'm1 first 0', 'm2 first 0', 'm3 first 0']);
    expect(broker.queue('q')).toMatchObject({ accepted: 2, rejected: 1, depth: 1 });
    expect(await runPython('receive', url, 'dead-letter', 'accept')).toEqual(['m0 first 0']);
    expect(await runPython('receive', url, 'q', 'accept')).toEqual(['m2 again 0']);
  });

  it('tells the sender which messages exceed its limits', async () => {
    const { url } = await start({ maxMessages: 2 });
    expect(await runPython('send', url, 'q', 3)).toEqual(['accepted', 'accepted', 'rejected']);
  });

  it('lets them browse and drain', async () => {
    const { broker, url } = await start();
    await runPython('send', url, 'q', 3);
    expect(await runPython('browse', url, 'q', 3)).toEqual(['m0', 'm1', 'm2', 'copy']);
    expect(broker.queue('q').depth).toBe(3);
    expect(await runPython('drain', url, 'q')).toEqual(['3 0']);
    expect(await runPython('drain', url, 'empty')).toEqual(['0 0']);
    expect(broker.queue('q').depth).toBe(3);
  });

  it('gives them dynamic nodes and the anonymous terminus', async () => {
    const { broker, url } = await start();
    const [answer, capabilities] = await runPython('request', url, 'q');
    expect(answer).toBe('QUESTION c1');
    expect(capabilities).toContain('ANONYMOUS-RELAY');
    await expect.poll(() => broker.queues.map(({ name }) => name)).toEqual(['q']);
  });

  it('keeps a durable subscription until it is closed', async () => {
    const { broker, url } = await start();
    await runPython('durable', url, 'topic/t', 'subscribe');
    await runPython('send', url, 'topic/t', 2);
    expect(await runPython('durable', url, 'topic/t', 'receive', 2)).toEqual(['m0', 'm1']);
    expect(broker.topic('topic/t').subscriptions).toMatchObject([{ name: 'audit', container: 'durable-client' }]);
    await runPython('durable', url, 'topic/t', 'unsubscribe');
    expect(broker.topic('topic/t').subscriptions).toEqual([]);
  });

  it('authenticates users, and accepts a message of 50 MB', async () => {
    const { broker } = await start({ users: { guest: 'guest' }, maxMessageSize: 100_000_000 });
    const url = broker.url.replace('//', '//guest:guest@');
    expect(await runPython('send', url, 'q', 1, 50_000_000)).toEqual(['accepted']);
    expect(await runPython('receive', url, 'q', 'accept')).toEqual(['50000000 first 0']);
    await expect(runPython('send', broker.url.replace('//', '//guest:wrong@'), 'q', 1)).rejects.toThrow();
  });
});
