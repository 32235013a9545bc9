import { Command, InvalidArgumentError } from 'commander';
import { redact } from '../address/redact.js';
import { EmbeddedBroker } from '../broker/embedded-broker.js';
import type { Config } from '../config/config.js';
import { BenchTraffic, IN_FLIGHT, STAMP } from './bench-traffic.js';
import { addConnectionOptions, loadConfiguration, messengerFor, warnOfPasswords } from './connection-options.js';
import type { ConnectionOptions } from './connection-options.js';
import { CommandError, EXIT, positiveNumber, wholeNumber } from './exit.js';
import { Interruption } from './interruption.js';
import { Latencies } from './latencies.js';
import { print } from './output.js';
import { Pace } from './pace.js';
import { progressOptions, showProgress } from './progress.js';
import type { Progress } from './progress.js';

/** The number of messages between two updates of the progress. */
const LOOK_EVERY = 256;

const IDLE_WITHOUT_ADDRESS = [
  'config',
  'profile',
  'user',
  'passwordFile',
  'ca',
  'cert',
  'key',
  'insecure',
  'allowClearText',
];

interface BenchOptions extends ConnectionOptions {
  count: number;
  size: number;
  rate?: number;
  timeout: number;
  json?: boolean;
  progress?: boolean;
}

/** The results. Times are in milliseconds. */
interface Measured {
  readonly address: string;
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly rate: number;
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99' | 'p99.9' | 'max', number>>;
}

/** `amqp-messenger bench`: sends messages through a broker, receives them, and prints the rates and latencies. */
export function benchCommand(): Command {
  const command = new Command('bench')
    .description('Send messages through a broker and receive them; print rates and latencies.')
    .argument('[address]', 'a queue that is empty; without it, an embedded broker is started')
    .option('-c, --count <n>', 'how many messages', positiveNumber, 100_000)
    .option('-s, --size <bytes>', 'how large their bodies are, 8 at least', sizeInBytes, 100)
    .option('-r, --rate <n>', 'send so many a second; latencies mean little without it', positiveNumber)
    .option('-t, --timeout <ms>', 'give up when nothing comes for so long', wholeNumber, 10_000)
    .option('-j, --json', 'print the result as JSON');
  progressOptions().forEach((option) => command.addOption(option));
  return addConnectionOptions(command).action(bench);
}

async function bench(address: string | undefined, options: BenchOptions, command: Command): Promise<void> {
  if (address === undefined) refuseIdleOptions(command);
  warnOfPasswords(address === undefined ? [] : [address]);
  const config = await loadConfiguration(options);
  if (address !== undefined) return measureAndPrint(address, config, options);
  await using broker = await new EmbeddedBroker({ port: 0 }).start();
  await measureAndPrint(`${broker.url}/bench`, undefined, options);
}

/** The broker that the command starts needs no credentials and no configuration. */
function refuseIdleOptions(command: Command): void {
  const idle = IDLE_WITHOUT_ADDRESS.filter((name) => command.getOptionValueSource(name) === 'cli');
  const names = command.options.filter((option) => idle.includes(option.attributeName())).map(({ long }) => long);
  if (names.length === 0) return;
  throw new CommandError(`${names.join(' and ')} without an address has no effect. Give one.`, EXIT.usage);
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
  const { count, size, timeout } = options;
  await using sender = messengerFor(config, options, {
    outgoingWindow: IN_FLIGHT,
    maxOutgoing: { messages: IN_FLIGHT },
    timeout,
  });
  await using receiver = messengerFor(config, options, { incomingWindow: -1, timeout });
  await receiver.subscribe(address).ready();
  const traffic = new BenchTraffic({ sender, receiver, address, size, timeout });
  const latencies = new Latencies();
  let messages = 0;
  let begin = performance.now();
  try {
    await traffic.probe(interruption.signal);
    begin = performance.now();
    await traffic.exchange(count, new Pace(options.rate), interruption.signal, (latency) => {
      latencies.add(latency);
      if (++messages % LOOK_EVERY === 0) progress.update(messages);
    });
    progress.update(messages);
  } catch (error) {
    if (!interruption.isOver() || error instanceof CommandError) throw error;
  }
  const seconds = (performance.now() - begin) / 1000;
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

function sizeInBytes(text: string): number {
  const size = wholeNumber(text);
  if (size < STAMP) throw new InvalidArgumentError(`It must be a whole number from ${STAMP} up.`);
  return size;
}
