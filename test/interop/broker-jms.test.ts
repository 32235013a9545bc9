import { fileURLToPath } from 'node:url';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BrokerUnavailable } from '../brokers/support/broker-unavailable.js';
import { mavenJars } from '../brokers/support/maven.js';
import { runCommand } from '../brokers/support/run-command.js';

const jars = fileURLToPath(new URL('../../.cache/qpid-jms', import.meta.url));
const program = fileURLToPath(new URL('java/Jms.java', import.meta.url));

/** A start of Java takes seconds on a busy machine; in milliseconds. */
const limit = 120_000;

let unavailable: string | undefined;

beforeAll(async () => {
  try {
    await mavenJars(jars, ['org.apache.qpid:qpid-jms-client:2.10.0', 'org.slf4j:slf4j-nop:2.0.16']);
    await runCommand('java', ['-version']);
  } catch (error) {
    if (!(error instanceof BrokerUnavailable) || process.env['CI'] !== undefined) throw error;
    unavailable = error.message;
    console.warn(`Qpid JMS is not tested: ${unavailable}`);
  }
});

beforeEach((context) => {
  if (unavailable !== undefined) context.skip(unavailable);
});

/** The lines that the client prints when it does something with a fresh broker. */
async function seenBy(what: string): Promise<readonly string[]> {
  const broker = await new EmbeddedBroker({ port: 0 }).start();
  onTestFinished(() => broker.stop());
  const output = await runCommand('java', ['-cp', `${jars}/*`, program, broker.url, what]);
  return output.trim().split('\n');
}

describe('the embedded broker with Qpid JMS', () => {
  it('keeps the messages of a queue', { timeout: limit }, async () => {
    expect(await seenBy('queue')).toEqual(['[one, two]']);
  });

  it('gives each subscriber of a topic every message', { timeout: limit }, async () => {
    expect(await seenBy('topic')).toEqual(['[one, two]', '[one, two]']);
  });

  it('keeps messages for a durable subscription', { timeout: limit }, async () => {
    expect(await seenBy('durable')).toEqual(['[one, two]']);
  });

  it('shares the messages of a shared subscription', { timeout: limit }, async () => {
    expect(await seenBy('shared')).toEqual(['[1, 2, 3, 4]']);
  });

  it('ends a durable subscription', { timeout: limit }, async () => {
    expect(await seenBy('unsubscribe')).toEqual(['[]']);
  });

  it('refuses a selector, and says which option passes over it', { timeout: limit }, async () => {
    expect(await seenBy('selector')).toEqual([
      'This broker has no filters, selectors included. With ignoreFilters it passes over them. ' +
        '[condition = amqp:not-implemented]',
    ]);
  });

  it('refuses transactions, and the connection stays', { timeout: limit }, async () => {
    expect(await seenBy('transaction')).toEqual([
      'This broker has no transactions. [condition = amqp:not-implemented]',
      '[two]',
    ]);
  });
});
