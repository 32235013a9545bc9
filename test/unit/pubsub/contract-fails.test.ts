import { MemoryBroker, NullBroker } from 'amqp-messenger/pubsub';
import type { Message } from 'amqp-messenger/pubsub';
import { brokerContract } from 'amqp-messenger/testing';
import type { BrokerContractOptions } from 'amqp-messenger/testing';
import { describe, expect, it } from 'vitest';

/** Runs the contract without a test runner. Resolves with the titles of what has failed, and of all. */
async function judge(
  options: Omit<BrokerContractOptions, 'describe' | 'it'>,
): Promise<{ failed: string[]; all: string[] }> {
  const tests: { title: string; test: () => Promise<void> }[] = [];
  brokerContract({
    describe: (_title, declare) => declare(),
    it: (title, test) => void tests.push({ title, test }),
    patience: 20,
    ...options,
  });
  const results = await Promise.allSettled(tests.map(({ test }) => test()));
  const failed = tests.filter((_test, index) => results[index]?.status === 'rejected').map(({ title }) => title);
  return { failed, all: tests.map(({ title }) => title) };
}

/** Gives every message to everybody twice. */
class Stutterer extends MemoryBroker {
  protected override async deliver(...published: [Message, string, object]): Promise<void> {
    await super.deliver(...published);
    await super.deliver(...published);
  }
}

describe('the contract of brokers', () => {
  it('passes a correct broker, with any test runner', async () => {
    const { failed, all } = await judge({ patience: 10_000, create: () => ({ broker: new MemoryBroker() }) });
    expect(failed).toEqual([]);
    expect(all.length).toBeGreaterThan(20);
  });

  it('fails a broker that delivers nothing, in every test that expects a delivery', async () => {
    const { failed, all } = await judge({ create: () => ({ broker: new NullBroker() }) });
    expect(all.filter((title) => !failed.includes(title))).toEqual([
      'does nothing with a message that nobody has subscribed to',
      'takes nothing any more once it is closed, and may be closed twice',
    ]);
  });

  it('fails a broker that delivers twice', async () => {
    const { failed } = await judge({ create: () => ({ broker: new Stutterer() }) });
    expect(failed).toContain('gives each queue name a copy');
    expect(failed).toContain(
      'gives each message to every subscription of a process, also to those that name the same queue',
    );
  });

  it('fails a broker that is said to reach other processes and does not', async () => {
    const { failed } = await judge({
      spansProcesses: true,
      patience: 1000,
      create: () => ({ broker: new MemoryBroker(), another: () => new MemoryBroker() }),
    });
    expect(failed).toEqual([
      'gives a message of subscribe to every process',
      'shares a queue with every process that names it, and gives another queue name a copy',
    ]);
  });
});
