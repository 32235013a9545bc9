/**
 * Sends and receives through a proxy that cuts the connections every 20 seconds, for ten minutes, and checks that nothing
 * grows: `npm run soak`. SOAK_MINUTES sets another time; a minute is enough to find what leaks with every reconnect.
 */
import { EmbeddedBroker } from '../../src/broker.js';
import { Messenger } from '../../src/index.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { Figures } from './figures.js';

const minutes = Number(process.env['SOAK_MINUTES'] ?? 10);
/** How often connections are cut, and how often figures are taken: half-way between two cuts. */
const PERIOD = 20_000;
/** Messages without an outcome at a time. */
const IN_FLIGHT = 1000;
const BODY = 'x'.repeat(200);

const broker = await new EmbeddedBroker({ port: 0 }).start();
const proxy = await FaultProxy.open(broker.port);
const address = `amqp://127.0.0.1:${proxy.port}/soak`;
const options = { outgoingWindow: 1, incomingWindow: -1, reconnect: { initial: true, delay: 50, maxDelay: 500 } };
const sender = new Messenger(options);
const receiver = new Messenger(options);

let isOver = false;
let sent = 0;
let received = 0;
/** Paused while figures are taken, so that what is under way does not count. */
let pause: Promise<void> | undefined;

async function send(): Promise<void> {
  while (!isOver) {
    await pause;
    for (let count = 0; count < IN_FLIGHT; count++) sender.put({ address, id: `m${sent++}`, body: BODY });
    await sender.send();
    // About 3,000 a second: a million in ten minutes, and the machine is left to others.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function receive(): Promise<void> {
  receiver.subscribe(address);
  for await (const delivery of receiver.receive()) {
    delivery.accept();
    received++;
  }
}

const sending = send();
const receiving = receive();
const figures = new Figures(sender, receiver);
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(String(warning)));

let cuts = 0;
/** Cuts while messages are under way. */
function cut(): void {
  if (sender.outgoing === 0) {
    setImmediate(cut);
    return;
  }
  proxy.cut();
  cuts++;
}
const cutting = setInterval(cut, PERIOD);
const end = Date.now() + minutes * 60_000;
await new Promise((resolve) => setTimeout(resolve, PERIOD / 2));
while (Date.now() < end) {
  let goOn = (): void => undefined;
  pause = new Promise((resolve) => (goOn = resolve));
  await figures.take(sent, received);
  pause = undefined;
  goOn();
  await new Promise((resolve) => setTimeout(resolve, PERIOD));
}
isOver = true;
clearInterval(cutting);
await sending;
const { outgoing } = sender.stats();
while (broker.queue('soak').depth + broker.queue('soak').outstanding > 0)
  await new Promise((resolve) => setTimeout(resolve, 50));
await Promise.all([sender.stop(), receiver.stop()]);
await receiving;
await broker.stop();
await proxy.close();

const faults = figures.faults();
if (warnings.length > 0) faults.push(...warnings);
if (outgoing.ended.accepted !== sent) faults.push(`${sent - outgoing.ended.accepted} messages were not accepted.`);
if (received < sent) faults.push(`${sent - received} messages were not received.`);
console.log(`${minutes} minutes, ${cuts} cuts, ${sent} messages sent, ${received - sent} of them received again.`);
console.log(faults.length === 0 ? 'Nothing has grown.' : faults.join('\n'));
process.exitCode = faults.length === 0 ? 0 : 1;
