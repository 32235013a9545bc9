import { TimeoutError } from 'amqp-messenger';
import { expect } from 'vitest';
import type { Party } from '../party.js';
import type { Stage } from '../stage.js';
import { until } from '../stage.js';
import type { Check } from './check.js';

/** What `recv(-1)` lets one link bring before anything is got (docs/semantics.md, Receiving). */
const AUTOMATIC = 1024;

/** From now on no call of client or server waits; only `until` does. */
async function startNonBlocking(stage: Stage): Promise<void> {
  await stage.listen();
  stage.client.blocking = false;
  stage.server.blocking = false;
}

async function putMany(party: Party, address: string, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await party.put({ address, body: `message ${number}` });
}

/** Waits until the server holds so many messages, and may be sent so many more. */
async function untilServerHas({ server }: Stage, incoming: number, receiving: number, ...clients: Party[]) {
  await until(async () => (await server.incoming) >= incoming, server, ...clients);
  expect([await server.incoming, await server.receiving]).toEqual([incoming, receiving]);
}

/** Messages arrive in order and intact, and nothing is left behind. */
async function passInOrder(stage: Stage, count: number): Promise<void> {
  const { client, server, address } = stage;
  await server.recv();
  await putMany(client, `${address}/foo`, count);
  const bodies: unknown[] = [];
  await until(
    async () => {
      for (let next = await server.get(); next !== undefined; next = await server.get()) bodies.push(next.message.body);
      return bodies.length === count;
    },
    client,
    server,
  );
  expect(bodies).toEqual(Array.from({ length: count }, (_, number) => `message ${number}`));
  await until(async () => (await client.outgoing) === 0, client, server);
  expect(await server.incoming).toBe(0);
}

const smokes = (
  [
    [54, 'testSmoke', 1],
    [55, 'testSmoke1024', 1024],
    [56, 'testSmoke4096', 4096],
  ] as const
).map(([number, name, count]): Check => ({
  number,
  name,
  what: `${count === 1 ? 'a message arrives' : `${count} messages arrive in order`}, and both queues are empty`,
  withC: 'both',
  async run(stage: Stage): Promise<void> {
    await startNonBlocking(stage);
    await passInOrder(stage, count);
  },
}));

/** How credit is granted, shared, taken back and used up (docs/conformance.md, rows 53 and 60 to 62). */
export const creditChecks: readonly Check[] = [
  {
    number: 53,
    name: 'testCreditBlockingRebalance',
    what: 'credit that one link does not use goes to another, and when all is used up send runs out of time',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client } = stage;
      await stage.listen();
      stage.serveOnce(11);
      const put = (link: string, number: number) =>
        client.put({ address: `${stage.address}/${link}`, replyTo: '~', body: `message ${number}` });
      await put('Link1', 0);
      await client.send();
      for (let number = 1; number <= 10; number++) await put('Link2', number);
      await client.send();
      let answers = 0;
      while (answers < 11) {
        await client.recv(-1);
        while ((await client.get()) !== undefined) answers++;
      }
      await put('Link2', 11);
      await expect(client.send(-1, { timeout: 300 })).rejects.toThrow(TimeoutError);
      expect(await client.outgoing).toBe(1);
    },
  },
  ...smokes,
  {
    number: 57,
    name: 'testPushback',
    what: 'what nobody gets stays with the client when the credit is used up',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      await startNonBlocking(stage);
      await server.recv();
      await putMany(client, stage.address, AUTOMATIC);
      await untilServerHas(stage, AUTOMATIC, 0, client);
      await until(async () => (await client.outgoing) === 0, client, server);
      await putMany(client, stage.address, AUTOMATIC);
      await client.send();
      expect(await client.outgoing).toBe(AUTOMATIC);
    },
  },
  {
    number: 58,
    name: 'testRecvBeforeSubscribe',
    what: 'credit given before there is a source is there when it is',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      await startNonBlocking(stage);
      await client.recv();
      client.subscribe(`${stage.address}/foo`);
      // It comes over the same connection, so when it is there the subscription is too.
      await client.put({ address: stage.address, body: 'subscribed' });
      await server.recv(1);
      await until(async () => (await server.incoming) === 1, client, server);
      await server.put({ address: 'amqp://client/foo', body: 'Hello World!' });
      expect(await client.incoming).toBe(0);
      await until(async () => (await client.incoming) === 1, client, server);
      expect((await client.get())?.message).toMatchObject({ address: 'amqp://client/foo', body: 'Hello World!' });
    },
  },
  {
    number: 59,
    name: 'testCreditAutoBackpressure',
    what: 'however much is put, automatic credit lets no more than 1024 wait',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      await startNonBlocking(stage);
      await server.recv(-1);
      for (let round = 0; round < 4; round++) await putMany(client, stage.address, 1001);
      await untilServerHas(stage, AUTOMATIC, 0, client);
      await putMany(client, stage.address, 1001);
      await client.work(10);
      await server.work(10);
      expect(await server.incoming).toBe(AUTOMATIC);
      expect(await client.outgoing).toBe(5 * 1001 - AUTOMATIC);
    },
  },
  {
    number: 60,
    name: 'testCreditRedistribution',
    what: 'a second link gets its share of five when the first gives back what it does not use',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      await startNonBlocking(stage);
      await server.recv(5);
      await putMany(client, `${stage.address}/link1`, 1);
      await untilServerHas(stage, 1, 4, client);
      await putMany(client, `${stage.address}/link2`, 1);
      expect([await server.incoming, await server.receiving]).toEqual([1, 4]);
      await untilServerHas(stage, 2, 3, client);
    },
  },
  {
    number: 61,
    name: 'testCreditReclaim',
    what: 'what a link held that has gone goes to the others',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, clients, server } = stage;
      await startNonBlocking(stage);
      const client2 = stage.create(clients, 'client2');
      client2.blocking = false;
      await server.recv(9);
      await putMany(client, `${stage.address}/link1`, 1);
      await untilServerHas(stage, 1, 8, client, client2);
      await putMany(client, `${stage.address}/link2`, 1);
      await putMany(client2, `${stage.address}/link3`, 1);
      await untilServerHas(stage, 3, 6, client, client2);
      await client2.stop();
      await until(() => client2.stopped, server, client, client2);
      expect([await server.incoming, await server.receiving]).toEqual([3, 6]);
      // Two more than there is credit for.
      await putMany(client, `${stage.address}/link1`, 4);
      await putMany(client, `${stage.address}/link2`, 4);
      await untilServerHas(stage, 9, 0, client);
    },
  },
  {
    number: 62,
    name: 'testCreditReplenish',
    what: 'a link that uses up its share is given what is spare, and every link gets its turn',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const { client, server } = stage;
      await startNonBlocking(stage);
      await server.recv(50);
      for (const link of ['link1', 'link2', 'link3']) await putMany(client, `${stage.address}/${link}`, 1);
      await untilServerHas(stage, 3, 47, client);
      await putMany(client, `${stage.address}/link2`, 17);
      await untilServerHas(stage, 20, 30, client);
      for (const link of ['link1', 'link2', 'link3']) await putMany(client, `${stage.address}/${link}`, 10);
      await untilServerHas(stage, 50, 0, client);
    },
  },
];
