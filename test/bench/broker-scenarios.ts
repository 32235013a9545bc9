import { fileURLToPath } from 'node:url';
import { BrokerUnavailable } from '../brokers/support/broker-unavailable.js';
import { freePort } from '../brokers/support/free-port.js';
import { brokerFacts } from '../brokers/support/broker-facts.js';
import { release40 } from '../brokers/support/rabbitmq-releases.js';
import { startRabbitMQ } from '../brokers/support/rabbitmq.js';
import { runBehind, runPair } from './run-pair.js';
import type { Figures, Program } from './run-pair.js';
import type { Metric, Scenario } from './scenarios.js';

type MessageKind = 'small' | 'realistic';

const COUNTS: Readonly<Record<MessageKind, number>> = { small: 1_250_000, realistic: 750_000 };
/** RabbitMQ is given fewer, so that a run takes about as long. */
const RABBITMQ_COUNTS: Readonly<Record<MessageKind, number>> = { small: 125_000, realistic: 125_000 };
const BATCH = 1024;
/** The share of the messages that is sent before the clock starts. */
const WARM_UP = 0.2;
const QUEUE = 'bench';

/** Producer → the embedded broker → consumer, three processes. Every message is accepted on both ways. */
function throughEmbedded(kind: MessageKind): Scenario {
  return through(`broker-${kind}`, COUNTS[kind], kind, async (args) => {
    const address = `amqp://127.0.0.1:${await freePort()}`;
    const node = `${address}/${QUEUE}`;
    const broker = program('ours-broker', [address]);
    const figures = await runBehind(broker, program('broker-receive', [node, ...args]), send(node, args));
    if (figures['left'] !== 0) throw new Error(`${figures['left'] ?? 'An unknown number of'} messages are left.`);
    return figures;
  });
}

/** The same Messengers with RabbitMQ 4 between them, to compare. */
function throughRabbitMQ(kind: MessageKind): Scenario {
  return through(`rabbitmq-${kind}`, RABBITMQ_COUNTS[kind], kind, async (args) => {
    const broker = await startRabbitMQ(brokerFacts.rabbitmq40, release40);
    try {
      await broker.declareQueue(QUEUE);
      const node = `${broker.url}/${broker.facts.address(QUEUE)}`;
      return await runPair(program('broker-receive', [node, ...args]), send(node, args));
    } finally {
      await broker.stop();
    }
  });
}

function through(
  name: string,
  count: number,
  kind: MessageKind,
  run: (args: readonly (string | number)[]) => Promise<Figures>,
): Scenario {
  const metrics: readonly Metric[] = [{ name, unit: 'messages/s', more: true }];
  const warm = count * WARM_UP;
  return {
    metrics,
    contenders: ['ours'],
    async run() {
      const figures = await run([kind, count, warm, BATCH]).catch(unlessUnavailable);
      if (figures === undefined) return { [name]: NaN };
      for (const figure of ['accepted', 'received']) {
        if (figures[figure] !== count) throw new Error(`${figure} is ${figures[figure] ?? 'missing'}, not ${count}.`);
      }
      // Until the later of the two is done: the last outcome at the producer, the last message at the consumer.
      const seconds = Math.max(figures['seconds'] ?? NaN, figures['receiveSeconds'] ?? NaN);
      return { [name]: (count - warm) / seconds };
    },
  };
}

/** Without RabbitMQ there is nothing to compare with, and the rest is still worth measuring. */
function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof BrokerUnavailable)) throw error;
  process.stderr.write(`RabbitMQ is not measured. ${error.message}\n`);
}

function send(node: string, args: readonly (string | number)[]): Program {
  return program('ours-send', [node, ...args, 'flights=2']);
}

function program(name: string, args: readonly (string | number)[]): Program {
  const script = fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
  return { command: process.execPath, args: [script, ...args.map(String)] };
}

/** What is measured with a broker between the two ends. */
export const brokerScenarios: readonly Scenario[] = [
  throughEmbedded('small'),
  throughRabbitMQ('small'),
  throughEmbedded('realistic'),
  throughRabbitMQ('realistic'),
];
