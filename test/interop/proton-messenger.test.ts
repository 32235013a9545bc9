import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Messenger } from 'amqp-messenger';
import type { MessengerOptions } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../brokers/support/free-port.js';
import type { CProgram } from './build-c.js';
import { useCPrograms } from './use-c-programs.js';

const pathOf = useCPrograms();

/** A C program that runs: its lines as they come, and how it ends. */
function run(program: CProgram, ...args: (string | number)[]) {
  const child = spawn(pathOf(program), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
    if (done) throw new Error(`${program} printed less than expected.`);
    return value;
  };
  const ended = once(child, 'close').then(([code]) => code as number);
  return {
    ended,
    line,
    async rest(): Promise<string[]> {
      const all: string[] = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) all.push(next.value);
      return all;
    },
  };
}

function createMessenger(options: MessengerOptions = {}): Messenger {
  const messenger = new Messenger({ outgoingWindow: 1024, incomingWindow: 1024, timeout: 10_000, ...options });
  onTestFinished(() => messenger.close());
  return messenger;
}

async function listening(messenger: Messenger): Promise<string> {
  const { port } = await messenger.subscribe('amqp://~127.0.0.1:0').ready();
  return `amqp://127.0.0.1:${port ?? 0}`;
}

describe('a C Messenger that sends to ours', () => {
  it('has every message accepted', async () => {
    const receiver = createMessenger();
    const sender = run('send', '-s', 'greeting', '-b', 'grüß Gott', `${await listening(receiver)}/q`, 1000);
    const bodies: unknown[] = [];
    while (bodies.length < 1000) {
      await receiver.recv(100);
      for (let next = receiver.get(); next !== undefined; next = receiver.get()) {
        const { subject, body, properties } = next.message;
        bodies.push([subject, body, properties?.['number']]);
        receiver.accept(next.tracker);
      }
    }
    expect(bodies).toEqual(Array.from({ length: 1000 }, (_, index) => ['greeting', 'grüß Gott', index]));
    expect(await sender.rest()).toEqual(Array.from({ length: 1000 }, () => 'accepted'));
    expect(await sender.ended).toBe(0);
  });

  it('learns which messages are rejected, released and modified', async () => {
    const receiver = createMessenger();
    const sender = run('send', `${await listening(receiver)}/q`, 4);
    let count = 0;
    while (count < 4) {
      await receiver.recv(4);
      for (let next = receiver.get(); next !== undefined; next = receiver.get(), count++) {
        const number = next.message.properties?.['number'];
        if (number === 0) receiver.accept(next.tracker);
        if (number === 1) receiver.reject(next.tracker, { condition: 'amqp:not-allowed', description: 'not this one' });
        if (number === 2) receiver.release(next.tracker);
        if (number === 3) receiver.modify(next.tracker, { deliveryFailed: true });
      }
    }
    expect(await sender.rest()).toEqual(['accepted', 'rejected', 'released', 'modified']);
  });

  it('passes a message of 50 MB', async () => {
    const receiver = createMessenger({ maxMessageSize: 100_000_000 });
    const sender = run('send', '-B', 50_000_000, `${await listening(receiver)}/q`, 1);
    await receiver.recv(1);
    const received = receiver.get();
    expect((received?.message.body as Buffer).length).toBe(50_000_000);
    receiver.accept();
    expect(await sender.rest()).toEqual(['accepted']);
  });

  it('gets its answers over the connection it has made', async () => {
    const server = createMessenger();
    const address = await listening(server);
    // The C program that sends does not receive; the one that benchmarks requests does.
    const client = run('bench_request', `${address}/q`, 10, 0);
    for (let answered = 0; answered < 10; answered++) {
      await server.recv(1);
      const request = server.get();
      server.put({ address: request?.message.replyTo, body: 'x'.repeat(100) });
      server.accept(request?.tracker);
    }
    expect(await client.ended).toBe(0);
  });
});

describe('a C Messenger that receives from ours', () => {
  it('gets every message, in order, and ours learns the outcomes', async () => {
    const port = await freePort();
    const receiver = run('recv', '-r', 3, `amqp://~127.0.0.1:${port}`, 9);
    expect(await receiver.line()).toBe('ready');
    const sender = createMessenger();
    const trackers = Array.from({ length: 9 }, (_, number) =>
      sender.put({
        address: `amqp://127.0.0.1:${port}/q`,
        subject: `s${number}`,
        body: `b${number}`,
        properties: { number },
      }),
    );
    await sender.send();
    const lines = (await receiver.rest()).map((line) => JSON.parse(line) as { subject: string; body: string });
    expect(lines.map(({ subject, body }) => `${subject} ${body}`)).toEqual(
      Array.from({ length: 9 }, (_, number) => `s${number} b${number}`),
    );
    expect(trackers.map(({ status }) => status)).toEqual(
      Array.from({ length: 9 }, (_, number) => ((number + 1) % 3 === 0 ? 'rejected' : 'accepted')),
    );
  });

  it('accepts cumulatively', async () => {
    const port = await freePort();
    const receiver = run('recv', '-c', `amqp://~127.0.0.1:${port}`, 500);
    expect(await receiver.line()).toBe('ready');
    const sender = createMessenger();
    const address = `amqp://127.0.0.1:${port}/q`;
    const trackers = Array.from({ length: 500 }, (_, number) =>
      sender.put({ address, body: `b${number}`, properties: { number } }),
    );
    await sender.send();
    expect(new Set(trackers.map(({ status }) => status))).toEqual(new Set(['accepted']));
  });
});

describe('the embedded broker between C Messengers', () => {
  it('keeps what one sends until another takes it', async () => {
    const broker = await new EmbeddedBroker({ port: 0 }).start();
    onTestFinished(() => broker.stop());
    const sender = run('send', `${broker.url}/q`, 200);
    expect(new Set(await sender.rest())).toEqual(new Set(['accepted']));
    expect(broker.queue('q').depth).toBe(200);
    const receiver = run('recv', `${broker.url}/q`, 200);
    const [ready, ...lines] = await receiver.rest();
    expect([ready, lines.length]).toEqual(['ready', 200]);
    expect(await receiver.ended).toBe(0);
    expect(broker.queue('q').depth).toBe(0);
  });
});
