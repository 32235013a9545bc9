import { on } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Messenger } from 'amqp-messenger';
import type { ConnectionChange } from 'amqp-messenger';
import { expect, onTestFinished } from 'vitest';
import type { Check } from './check.js';

/** A messenger none of whose calls waits. */
function createPassive(): Messenger {
  const messenger = new Messenger({ passive: true });
  onTestFinished(() => messenger.close());
  return messenger;
}

/** Lets the event loop turn until something holds. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

async function connected(messenger: Messenger): Promise<void> {
  // The values of the event are those of MessengerEvents.
  for await (const [{ to }] of on(messenger, 'connection') as AsyncIterable<[ConnectionChange]>) {
    if (to === 'open') return;
  }
}

async function passPassively(count: number): Promise<void> {
  const receiver = createPassive();
  const sender = createPassive();
  const { port } = await receiver.subscribe('amqp://~127.0.0.1:0').ready();
  const isConnected = connected(sender);
  for (let number = 0; number < count; number++) sender.put({ address: `amqp://127.0.0.1:${port ?? 0}`, body: number });
  expect(await sender.send()).toBe(false);
  await isConnected;
  expect([sender.outgoing, receiver.incoming]).toEqual([count, 0]);

  expect(await receiver.recv()).toBe(false);
  for (let number = 0; number < count; number++) {
    await eventually(() => receiver.incoming > 0);
    expect(receiver.get()?.message.body).toBe(number);
  }
  await eventually(() => sender.outgoing === 0);
  expect(receiver.incoming).toBe(0);

  for (const messenger of [sender, receiver]) {
    const asked = messenger.stop();
    expect(messenger.stopped).toBe(false);
    await asked;
  }
  await eventually(() => sender.stopped && receiver.stopped);
}

/** Passive mode. There are no selectables: in Node the event loop does what they were for. */
export const passiveChecks: readonly Check[] = (
  [
    [63, 'testSelectable', 1],
    [64, 'testSelectable16', 16],
    [65, 'testSelectable1024', 1024],
    [66, 'testSelectable4096', 4096],
  ] as const
).map(([number, name, count]): Check => ({
  number,
  name,
  what: `no call waits, and ${count === 1 ? 'one message passes' : `${count} messages pass`} all the same`,
  differs: 'client',
  run: () => passPassively(count),
}));
