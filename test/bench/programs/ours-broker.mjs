// ours-broker ADDRESS: an embedded broker on the port of ADDRESS, until it is terminated.
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { Stopwatch, ready, report } from './workload.mjs';

const broker = await new EmbeddedBroker({ port: Number(new URL(process.argv[2]).port) }).start();
const stopwatch = new Stopwatch();
process.once('SIGTERM', async () => {
  const left = broker.queues.reduce((sum, { depth, outstanding }) => sum + depth + outstanding, 0);
  report({ left, brokerCpuSeconds: stopwatch.cpuSeconds });
  await broker.stop();
});
ready();
