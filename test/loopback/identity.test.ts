import type { Message } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/codec/encode-message.js';
import { Output } from '../../src/codec/output.js';
import { createMessenger, createTrackingMessenger, listen, startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import { Wire } from '../support/wire.js';

/** A stranger that has connected to a port, calls itself by a name, and wants to receive from `orders`. */
async function stranger(port: number, containerId: string): Promise<Wire> {
  const wire = await Wire.dial(port, { container_id: containerId });
  await wire.begin();
  const link = await wire.attach('receiver', 'orders');
  wire.grant(link, 10);
  return wire;
}

/** The bytes of a message. */
function encoded(message: Message): Buffer {
  const output = new Output();
  output.open(0);
  encodeMessage(output, message, undefined);
  return Buffer.from(output.buffer.subarray(output.start, output.position));
}

const portOf = (address: string): number => Number(/:(\d+)/.exec(address.replace('amqp:', ''))?.[1]);

describe('a peer that calls itself by the name of a host', () => {
  it.each([
    'amqps://user:secret@payments.example.com/orders',
    'amqps://payments.example.com/orders',
    'amqp://user:secret@payments.example.com/orders',
    'amqp://payments.example.com/orders',
  ])('gets nothing that is meant for %s', async (address) => {
    const messenger = createTrackingMessenger({ connectTimeout: 100, reconnect: false });
    const port = portOf(await listen(messenger));
    const host = /([^@/]+)\/orders/.exec(address)![1]!;
    const wires = [await stranger(port, host), await stranger(port, `user@${host}`)];
    const tracker = messenger.put({ address, body: 'the card number' });
    expect(await tracker.outcome()).toBe('aborted');
    for (const wire of wires) {
      wire.send('flow', { incoming_window: 1, next_outgoing_id: 0, outgoing_window: 1, echo: true });
      expect(wire.unread.filter(({ name }) => name === 'transfer')).toEqual([]);
    }
  });

  it('gets no message either when we dialled it', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ connectTimeout: 100, reconnect: false });
    const subscription = messenger.subscribe(peer.address('news'));
    const wire = await peer.accept();
    await wire.answerLink({ open: { container_id: 'payments.example.com' } });
    await subscription.ready();
    const tracker = messenger.put({ address: 'amqp://payments.example.com/orders', body: 'the card number' });
    expect(await tracker.outcome()).toBe('aborted');
    expect(wire.unread.filter(({ name }) => name === 'attach')).toEqual([]);
  });

  it('is meant by an address without TLS and credentials where the program trusts every peer', async () => {
    const messenger = createTrackingMessenger({ containerIdsAsHosts: true });
    const wire = await stranger(portOf(await listen(messenger)), 'client');
    messenger.put({ address: 'amqp://client/orders', body: 'order' });
    expect((await wire.read('transfer')).payload.toString('latin1')).toContain('order');
  });
});

describe('a replyTo that names a host', () => {
  /** A service that has received a question whose replyTo names the host of a stranger. */
  async function asked(replyTo: (port: number) => string, options: object = {}) {
    const broker = await startBroker({ users: { service: 'CANARY' } });
    const evil = await ScriptedPeer.listen();
    const service = createTrackingMessenger({ sasl: { user: 'service', password: 'CANARY' }, ...options });
    service.subscribe(`${broker.url}/clock`);
    const client = createTrackingMessenger({ sasl: { user: 'service', password: 'CANARY' } });
    client.put({ address: `${broker.url}/clock`, replyTo: replyTo(evil.port), body: 'What time is it?' });
    await client.send();
    await service.recv();
    return { broker, evil, service, question: service.get()! };
  }

  it('is not dialled when only a message has named it, and the error says what to do', async () => {
    const { evil, service, question } = await asked((port) => `amqp://127.0.0.1:${port}/x`);
    const answer = (): unknown => service.put({ address: question.message.replyTo!, body: 'Noon.' });
    expect(answer).toThrow(/named by a peer.*reply\(\).*dialPeerHosts/);
    expect(answer).toThrow(expect.objectContaining({ code: 'ERR_ADDRESS' }) as Error);
    expect(evil.connections).toBe(0);
  });

  it('gets the answer of reply() over the connection the question came by', async () => {
    const { broker, evil, service, question } = await asked((port) => `amqp://127.0.0.1:${port}/answers`);
    expect(await service.reply(question, { body: 'Noon.' }).outcome()).toBe('accepted');
    expect([evil.connections, broker.queue('answers').received]).toEqual([0, 1]);
  });

  it('is dialled without credentials where that is allowed', async () => {
    const { evil, service, question } = await asked((port) => `amqp://127.0.0.1:${port}/x`, { dialPeerHosts: true });
    service.put({ address: question.message.replyTo!, body: 'Noon.' });
    const wire = await evil.accept();
    const init = await wire.answerSasl(['PLAIN', 'ANONYMOUS'], 0);
    expect(init.fields).toMatchObject({ mechanism: 'ANONYMOUS' });
  });

  it('is an address like others when the program has named its host itself', async () => {
    const { service, question, broker } = await asked(() => 'answers');
    const again = createTrackingMessenger({ sasl: { user: 'service', password: 'CANARY' } });
    again.put({ address: `${broker.url}/clock`, replyTo: `${broker.url}/answers`, body: 'And now?' });
    await again.send();
    question.accept();
    await service.recv();
    const second = service.get()!;
    expect(await service.put({ address: second.message.replyTo!, body: 'One.' }).outcome()).toBe('accepted');
    expect(broker.queue('answers').received).toBe(1);
  });
});

describe('an answer', () => {
  it('goes to the peer that asked, even when another one has the same name', async () => {
    const server = createMessenger({ incomingWindow: 10, outgoingWindow: 10 });
    const port = portOf(await listen(server));
    void server.recv(10).catch(() => undefined);
    const ask = async (): Promise<Wire> => {
      const wire = await Wire.dial(port, { container_id: 'client' });
      await wire.begin();
      const answers = await wire.attach('receiver', 'answers');
      wire.grant(answers, 10);
      return wire;
    };
    const [first, second] = [await ask(), await ask()];
    const questions = await first.attach('sender', 'q');
    await first.read('flow', ({ fields }) => Number(fields['link_credit']) > 0);
    first.transfer(questions, 0, encoded({ replyTo: 'amqp://client/answers', body: 'What time is it?' }));
    while (server.incoming === 0) await server.work();
    server.reply(server.get()!, { body: 'Noon.' });
    expect((await first.read('transfer')).payload.toString('latin1')).toContain('Noon.');
    expect(second.unread.filter(({ name }) => name === 'transfer')).toEqual([]);
  });
});
