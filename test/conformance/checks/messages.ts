import { SendError } from 'amqp-messenger';
import { expect } from 'vitest';
import type { Stage } from '../stage.js';
import type { Check } from './check.js';

/** Sends a message, and has it sent back. */
async function passThereAndBack({ client, address }: Stage, path: string, body: string): Promise<void> {
  const subject = 'Hello World!';
  await client.put({ address: `${address}${path}`, replyTo: '~', subject, body });
  await client.send();
  await client.recv(1);
  expect(await client.incoming).toBe(1);
  expect((await client.get())?.message).toMatchObject({ subject, body });
}

const SIZES: readonly [name: string, size: number][] = [
  ['1K', 1024],
  ['2K', 2 * 1024],
  ['4K', 4 * 1024],
  ['10K', 10 * 1024],
  ['100K', 100 * 1024],
  ['1M', 1024 * 1024],
];

const sizes = SIZES.map(([name, size], index): Check => ({
  number: index + 2,
  name: `testSendReceive${name}`,
  what: `a body of ${size} characters comes back as it went`,
  withC: 'both',
  async run(stage: Stage): Promise<void> {
    await stage.start();
    await passThereAndBack(stage, '', 'x'.repeat(size));
  },
}));

/** Sending, receiving and stopping: the plain cases. */
export const messageChecks: readonly Check[] = [
  {
    number: 1,
    name: 'testSendReceive',
    what: 'a message comes back, once, with its subject and body',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      await stage.start();
      await passThereAndBack(stage, '', 'First the world, then the galaxy!');
      expect(await stage.client.incoming).toBe(0);
    },
  },
  ...sizes,
  {
    number: 8,
    name: 'testSendReceiveLargeAddress',
    what: 'the path of an address may have 2048 characters',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const seen = await stage.start();
      const path = `/${'x'.repeat(2048)}`;
      await passThereAndBack(stage, path, 'body');
      expect(seen[0]?.address).toBe(stage.address + path);
    },
  },
  {
    number: 9,
    name: 'xtestSendBogus',
    what: 'put takes a message for a host that does not exist, and send tells that it was given up',
    differs: 'client',
    async run({ client }: Stage): Promise<void> {
      client.outgoingWindow = 1;
      const tracker = await client.put({ address: 'totally-bogus-address', body: 'nobody reads this' });
      await expect(client.send()).rejects.toThrow(SendError);
      expect(await client.status(tracker)).toBe('aborted');
      expect(await client.outgoing).toBe(0);
    },
  },
  {
    number: 17,
    name: 'test_proton222',
    what: 'send writes the message out, though nobody stops',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      await stage.listen();
      const arrived = new Promise((resolve) => {
        stage.serve((_server, { message }) => {
          resolve(message.body);
          return Promise.resolve();
        });
      });
      await stage.client.put({ address: stage.address, body: 'First the world, then the galaxy!' });
      await stage.client.send();
      expect(await arrived).toBe('First the world, then the galaxy!');
    },
  },
  {
    number: 18,
    name: 'testUnlimitedCredit',
    what: 'recv(-1) gives every link credit: two paths are answered',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      await stage.listen();
      stage.serve(undefined, -1);
      await passThereAndBack(stage, '/XXX', 'First the world, then the galaxy!');
      await passThereAndBack(stage, '/YYY', 'Then the next galaxy.');
    },
  },
  {
    number: 19,
    name: 'test_proton268',
    what: 'stop ends in time with 100 messages on their way, and what was on its way is given up',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      await stage.start();
      const { client, clients } = stage;
      client.outgoingWindow = 100;
      await passThereAndBack(stage, '', 'So that there is a connection.');
      const trackers: object[] = [];
      for (let number = 0; number < 100; number++) {
        trackers.push(await client.put({ address: stage.address, replyTo: '~', body: `message ${number}` }));
      }
      await client.stop();
      expect(await client.stopped).toBe(true);
      expect(await client.outgoing).toBe(0);
      if (!clients.isOurs) return; // with the original some stay pending for ever
      for (const tracker of trackers) expect(await client.status(tracker)).toMatch(/^(accepted|settled|aborted)$/);
    },
  },
];
