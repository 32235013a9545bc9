import { once } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import type { ConnectionChange, Messenger } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_RECONNECT, reconnectDelay } from '../../src/link/connection/retries.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { seeded } from '../support/seeded.js';

/** Three hosts of one broker, of which any may be away. */
async function threeHosts(): Promise<{ hosts: FaultProxy[]; broker: Awaited<ReturnType<typeof startBroker>> }> {
  const broker = await startBroker();
  const hosts = await Promise.all([1, 2, 3].map(() => FaultProxy.listen(broker.port)));
  return { hosts, broker };
}

const name = ({ port }: FaultProxy): string => `127.0.0.1:${port}`;

/** Sends one message, and waits for its outcome. Gives the milliseconds that took. */
async function serve(messenger: Messenger, address: string): Promise<number> {
  const startedAt = performance.now();
  expect(await messenger.put({ address, body: 1 }).outcome()).toBe('accepted');
  return performance.now() - startedAt;
}

describe('three hosts', () => {
  it('are replaced by the remaining ones while they are lost one after the other and come back', async () => {
    const { hosts, broker } = await threeHosts();
    const [first, ...others] = hosts;
    const messenger = createTrackingMessenger({ failover: { [name(first!)]: others.map(name) } });
    const address = `amqp://${name(first!)}/q`;
    messenger.subscribe(address);
    await serve(messenger, address);
    const took: number[] = [];
    for (const host of hosts) {
      host.refuses = true;
      host.cut();
      took.push(await serve(messenger, address));
      host.refuses = false;
    }
    // The subscription has moved, too.
    const received = await receive(messenger, broker.queue('q').received);
    expect(received.length).toBeGreaterThanOrEqual(4);
    console.log(`Service again after ${took.map((time) => Math.round(time)).join(', ')} ms.`);
  });

  it('connect to the last one when only the last one is up', async () => {
    const { hosts } = await threeHosts();
    const [first, second, third] = hosts;
    first!.refuses = second!.refuses = true;
    const messenger = createTrackingMessenger({ failover: { [name(first!)]: [name(second!), name(third!)] } });
    await serve(messenger, `amqp://${name(first!)}/q`);
    expect(third!.connections).toBe(1);
  });

  it('fail the first connection after each was tried once, when none is up', async () => {
    const tried: number[] = [];
    const { hosts } = await threeHosts();
    const [first, ...others] = hosts;
    for (const host of hosts) host.refuses = true;
    const messenger = createTrackingMessenger({ failover: { [name(first!)]: others.map(name) } });
    messenger.on('connection', ({ to }) => to === 'connecting' && tried.push(1));
    const tracker = messenger.put({ address: `amqp://${name(first!)}/q`, body: 1 });
    expect(await tracker.outcome()).toBe('aborted');
    expect(tracker.error).toMatchObject({ code: 'ERR_CONNECTION' });
    expect(tried).toHaveLength(1);
  });

  it('are told apart by events, stats and diagnostics, none of which has credentials', async () => {
    const users = { user: 'secret' };
    const first = await startBroker({ users });
    const second = await startBroker({ users });
    const [endpoint, other] = [first, second].map(({ port }) => `127.0.0.1:${port}`);
    const messenger = createTrackingMessenger({ failover: { [endpoint!]: [other!] } });
    const changes: ConnectionChange[] = [];
    const told: unknown[] = [];
    const tell = (message: unknown): unknown => told.push(message);
    subscribe('amqp-messenger:connection', tell);
    onTestFinished(() => void unsubscribe('amqp-messenger:connection', tell));
    messenger.on('connection', (change) => changes.push(change));
    const address = `amqp://user:secret@${endpoint!}/q`;
    await serve(messenger, address);
    expect(messenger.stats().connections).toMatchObject([{ endpoint, host: endpoint, state: 'open' }]);
    await first.stop();
    await serve(messenger, address);
    expect(messenger.stats().connections).toMatchObject([{ endpoint, host: other, state: 'open' }]);
    expect(changes.filter(({ to }) => to === 'open').map(({ host }) => host)).toEqual([endpoint, other]);
    expect(changes.find(({ to }) => to === 'reconnecting')).toMatchObject({ endpoint, host: endpoint });
    expect(told).toEqual(changes.map((change) => ({ messenger: messenger.name, ...change })));
    expect(inspect([changes, messenger.stats()])).not.toContain('secret');
  });

  it('treat a port without a listener as a host that is down', async () => {
    const broker = await startBroker();
    const free = await FaultProxy.open(broker.port);
    await free.close();
    await expect(once(connect(free.port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    const messenger = createTrackingMessenger({ failover: { '127.0.0.1': [`127.0.0.1:${broker.port}`] } });
    await serve(messenger, `amqp://127.0.0.1:${free.port}/q`);
  });
});

describe('a thousand clients that lose the same broker', () => {
  it.each([0, 1, 5])('reconnect spread out, at most 15 of a hundred in any 100 ms (attempt %i)', (attempt) => {
    const random = seeded(attempt + 1);
    const buckets = new Map<number, number>();
    for (let client = 0; client < 1000; client++) {
      const bucket = Math.floor(reconnectDelay(DEFAULT_RECONNECT, attempt, random()) / 100);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
    expect(Math.max(...buckets.values())).toBeLessThanOrEqual(150);
  });
});
