import { Command } from 'commander';
import { redact } from '../address/redact.js';
import { EmbeddedBroker } from '../broker/embedded-broker.js';
import type { Config } from '../config/config.js';
import { addConnectionOptions, loadConfiguration, messengerFor, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { EXIT, positiveNumber, wholeNumber } from './exit.js';
import { Interruption } from './interruption.js';
import { Latencies } from './latencies.js';
import { print } from './output.js';
import { Pace } from './pace.js';
import { progressOptions, showProgress } from './progress.js';
import type { Progress } from './progress.js';

/** Bytes of a message that hold when it was put. */
const STAMP = 8;
/** Messages on their way at once. */
const IN_FLIGHT = 1024;
const LOOK_EVERY = 256;

interface BenchOptions extends ConnectionOptions {
  count: number;
  size: number;
  rate?: number;
  timeout: number;
  json?: boolean;
  progress?: boolean;
}

/** What was measured. Times are in milliseconds. */
interface Measured {
  readonly address: string;
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly rate: number;
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99' | 'p99.9' | 'max', number>>;
}

/** `amqp-messenger bench`: sends messages through a broker, receives them, and prints how fast that was. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('Send messages through a broker and receive them; print rates and latencies.')
    .argument('[address]', 'a queue that is empty; without it, an embedded broker is started')
    .option('-c, --count <n>', 'how many messages', positiveNumber, 100_000)
    .option('-s, --size <bytes>', 'how large their bodies are, 8 at least', wholeNumber, 100)
    .option('-r, --rate <n>', 'send so many a second; latencies mean little without it', positiveNumber)
    .option('-t, --timeout <ms>', 'give up when nothing comes for so long', wholeNumber, 10_000)
    .option('-j, --json', 'print the result as JSON');
  progressOptions().forEach((option) => command.addOption(option));
  return addConnectionOptions(command).action(bench);
}

async function bench(address: string | undefined, options: BenchOptions): Promise<void> {
  warnOfPasswords(address === undefined ? [] : [address]);
  const config = await loadConfiguration(options);
  if (address !== undefined) return measureAndPrint(address, config, options);
  await using broker = await new EmbeddedBroker({ port: 0 }).start();
  await measureAndPrint(`${broker.url}/bench`, undefined, options);
}

async function measureAndPrint(address: string, config: Config | undefined, options: BenchOptions): Promise<void> {
  using interruption = new Interruption();
  const progress = await showProgress(options.count, options.progress, 'messages');
  const measured = await measure(address, config, options, progress, interruption).finally(() => progress.stop());
  await print(options.json === true ? `${JSON.stringify(measured)}\n` : table(measured, options));
  if (measured.messages < options.count) process.exitCode = EXIT.interrupted;
}

async function measure(
  address: string,
  config: Config | undefined,
  options: BenchOptions,
  progress: Progress,
  interruption: Interruption,
): Promise<Measured> {
  const size = Math.max(options.size, STAMP);
  await using sender = messengerFor(config, options, {
    outgoingWindow: IN_FLIGHT,
    maxOutgoing: { messages: IN_FLIGHT },
    timeout: options.timeout,
  });
  await using receiver = messengerFor(config, options, { incomingWindow: -1, timeout: options.timeout });
  await receiver.subscribe(address).ready();
  const failed = new AbortController();
  const signal = AbortSignal.any([interruption.signal, failed.signal]);
  const begin = performance.now();
  const sent = sendAll(sender, address, size, options, signal).catch((error: unknown) => failed.abort(error));
  const latencies = new Latencies();
  let messages = 0;
  try {
    while (messages < options.count) {
      await receiver.recv(Math.min(IN_FLIGHT, options.count - messages), { signal });
      for (let got = receiver.get(); got !== undefined; got = receiver.get()) {
        const { body } = got.message;
        // What another has left in the queue has no time in it.
        if (Buffer.isBuffer(body) && body.length === size) latencies.add(performance.now() - body.readDoubleBE(0));
        got.accept();
        if (++messages % LOOK_EVERY === 0) progress.update(messages);
      }
    }
    progress.update(messages);
  } catch (error) {
    if (!interruption.isOver()) throw error;
  }
  const seconds = (performance.now() - begin) / 1000;
  await sent;
  const at = (share: number): number => Number(latencies.percentile(share).toFixed(3));
  const latency = { p50: at(0.5), p90: at(0.9), p99: at(0.99), 'p99.9': at(0.999), max: at(1) };
  return {
    address: redact(address),
    messages,
    bytes: size,
    seconds: Number(seconds.toFixed(3)),
    rate: Math.round(messages / seconds),
    latency,
  };
}

async function sendAll(
  sender: ReturnType<typeof messengerFor>,
  address: string,
  size: number,
  { count, rate }: BenchOptions,
  signal: AbortSignal,
): Promise<void> {
  const pace = new Pace(rate);
  const body = Buffer.alloc(size, 'x');
  for (let n = 0; n < count && !signal.aborted; n++) {
    await pace.turn(signal);
    await sender.ready({ signal });
    body.writeDoubleBE(performance.now(), 0);
    sender.put({ address, body });
  }
  await sender.send(-1, { signal });
}

function table({ address, messages, bytes, seconds, rate, latency }: Measured, options: BenchOptions): string {
  const percentiles = Object.entries(latency).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  const hint = options.rate === undefined ? '  (of a full queue: --rate shows more)' : '';
  return (
    `${messages.toLocaleString('en')} messages of ${bytes} bytes through ${address}\n` +
    `  time      ${seconds.toFixed(2)} s\n` +
    `  rate      ${rate.toLocaleString('en')}/s, ${((rate * bytes) / 1e6).toFixed(1)} MB/s\n` +
    `  latency   ${percentiles.join('   ')} ms${hint}\n`
  );
}
