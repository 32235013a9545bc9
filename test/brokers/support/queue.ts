import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Broker } from './broker.js';

/** A queue of one test. */
export interface Queue {
  name: string;
  /** The path by which the broker addresses it. */
  path: string;
  /** Its whole address. */
  url: string;
}

/** A fresh queue. */
export async function newQueue(broker: Broker): Promise<Queue> {
  const [queue] = await newQueues(broker, 1);
  return queue!;
}

/** As many fresh queues as asked for. */
export async function newQueues(broker: Broker, count: number): Promise<Queue[]> {
  const names = Array.from({ length: count }, () => `test-${randomUUID()}`);
  await broker.declareQueue(names);
  return names.map((name) => {
    const path = broker.facts.address(name);
    // What follows the first slash is the name of the node, so a node that begins with a slash makes two of them.
    return { name, path, url: `${broker.url}/${path}` };
  });
}

/** Waits until the broker, if it can be asked, says that nothing is left in the queues. */
export async function expectEmpty(broker: Broker, ...queues: Queue[]): Promise<void> {
  const names = queues.map(({ name }) => name);
  await expect.poll(() => broker.queueDepth(names), { timeout: 30_000, interval: 100 }).toBeOneOf([0, undefined]);
}
