/**
 * Uses and stops messengers in every way that could leave a timer or a socket behind, and prints what of those is alive
 * after each. ADDRESS is of a peer; the first connection to it may be cut. Ends by itself, or not at all.
 */
import { createHook } from 'node:async_hooks';
import { Messenger } from '../../../src/index.js';
import type { MessengerOptions } from '../../../src/index.js';

const [address = ''] = process.argv.slice(2);
/** Nobody listens on port 1. */
const NOBODY = 'amqp://127.0.0.1:1/q';
const KINDS = /^(Timeout|Immediate|TCP|TLS|GETADDRINFO)/;

const alive = new Map<number, string>();
createHook({
  init: (id, type) => {
    if (KINDS.test(type)) alive.set(id, type);
  },
  destroy: (id) => void alive.delete(id),
}).enable();

const create = (options: MessengerOptions = {}): Messenger =>
  new Messenger({
    outgoingWindow: 1,
    incomingWindow: 1,
    reconnect: { initial: true, delay: 1, maxDelay: 1 },
    ...options,
  });

const ways: Record<string, () => Promise<void>> = {
  'after a reconnect': async () => {
    const messenger = create();
    for (let body = 0; body < 200; body++) messenger.put({ address, body });
    await messenger.send();
    await messenger.stop();
  },
  'while reconnecting': async () => {
    const messenger = create({ reconnect: { initial: true, delay: 60_000 } });
    messenger.put({ address: NOBODY });
    while (messenger.stats().connections[0]?.state !== 'reconnecting') await messenger.work();
    await messenger.stop();
  },
  'while connecting': async () => {
    const messenger = create();
    messenger.put({ address });
    await messenger.stop();
  },
  'while a token is awaited': async () => {
    const messenger = create({ sasl: { token: () => new Promise(() => undefined) } });
    messenger.put({ address });
    await messenger.stop();
  },
  'idle, with heartbeats': async () => {
    const messenger = create({ idleTimeout: 30_000, closeIdleAfter: 30_000 });
    messenger.put({ address });
    await messenger.send();
    await messenger.stop();
  },
  'subscribed, and unsubscribed': async () => {
    const messenger = create();
    messenger.subscribe(`${address}-a`);
    const gone = await messenger.subscribe(`${address}-b`, { credit: 10 }).ready();
    await gone.unsubscribe();
    await messenger.recv(1, { timeout: 5 }).catch(() => undefined);
    await messenger.stop();
  },
  'with messages that expire': async () => {
    const messenger = create();
    messenger.put({ address: NOBODY, ttl: 3_600_000 });
    const { signal } = new AbortController();
    await messenger.send(-1, { timeout: 5, signal }).catch(() => undefined);
    await messenger.stop();
  },
  'with a request that nobody has answered': async () => {
    const messenger = create();
    await messenger.request({ address }, { timeout: 20 }).catch(() => undefined);
    await messenger.stop();
  },
  'listening, with a peer': async () => {
    const listener = create();
    const { port } = await listener.subscribe('amqp://~127.0.0.1:0').ready();
    const messenger = create();
    messenger.put({ address: `amqp://127.0.0.1:${port}` });
    await listener.recv();
    await Promise.all([listener.stop(), messenger.stop()]);
  },
  'while a loop waits': async () => {
    const messenger = create();
    messenger.subscribe(`${address}-c`);
    const next = messenger.receive().next();
    await messenger.stop();
    await next;
  },
  'drained in vain': async () => {
    const messenger = create({ reconnect: { initial: true, delay: 60_000 } });
    messenger.put({ address: NOBODY });
    await messenger.stop({ drain: true, timeout: 20 }).catch((error: unknown) => console.log(String(error)));
  },
  closed: async () => {
    const messenger = create();
    messenger.put({ address });
    await messenger.close({ drain: true });
    await messenger.close();
  },
};

for (const [name, use] of Object.entries(ways)) {
  await use();
  // What has ended is told of in a later turn.
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => process.nextTick(resolve));
  const left = [...alive.values()].filter((type) => type !== 'Immediate');
  console.log(`${name}: ${left.length === 0 ? 'nothing left' : left.join(', ')}`);
}
console.log('done');
