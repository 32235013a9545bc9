import { expect } from 'vitest';
import type { Party, PartyDelivery } from '../party.js';
import type { Handle, Stage } from '../stage.js';
import { REJECT_ME, answer, receive, reply, until } from '../stage.js';
import type { Check } from './check.js';

const COUNT = 10;

/** Puts messages; one of them may be for the server to reject. */
async function putMany({ client, address }: Stage, count: number, rejected?: number): Promise<object[]> {
  const trackers: object[] = [];
  for (let number = 0; number < count; number++) {
    const body = number === rejected ? REJECT_ME : 'First the world, then the galaxy!';
    trackers.push(await client.put({ address, replyTo: '~', subject: `message ${number}`, body }));
  }
  return trackers;
}

/** Where messages stand, as the messenger they are of remembers. */
async function statuses(party: Party, trackers: readonly object[]): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for (const tracker of trackers) all.push(await party.status(tracker));
  return all;
}

/** So many times the same. */
function times<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value);
}

async function rejectOneOfTen(stage: Stage, handle: Handle): Promise<void> {
  const { client, server } = stage;
  server.incomingWindow = COUNT;
  client.outgoingWindow = COUNT;
  await stage.start(handle);
  const trackers = await putMany(stage, COUNT, 5);
  await client.send();
  expect(await statuses(client, trackers)).toEqual(times(COUNT, 'accepted').with(5, 'rejected'));
}

/** Twice as many answers as the window of the client holds. */
async function overflowWindow(stage: Stage, size: number): Promise<void> {
  const { client, server, servers } = stage;
  server.outgoingWindow = size;
  client.incomingWindow = size;
  // The original sends what is settled before it has gone, settled; ours waits for the outcome of what its window holds.
  const before = servers.isOurs ? 'pending' : 'settled';
  await stage.start();
  await putMany(stage, 2 * size);
  await client.send();
  const received = await receive(client, 2 * size, async ({ tracker }) => {
    expect(await client.status(tracker)).toBe(before);
  });
  const trackers = received.map(({ tracker }) => tracker);
  const forgotten = times(size, undefined);
  expect(await statuses(client, trackers)).toEqual([...forgotten, ...times(size, before)]);
  await client.accept();
  // The C Messenger knows the outcome of an unsettled message when it has worked.
  await until(async () => (await client.status(trackers.at(-1)!)) === 'accepted', client);
  expect(await statuses(client, trackers)).toEqual([...forgotten, ...times(size, 'accepted')]);
}

/** Trackers, windows and outcomes. */
export const windowChecks: readonly Check[] = [
  {
    number: 10,
    name: 'testOutgoingWindow',
    what: 'without a window nothing is remembered; with one of 5, the outcomes of the last five',
    withC: 'both',
    differs: 'client',
    async run(stage: Stage): Promise<void> {
      const { client, clients, server } = stage;
      server.incomingWindow = COUNT;
      await stage.start();
      const untracked = await putMany(stage, COUNT);
      await client.send();
      expect(await statuses(client, untracked)).toEqual(times(COUNT, undefined));

      client.outgoingWindow = 5;
      const tracked = await putMany(stage, COUNT);
      // Ours sends none of them settled, and answers for each until its outcome is known.
      const early = clients.isOurs ? 'pending' : undefined;
      expect(await statuses(client, tracked)).toEqual([...times(5, early), ...times(5, 'pending')]);
      await client.send();
      expect(await statuses(client, tracked)).toEqual([...times(5, undefined), ...times(5, 'accepted')]);
    },
  },
  {
    number: 11,
    name: 'testReject',
    what: 'the sender learns which message was rejected',
    withC: 'both',
    run: (stage) => rejectOneOfTen(stage, answer),
  },
  {
    number: 12,
    name: 'testRejectIndividual',
    what: 'a message that was rejected by itself stays so when all are accepted',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const queued: PartyDelivery[] = [];
      await rejectOneOfTen(stage, async (server, delivery) => {
        queued.push(delivery);
        if (queued.length < COUNT) return;
        for (const { message, tracker } of queued) {
          if (message.body === REJECT_ME) await server.reject(tracker);
        }
        await server.accept();
        for (const { message } of queued) await reply(server, message);
      });
    },
  },
  {
    number: 13,
    name: 'testIncomingWindow',
    what: 'ten answers are received and accepted one by one',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      server.incomingWindow = COUNT;
      client.outgoingWindow = COUNT;
      client.incomingWindow = COUNT;
      await stage.start();
      const sent = await putMany(stage, COUNT);
      await client.send();
      expect(await statuses(client, sent)).toEqual(times(COUNT, 'accepted'));
      const received = await receive(client, COUNT);
      for (const { tracker } of received) await client.accept(tracker);
      const trackers = received.map(({ tracker }) => tracker);
      expect(await statuses(client, trackers)).toEqual(times(COUNT, 'accepted'));
    },
  },
  {
    number: 14,
    name: 'testIncomingQueueBiggerThanWindow',
    what: 'of 20 messages, a window of 10 remembers the last ten',
    withC: 'both',
    differs: 'server',
    run: (stage) => overflowWindow(stage, 10),
  },
  {
    number: 15,
    name: 'testIncomingQueueBiggerThanSessionWindow',
    what: 'of 4096 messages, a window of 2048 remembers the last half',
    withC: 'both',
    differs: 'server',
    run: (stage) => overflowWindow(stage, 2048),
  },
  {
    number: 16,
    name: 'testBuffered',
    what: 'what is put after something that waits waits too, and send empties the queue',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client } = stage;
      client.outgoingWindow = 1000;
      client.incomingWindow = 1000;
      const seen = await stage.start();
      let isBuffering = false;
      const trackers: object[] = [];
      for (let number = 0; number < 100; number++) {
        const tracker = await client.put({ address: stage.address, body: `message ${number}` });
        const isBuffered = await client.buffered(tracker);
        expect(isBuffered || !isBuffering).toBe(true);
        isBuffering = isBuffered;
        trackers.push(tracker);
      }
      while ((await client.outgoing) > 0) await client.send();
      for (const tracker of trackers) expect(await client.buffered(tracker)).toBe(false);
      expect(seen).toHaveLength(100);
    },
  },
];
