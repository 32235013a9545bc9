import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { EmbeddedBrokerOptions } from 'amqp-messenger/broker';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CProgram } from './build-c.js';
import { useCPrograms } from './use-c-programs.js';

const execute = promisify(execFile);

const pathOf = useCPrograms();

/** Runs a C program to its end, and gives the lines it printed. */
async function run(program: CProgram, ...args: (string | number)[]): Promise<string[]> {
  const { stdout } = await execute(pathOf(program), args.map(String), { timeout: 60_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

async function start(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const broker = await new EmbeddedBroker({ port: 0, ...options }).start();
  onTestFinished(() => broker.stop());
  return broker;
}

/** The bodies of what a C program has received. */
function bodies([ready, ...lines]: string[]): unknown[] {
  expect(ready).toBe('ready');
  return lines.map((line) => (JSON.parse(line) as { body: unknown }).body);
}

describe('the embedded broker between C Messengers', () => {
  it('takes what one rejects to the dead-letter queue, and gives what one leaves to the next', async () => {
    const broker = await start();
    expect(new Set(await run('send', `${broker.url}/q`, 9))).toEqual(new Set(['accepted']));
    await run('recv', '-n', `${broker.url}/q`, 9);
    await expect.poll(() => broker.queue('q')).toMatchObject({ depth: 9, outstanding: 0 });
    await run('recv', '-r', 3, `${broker.url}/q`, 9);
    expect(broker.queue('q')).toMatchObject({ depth: 0, accepted: 6, rejected: 3 });
    expect(bodies(await run('recv', `${broker.url}/dead-letter`, 3))).toEqual(['hello', 'hello', 'hello']);
  });

  it('treats an unset expiry time as none, and expires messages by their ttl', async () => {
    const broker = await start();
    await run('send', `${broker.url}/kept`, 1);
    await run('send', '-t', 1, `${broker.url}/brief`, 1);
    await expect.poll(() => broker.queue('brief')).toMatchObject({ depth: 0, expired: 1 });
    expect(broker.queue('kept').depth).toBe(1);
  });

  it('tells them which messages exceed its limits', async () => {
    const broker = await start({ maxMessages: 3 });
    expect(await run('send', `${broker.url}/q`, 4)).toEqual(['accepted', 'accepted', 'accepted', 'rejected']);
  });

  it('authenticates users, and accepts a message of 50 MB', async () => {
    const broker = await start({ users: { guest: 'guest' }, maxMessageSize: 100_000_000 });
    const address = `${broker.url.replace('//', '//guest:guest@')}/q`;
    expect(await run('send', '-B', 50_000_000, address, 1)).toEqual(['accepted']);
    expect(broker.queue('q').bytes).toBeGreaterThan(50_000_000);
    expect(bodies(await run('recv', address, 1))).toEqual([50_000_000]);
  });

  it('publishes to all that have subscribed', async () => {
    const broker = await start();
    const receivers = [1, 2].map(() => run('recv', `${broker.url}/topic/t`, 5));
    await expect.poll(() => broker.topic('topic/t').subscriptions.length).toBe(2);
    expect(new Set(await run('send', `${broker.url}/topic/t`, 5))).toEqual(new Set(['accepted']));
    for (const receiver of receivers) expect(bodies(await receiver)).toHaveLength(5);
  });
});
