import { freePort } from '../brokers/support/free-port.js';
import type { Contender, Programs, Role } from './contenders.js';
import { runAlone, runPair } from './run-pair.js';
import type { Figures } from './run-pair.js';

/** One figure of a scenario. */
export interface Metric {
  /** Its name in the report and for `--only`. */
  readonly name: string;
  readonly unit: 'messages/s' | 'µs' | 'µs/message' | 'bytes/message';
  /** Whether more is better. */
  readonly more: boolean;
}

/** The figures of one run, by the names of the metrics. */
export type Outcome = Readonly<Record<string, number>>;

/** A way to use the libraries, and what is measured of it. */
export interface Scenario {
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  /** Runs one library once. Throws when a message is missing or not accepted. */
  run(contender: Contender, programs: Programs): Promise<Outcome>;
}

type MessageKind = 'small' | 'realistic' | 'binary64k';

interface Traffic {
  readonly name: string;
  readonly kind: MessageKind;
  readonly contenders: readonly Contender[];
  /** Arguments besides the common ones. A program takes no notice of those that are not for it. */
  readonly options: readonly string[];
  /** Whether processor time is reported too. */
  readonly cpu: boolean;
}

const MESSENGERS = ['ours', 'proton'] as const;
const NODE = ['ours', 'rhea'] as const;
const ALL = ['ours', 'rhea', 'proton'] as const;

const COUNTS: Readonly<Record<MessageKind, number>> = { small: 1_250_000, realistic: 750_000, binary64k: 75_000 };
/** 1024 messages, or as many as fill 4 MiB: with 64 MiB under way the C Messenger is slower. */
const BATCHES: Readonly<Record<MessageKind, number>> = { small: 1024, realistic: 1024, binary64k: 64 };
/** The share of the messages that is sent before the clock starts. */
const WARM_UP = 0.2;

const ROUND_TRIPS = 25_000;
const QUEUED = 1_000_000;
const ADDRESSES = 100;

/** Each message accepted by its tracker, a second batch on its way while the first waits for its outcomes. */
function single(kind: MessageKind): Scenario {
  return traffic({ name: kind, kind, contenders: NODE, options: ['flights=2'], cpu: kind !== 'binary64k' });
}

/** A batch at a time, accepted at once: what both Messengers can do. */
function batched(kind: MessageKind): Scenario {
  return traffic({ name: `${kind}-batch`, kind, contenders: MESSENGERS, options: ['cumulative=1'], cpu: true });
}

/** As `single`, spread evenly over addresses that share one connection. */
function hundredAddresses(): Scenario {
  const options = ['flights=2', `addresses=${ADDRESSES}`];
  return traffic({ name: 'hundred-addresses', kind: 'small', contenders: NODE, options, cpu: false });
}

function traffic({ name, kind, contenders, options, cpu }: Traffic): Scenario {
  const count = COUNTS[kind];
  const warm = count * WARM_UP;
  const timed = count - warm;
  const args = [kind, count, warm, BATCHES[kind], ...options];
  const rate: Metric = { name, unit: 'messages/s', more: true };
  const processor: Metric = { name: `cpu-${name}`, unit: 'µs/message', more: false };
  return {
    metrics: cpu ? [rate, processor] : [rate],
    contenders,
    async run(contender, programs) {
      const figures = await talk(programs, contender, ['receive', ...args], ['send', ...args]);
      expect(figures, { accepted: count, received: count, timed });
      const outcome = { [rate.name]: timed / figure(figures, 'seconds') };
      if (cpu) outcome[processor.name] = (figure(figures, 'cpuSeconds') / timed) * 1e6;
      return outcome;
    },
  };
}

function latency(): Scenario {
  const metrics = [
    { name: 'latency-p50', unit: 'µs', more: false },
    { name: 'latency-p99', unit: 'µs', more: false },
  ] as const;
  return {
    metrics,
    contenders: ALL,
    async run(contender, programs) {
      const warm = ROUND_TRIPS * WARM_UP;
      const figures = await talk(programs, contender, ['reply', ROUND_TRIPS], ['request', ROUND_TRIPS, warm]);
      expect(figures, { replies: ROUND_TRIPS, answered: ROUND_TRIPS });
      return { 'latency-p50': figure(figures, 'p50'), 'latency-p99': figure(figures, 'p99') };
    },
  };
}

function queuedMemory(): Scenario {
  const metrics = [
    { name: 'queued-memory', unit: 'bytes/message', more: false },
    { name: 'queued-memory-peak', unit: 'bytes/message', more: false },
  ] as const;
  return {
    metrics,
    contenders: ALL,
    async run(contender, programs) {
      const address = `amqp://127.0.0.1:${await freePort()}/queue`;
      const figures = await runAlone(programs.find(contender, 'queue', [address, QUEUED]));
      expect(figures, { queued: QUEUED });
      return {
        'queued-memory': figure(figures, 'bytes') / QUEUED,
        'queued-memory-peak': figure(figures, 'peakBytes') / QUEUED,
      };
    },
  };
}

/** Everything that is measured, in the order of the report. */
export const scenarios: readonly Scenario[] = [
  single('small'),
  single('realistic'),
  single('binary64k'),
  batched('small'),
  batched('realistic'),
  batched('binary64k'),
  hundredAddresses(),
  latency(),
  queuedMemory(),
];

type RoleAndArguments = readonly [Role, ...(string | number)[]];

async function talk(
  programs: Programs,
  contender: Contender,
  [listening, ...listenerArgs]: RoleAndArguments,
  [dialling, ...diallerArgs]: RoleAndArguments,
): Promise<Figures> {
  const port = await freePort();
  return runPair(
    programs.find(contender, listening, [`amqp://~127.0.0.1:${port}`, ...listenerArgs]),
    programs.find(contender, dialling, [`amqp://127.0.0.1:${port}/orders/eu`, ...diallerArgs]),
  );
}

function expect(figures: Figures, expected: Figures): void {
  for (const [name, value] of Object.entries(expected)) {
    if (figures[name] !== value) throw new Error(`${name} is ${figures[name] ?? 'missing'}, not ${value}.`);
  }
}

function figure(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new Error(`A program did not report ${name}.`);
  return value;
}
