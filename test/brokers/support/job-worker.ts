// Works off a queue of jobs, and prints the number of each: job-worker.ts url broker queue
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpBroker } from 'amqp-messenger/pubsub';
import { brokerFacts } from './broker-facts.js';
import { Job } from './job.js';

const [url = '', name = '', queueName = ''] = process.argv.slice(2);
const { peer } = Object.values(brokerFacts).find((facts) => facts.name === name)!; // as the test has written it
const broker = new AmqpBroker({ url, peer });
broker.on('error', (error) => console.error(error));
const handler = async ({ number }: Job): Promise<void> => {
  await sleep(1);
  // Written before this returns, since a pipe is written to at once; so before the job is accepted.
  process.stdout.write(`${number}\n`);
};
await broker.subscribeAsync(Job, handler, queueName, { concurrency: 20, maxDeliveries: 100 }).ready();
process.stdout.write('ready\n');
