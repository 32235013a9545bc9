import { inspect } from 'node:util';
import type { Message, Messenger, MessengerOptions } from 'amqp-messenger';
import { ulong, uuid } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { FaultProxy } from '../support/fault-proxy.js';
import { memoryInUse } from '../support/memory.js';
import { createMessenger, createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { FakeClock } from '../support/fake-clock.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { payload, state } from '../support/wire-frames.js';
import type { Wire, WireLink } from '../support/wire.js';

/** Answers every message with its body in upper case, until the messenger is closed. */
function serve(server: Messenger, answer: (body: string) => string = (body) => body.toUpperCase()): void {
  void (async () => {
    for await (const question of server.receive()) {
      server.reply(question, { body: answer(question.message.body as string) });
      question.accept();
    }
  })();
}

/** A broker with a server that answers what comes to `questions`. */
async function served(options: MessengerOptions = {}): Promise<{ address: string; port: number; client: Messenger }> {
  const broker = await startBroker();
  const address = `${broker.url}/questions`;
  const server = createTrackingMessenger();
  await server.subscribe(address).ready();
  serve(server);
  return { address, port: broker.port, client: createTrackingMessenger(options) };
}

/** A client whose peer is played by the test: it has attached the links for answers and for questions. */
async function asked(
  client: Messenger,
  message: Message = {},
  source: object = { address: 'node-1' },
): Promise<{ peer: ScriptedPeer; wire: Wire; replies: WireLink; questions: WireLink; answer: Promise<unknown> }> {
  const peer = await ScriptedPeer.listen();
  const answer = client.request({ address: peer.address('q'), ...message });
  answer.catch(() => undefined);
  const wire = await peer.accept();
  const replies = await wire.answerLink({ attach: { source } });
  await wire.answerBegin();
  const questions = await wire.answerAttach();
  return { peer, wire, replies, questions, answer };
}

describe('a request', () => {
  it('gets its answer by way of a broker', async () => {
    const { address, client } = await served();
    expect((await client.request({ address, body: 'a' })).body).toBe('A');
    expect(client.incoming).toBe(0);
  });

  it('leaves the link for answers with the credit it had, however many have come', async () => {
    const { address, client } = await served();
    for (let round = 0; round < 40; round++) {
      await Promise.all(Array.from({ length: 50 }, () => client.request({ address, body: 'a' })));
    }
    expect(client.receiving).toBeLessThanOrEqual(1024);
    expect(client.receiving).toBeGreaterThan(512);
  });

  it('gets its answer from a messenger that listens, pre-settled or not', async () => {
    for (const outgoingWindow of [0, 1]) {
      const server = createMessenger({ outgoingWindow, incomingWindow: -1 });
      const address = await listen(server);
      serve(server);
      const client = createMessenger();
      expect((await client.request({ address: `${address}/q`, body: 'a' })).body).toBe('A');
    }
  });

  it('shares the link for answers with thousands of others, beyond its credit', async () => {
    const server = createMessenger({ outgoingWindow: 0, incomingWindow: -1 });
    const address = await listen(server);
    serve(server);
    const client = createMessenger();
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        Array.from({ length: 1000 }, (_, number) => client.request({ address, body: `n${round}-${number}` })),
      );
      expect(answers.map(({ body }) => body)).toEqual(
        Array.from({ length: 1000 }, (_, number) => `N${round}-${number}`),
      );
    }
    expect(client.outgoing).toBe(0);
  });

  it('keeps nothing in memory of requests that are over', async () => {
    const { address, client } = await served();
    const ask = async (count: number): Promise<void> => {
      for (let number = 0; number < count; number += 100) {
        await Promise.all(Array.from({ length: 100 }, () => client.request({ address, body: 'x'.repeat(1000) })));
      }
    };
    await ask(1000);
    const before = memoryInUse();
    await ask(3000);
    expect(memoryInUse() - before).toBeLessThan(2_000_000);
  });

  it.each<[string, Message['id']]>([
    ['text', 'id-1'],
    ['a number', 7],
    ['a large number', 2n ** 64n - 1n],
    ['a typed number', ulong(7)],
    ['a UUID', uuid('00112233-4455-6677-8899-AABBCCDDEEFF')],
    ['bytes', Buffer.from([0, 255])],
  ])('may have an id that is %s', async (_title, id) => {
    const { address, client } = await served();
    expect((await client.request({ address, body: 'a', id })).body).toBe('A');
  });

  it('is answered by its correlation-id too, as other services do', async () => {
    const { address, client } = await served();
    expect((await client.request({ address, body: 'a', id: 'id', correlationId: 'conversation' })).body).toBe('A');
  });

  it('with an id that is in use is refused, and may be sent again later', async () => {
    const client = createMessenger();
    const { wire, replies, questions, answer, peer } = await asked(client, { id: 'id' });
    const twice = client.request({ address: peer.address('q'), id: 'other', correlationId: 'id' });
    await expect(twice).rejects.toMatchObject({ code: 'ERR_STATE' });
    wire.grant(questions, 10);
    await wire.read('transfer');
    // Of an answer to nobody, and of one that says so twice, nothing is left.
    const properties = Buffer.from([0, 0x53, 0x73, 0xc0, 10, 6, 0x40, 0x40, 0x40, 0x40, 0x40, 0xa1, 2, 0x69, 0x64]);
    wire.transfer(replies, 0, Buffer.concat([properties, payload('first')]));
    wire.transfer(replies, 1, Buffer.concat([properties, payload('second')]));
    expect(await answer).toMatchObject({ body: 'first' });
    await wire.read('disposition', ({ fields }) => fields['last'] === 1);
    const again = client.request({ address: peer.address('q'), id: 'id' });
    await wire.read('transfer');
    wire.transfer(replies, 2, Buffer.concat([properties, payload('third')]));
    expect(await again).toMatchObject({ body: 'third' });
  });

  it('names the node that the peer has made, and no other', async () => {
    const client = createMessenger();
    const { wire, questions } = await asked(client, {}, { address: 'amqp:node-7' });
    wire.grant(questions, 1);
    expect((await wire.read('transfer')).payload.toString('latin1')).toContain('amqp:node-7');
  });

  it('ends at its timeout, and a late answer does no harm', async () => {
    const clock = new FakeClock();
    const client = createTrackingMessenger({ timeout: 30, environment: { clock } });
    const { wire, replies, questions, answer } = await asked(client);
    clock.advance(30);
    await expect(answer).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    // It has not gone out by then, so it never does.
    wire.grant(questions, 10);
    wire.transfer(replies, 0, payload('nothing'));
    expect((await wire.read('disposition')).fields).toMatchObject({ state: { type: 'rejected' } });
    expect(wire.unread.map(({ name }) => name)).not.toContain('transfer');
    expect(client.outgoing).toBe(0);
    expect(await client.send()).toBe(true);
  });

  it('fails when the peer rejects it', async () => {
    const client = createTrackingMessenger();
    const { wire, questions, answer } = await asked(client);
    wire.grant(questions, 1);
    await wire.read('transfer');
    wire.send(
      'disposition',
      {
        role: true,
        first: 0,
        settled: true,
        state: state('rejected', { error: { condition: 'amqp:not-allowed' } }),
      },
      questions.channel,
    );
    await expect(answer).rejects.toMatchObject({ code: 'ERR_LINK', condition: 'amqp:not-allowed' });
    expect(await client.send()).toBe(true);
  });

  it('fails when the peer is gone, though the connection comes back', async () => {
    const broker = await startBroker();
    const proxy = await FaultProxy.listen(broker.port);
    const client = createTrackingMessenger({ reconnect: { delay: 0 } });
    const address = `amqp://127.0.0.1:${proxy.port}/nobody-answers`;
    const answer = client.request({ address });
    answer.catch(() => undefined);
    while (broker.queue('nobody-answers').received === 0) await client.work();
    proxy.cut();
    await expect(answer).rejects.toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('link for answers') as string,
    });
    // The next has a node again.
    const server = createTrackingMessenger();
    server.subscribe(`${broker.url}/questions`);
    serve(server);
    const next = client.request({ address: `amqp://127.0.0.1:${proxy.port}/questions`, body: 'a' });
    expect((await next).body).toBe('A');
  });

  it('fails when there is no peer', async () => {
    const peer = await ScriptedPeer.listen();
    await peer.close();
    const client = createTrackingMessenger();
    await expect(client.request({ address: peer.address('q') })).rejects.toMatchObject({ code: 'ERR_CONNECTION' });
    expect(client.outgoing).toBe(0);
  });

  it('fails when the messenger is stopped', async () => {
    const client = createTrackingMessenger();
    const { answer } = await asked(client);
    await client.stop();
    await expect(answer).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  it('says what to do when the peer makes no node for answers', async () => {
    const client = createTrackingMessenger();
    const peer = await ScriptedPeer.listen();
    const answer = client.request({ address: peer.address('q') });
    const wire = await peer.accept();
    const link = await wire.answerLink({ attach: { source: null } });
    const error = { condition: 'amqp:not-implemented', description: 'no dynamic nodes' };
    wire.send('detach', { handle: link.handle, closed: true, error });
    await expect(answer).rejects.toMatchObject({
      code: 'ERR_LINK',
      condition: 'amqp:not-implemented',
      message: expect.stringMatching(/no dynamic nodes.*name a queue for them as replyTo/) as string,
    });
  });

  it('says what to do when the peer does not tell the name of the node', async () => {
    const client = createTrackingMessenger();
    const peer = await ScriptedPeer.listen();
    const answer = client.request({ address: peer.address('q') });
    await (await peer.accept()).answerLink({ attach: { source: {} } });
    await expect(answer).rejects.toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('replyTo') as string,
    });
  });

  it('may name a queue for answers, and takes nothing that others subscribe to', async () => {
    const { address, client } = await served();
    const own = client.subscribe(address.replace('questions', 'other'));
    expect((await client.request({ address, body: 'a' }, { replyTo: 'answers' })).body).toBe('A');
    expect((await client.request({ address, body: 'b' }, { replyTo: 'answers' })).body).toBe('B');
    const sender = createTrackingMessenger();
    sender.put({ address: address.replace('questions', 'other'), body: 'mine' });
    const loop = client.receive({ subscription: own });
    expect((await loop.next()).value?.message.body).toBe('mine');
  });

  it('does not take over a subscription to the queue that it names', async () => {
    const { address, client } = await served();
    const subscription = await client.subscribe(address.replace('questions', 'answers')).ready();
    await client.request({ address, body: 'a' }, { replyTo: 'answers', timeout: 2000 }).catch(() => undefined);
    expect(client.subscribe(address.replace('questions', 'answers'))).toBe(subscription);
    expect(client.receiving).toBeGreaterThanOrEqual(0);
  });

  it.each<[string, Message, string]>([
    ['no address', { body: 'a' }, 'ERR_ADDRESS'],
    ['an address to listen on', { address: 'amqp://~127.0.0.1:0/q' }, 'ERR_ADDRESS'],
    ['a replyTo of its own', { address: 'amqp://127.0.0.1/q', replyTo: '~/answers' }, 'ERR_OPTION'],
  ])('with %s is refused, and nothing is opened for it', async (_title, message, code) => {
    const client = createMessenger();
    await expect(client.request(message)).rejects.toMatchObject({ code });
    expect(client.stopped).toBe(true);
  });

  it('that cannot be encoded fails, and its id is free again', async () => {
    const { address, client } = await served();
    // Callers without types may give anything.
    const message = { address, id: 'id', body: Symbol('no') } as unknown as Message;
    await expect(client.request(message)).rejects.toMatchObject({ code: 'ERR_ENCODE' });
    expect((await client.request({ address, id: 'id', body: 'a' })).body).toBe('A');
  });
});

describe('a reply', () => {
  it('needs a message that says where to', async () => {
    const { address, client } = await served();
    client.subscribe(`${address}2`);
    client.put({ address: `${address}2`, body: 'a' });
    await client.recv();
    const delivery = client.get()!;
    expect(() => client.reply(delivery, { body: 'b' })).toThrow(
      expect.objectContaining({ code: 'ERR_ADDRESS' }) as Error,
    );
  });

  it('goes by the credentials of the subscription, whatever characters they have, and shows none of them', async () => {
    const broker = await startBroker();
    const address = `amqp://us~er@127.0.0.1:${broker.port}/questions`;
    const server = createTrackingMessenger();
    const subscription = server.subscribe(address);
    server.put({ address: `${broker.url}/questions`, replyTo: 'answers', id: 'id', body: 'a' });
    await server.recv();
    const question = server.get()!;
    const tracker = server.reply(question, { body: 'b', correlationId: undefined });
    await server.send();
    expect(tracker.status).toBe('accepted');
    await subscription.unsubscribe();
    // The way back is known even then.
    expect(await server.reply(question, { body: 'c' }).outcome()).toBe('accepted');
    expect(
      inspect([tracker, question, subscription], { depth: 9 }) + JSON.stringify([tracker, subscription]),
    ).not.toMatch(/us~er/);
    const reader = createMessenger();
    reader.subscribe(`${broker.url}/answers`);
    await reader.recv();
    expect(reader.get()!.message.correlationId).toBe('id');
  });

  it.each(['amqp://127.0.0.1', 'AMQP://127.0.0.1'])(
    'to a node of the broker that the question came from goes with the credentials there: %s',
    async (host) => {
      const broker = await startBroker({ users: { user: 'secret' } });
      const address = `amqp://user:secret@127.0.0.1:${broker.port}/questions`;
      const server = createTrackingMessenger();
      server.subscribe(address);
      server.put({ address, replyTo: `${host}:${broker.port}/answers`, body: 'question' });
      await server.recv();
      const answer = server.reply(server.get()!, { body: 'answer' });
      await answer.outcome();
      expect([answer.status, answer.error]).toEqual(['accepted', undefined]);
      expect(broker.queue('answers').depth).toBe(1);
    },
  );

  it('to the broker that the question came from goes where a route says that the address leads', async () => {
    const [broker, other] = [await startBroker(), await startBroker()];
    const server = createTrackingMessenger();
    server.route(`${broker.url}/answers`, `${other.url}/answers`);
    server.subscribe(`${broker.url}/questions`);
    server.put({ address: `${broker.url}/questions`, replyTo: `${broker.url}/answers`, body: 'question' });
    await server.recv();
    expect(await server.reply(server.get()!, { body: 'answer' }).outcome()).toBe('accepted');
    expect([broker.queue('answers').depth, other.queue('answers').depth]).toEqual([0, 1]);
  });

  it('of another messenger is refused, unless it says a host to go to that the program has named', async () => {
    const { address, client } = await served();
    client.subscribe(`${address}2`);
    client.put({ address: `${address}2`, replyTo: 'answers' });
    client.put({ address: `${address}2`, replyTo: address.replace('questions', 'answers') });
    await client.send();
    await client.recv();
    const [relative, absolute] = [client.get()!, client.get() ?? (await client.recv(), client.get()!)];
    const other = createTrackingMessenger();
    expect(() => other.reply(relative, {})).toThrow(expect.objectContaining({ code: 'ERR_TRACKER' }) as Error);
    expect(() => other.reply(absolute, {})).toThrow(expect.objectContaining({ code: 'ERR_TRACKER' }) as Error);
    other.route('broker', address);
    expect(await other.reply(absolute, {}).outcome()).toBe('accepted');
  });
});
