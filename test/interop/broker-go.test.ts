import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Messenger } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BrokerUnavailable } from '../brokers/support/broker-unavailable.js';
import { runCommand } from '../brokers/support/run-command.js';

const source = fileURLToPath(new URL('go/', import.meta.url));

/** Where the program is built. */
let folder: string;
let program: string;
let unavailable: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amqp-messenger-go-'));
  program = join(folder, 'drain');
  try {
    await download();
  } catch (error) {
    if (!(error instanceof BrokerUnavailable) || process.env['CI'] !== undefined) throw error;
    unavailable = error.message;
    console.warn(`go-amqp is not tested: ${unavailable}`);
    return;
  }
  await runCommand('go', ['build', '-o', program, '.'], { folder: source });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach((context) => {
  if (unavailable !== undefined) context.skip(unavailable);
});

/** Has Go fetch go-amqp, unless it has it. Throws `BrokerUnavailable` when that cannot be done on this machine. */
async function download(): Promise<void> {
  try {
    await runCommand('go', ['mod', 'download'], { folder: source });
  } catch (error) {
    if (error instanceof BrokerUnavailable) throw error;
    throw new BrokerUnavailable(`Go cannot download go-amqp: ${String(error)}`, { cause: error });
  }
}

/** What a client of go-amqp does with a queue of a fresh broker. */
interface Drain {
  /** How many messages are in the queue, `m0` first. */
  readonly messages: number;
  readonly credit: number;
  /** How many messages it receives before it drains. */
  readonly taken: number;
}

/** The lines that the client prints: what it had when its drain was answered, and what came with one credit more. */
async function seenBy({ messages, credit, taken }: Drain): Promise<readonly string[]> {
  const broker = await new EmbeddedBroker({ port: 0 }).start();
  onTestFinished(() => broker.stop());
  const messenger = new Messenger({ outgoingWindow: 10 });
  onTestFinished(() => messenger.close());
  for (let number = 0; number < messages; number++) messenger.put({ address: `${broker.url}/q`, body: `m${number}` });
  await messenger.send();
  const output = await runCommand(program, [broker.url, 'q', ...[credit, taken].map(String)]);
  return output.trim().split('\n');
}

describe('the embedded broker with go-amqp', () => {
  it('gives back credit that no message uses', async () => {
    expect(await seenBy({ messages: 0, credit: 10, taken: 0 })).toEqual(['[]', 'last']);
  });

  it('sends what it has before it gives back the rest of the credit', async () => {
    expect(await seenBy({ messages: 3, credit: 10, taken: 1 })).toEqual(['[m1 m2]', 'last']);
  });

  it('answers a drain when messages have used up all credit', async () => {
    expect(await seenBy({ messages: 3, credit: 3, taken: 3 })).toEqual(['[]', 'last']);
  });

  it('answers a drain of a link that never had credit, and keeps the messages', async () => {
    expect(await seenBy({ messages: 3, credit: 0, taken: 0 })).toEqual(['[]', 'm0']);
  });

  it('answers a drain without credit at an empty queue', async () => {
    expect(await seenBy({ messages: 0, credit: 0, taken: 0 })).toEqual(['[]', 'last']);
  });

  it('answers a drain that meets a queue with more messages than credit', async () => {
    expect(await seenBy({ messages: 5, credit: 2, taken: 1 })).toEqual(['[m1]', 'm2']);
  });
});
