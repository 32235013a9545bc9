import { pathToFileURL } from 'node:url';
import { ClientQueue } from '../../src/queue/client-queue.js';
import { median } from './statistics.js';

/** One comparison of `ClientQueue` with queues whose messages do not expire. `null`: not measured. */
export interface QueueBenchResult {
  /** How long the queue gets, and whether its messages expire. */
  readonly name: string;
  readonly unit: 'ms';
  /** The median time to push and pull all messages. */
  readonly ours: number;
  /** The same with a ring buffer, by the library of that name. */
  readonly denque: number | null;
  /** The same with the list of a work queue: each task is held until it is pulled. */
  readonly fastq: number | null;
  /** The same with `Array.prototype.push` and `shift`. */
  readonly array: number | null;
  /** How many timed runs each median is of. */
  readonly runs: number;
}

interface Message {
  readonly body: number;
  readonly ttl?: number;
}

interface Queue {
  push(message: Message): void;
  pull(): Message | undefined;
}

type Rival = 'denque' | 'fastq' | 'array';

const MESSAGES = 1_000_000;
const WARM_UP_RUNS = 2;
const RUNS = 7;

/** How many messages are pushed before they are pulled. */
const BACKLOGS = [1, 1000, MESSAGES] as const;

const immortal: readonly Message[] = Array.from({ length: MESSAGES }, (_, body) => ({ body }));
const mortal: readonly Message[] = Array.from({ length: MESSAGES }, (_, body) => ({ body, ttl: 60_000 }));

/** Times a million messages through every queue, for short and long backlogs. Libraries that are missing are left out. */
export async function benchQueue(): Promise<QueueBenchResult[]> {
  const rivals = await findRivals();
  return BACKLOGS.flatMap((backlog) => {
    // `shift` moves everything behind: with a million it would take hours.
    const able = new Map([...rivals].filter(([name]) => name !== 'array' || backlog < MESSAGES));
    return [
      compare(`backlog of ${backlog}, no expiry`, immortal, backlog, able),
      compare(`backlog of ${backlog}, each message with a ttl`, mortal, backlog, new Map()),
    ];
  });
}

/** The queues take turns, run by run, so that whatever else the machine does falls on all of them alike. */
function compare(
  name: string,
  messages: readonly Message[],
  backlog: number,
  rivals: ReadonlyMap<Rival, () => Queue>,
): QueueBenchResult {
  const times = new Map<'ours' | Rival, number[]>();
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    for (const [contender, make] of [['ours', ours] as const, ...rivals]) {
      const start = performance.now();
      passThrough(make(), messages, backlog);
      const time = performance.now() - start;
      if (run >= WARM_UP_RUNS) times.set(contender, [...(times.get(contender) ?? []), time]);
    }
  }
  const result = (contender: Rival): number | null => {
    const found = times.get(contender);
    return found === undefined ? null : median(found);
  };
  return {
    name: `${MESSAGES} messages, ${name}`,
    unit: 'ms',
    ours: median(times.get('ours') ?? []),
    denque: result('denque'),
    fastq: result('fastq'),
    array: result('array'),
    runs: RUNS,
  };
}

function passThrough(queue: Queue, messages: readonly Message[], backlog: number): void {
  for (let first = 0; first < messages.length; first += backlog) {
    for (let index = first; index < first + backlog; index += 1) queue.push(messages[index]!);
    for (let index = first; index < first + backlog; index += 1) {
      if (queue.pull() !== messages[index]) throw new Error(`Message ${index} did not come out in order.`);
    }
  }
}

function ours(): Queue {
  const queue = new ClientQueue<Message>();
  return { push: (message) => void queue.push(message), pull: () => queue.tryPull() };
}

async function findRivals(): Promise<Map<Rival, () => Queue>> {
  const rivals = new Map<Rival, () => Queue>();
  const Denque = await load<new () => { push(message: Message): void; shift(): Message | undefined }>('denque');
  if (Denque !== undefined) {
    rivals.set('denque', () => {
      const queue = new Denque();
      return { push: (message) => queue.push(message), pull: () => queue.shift() };
    });
  }
  const fastq = await load<Fastq>('fastq');
  if (fastq !== undefined) rivals.set('fastq', () => holdTasks(fastq));
  rivals.set('array', () => {
    const queue: Message[] = [];
    return { push: (message) => void queue.push(message), pull: () => queue.shift() };
  });
  return rivals;
}

type Done = (error: null) => void;
type Fastq = (
  worker: (task: Message, done: Done) => void,
  concurrency: number,
) => { push(task: Message, done: Done): void };

/** A work queue gives its tasks out by itself: the worker holds the one it has until it is pulled. */
function holdTasks(fastq: Fastq): Queue {
  let held: { readonly task: Message; readonly done: Done } | undefined;
  const queue = fastq((task, done) => (held = { task, done }), 1);
  const ignore = (): void => undefined;
  return {
    push: (message) => queue.push(message, ignore),
    pull: () => {
      const pulled = held;
      held = undefined;
      pulled?.done(null);
      return pulled?.task;
    },
  };
}

/** The default export of a library, or `undefined` when it is not installed. */
async function load<Shape>(name: string): Promise<Shape | undefined> {
  try {
    // What is imported by a name that is not known before has no type.
    return ((await import(name)) as { readonly default: Shape }).default;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const result of await benchQueue()) {
    const { name, unit, runs } = result;
    const rivals = (['denque', 'fastq', 'array'] as const).map((rival) => {
      const time = result[rival];
      return time === null ? '' : `, ${rival} ${time.toFixed(0)} ${unit} (ratio ${(result.ours / time).toFixed(1)})`;
    });
    console.log(`${name}: ${result.ours.toFixed(0)} ${unit}${rivals.join('')} (median of ${runs})`);
  }
}
