import type { EmbeddedBroker } from 'amqp-messenger/broker';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../support/messengers.js';
import { memoryInUse } from '../support/memory.js';
import { Wire } from '../support/wire.js';

/** A scripted client with a session. */
async function client(broker: EmbeddedBroker): Promise<Wire> {
  const wire = await Wire.dial(broker.port);
  await wire.begin();
  return wire;
}

/** Consumers come to the queue `q`, give credit, and leave: so many, one after the other. */
async function comeAndGo(wire: Wire, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const link = await wire.attach('receiver', 'q');
    wire.grant(link, 10);
    wire.send('detach', { handle: link.handle, closed: true });
    await wire.read('detach');
  }
}

describe('the embedded broker keeps nothing in memory', () => {
  it('of consumers that have left a queue without messages', async () => {
    const broker = await startBroker();
    const wire = await client(broker);
    await comeAndGo(wire, 100);
    const before = memoryInUse();
    await comeAndGo(wire, 600);
    expect((memoryInUse() - before) / 600).toBeLessThan(1000);
    expect(broker.queue('q').consumers).toBe(0);
  });
});
