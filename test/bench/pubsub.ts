import { pathToFileURL } from 'node:url';
import { MemoryBroker } from '../../src/pubsub/memory-broker.js';
import { defineMessage } from '../../src/pubsub/define-message.js';
import { median } from './statistics.js';

/** What it takes to publish inside a process, beside event emitters. `null`: not measured. */
export interface PubSubBenchResult {
  /** What was measured. */
  readonly name: string;
  readonly unit: 'ms';
  /** The median time with a `MemoryBroker`. */
  readonly ours: number;
  /** The same with the asynchronous emitter of that name, which awaits its listeners, too. */
  readonly emittery: number | null;
  /** The same with the emitter of that name, which waits for nobody and lets the first error silence the rest. */
  readonly eventemitter3: number | null;
  /** How many timed runs each median is of. */
  readonly runs: number;
}

type Rival = 'emittery' | 'eventemitter3';
/** Publishes so many messages, one after the other. */
type Publish = (count: number) => Promise<void>;

const MESSAGES = 200_000;
const SUBSCRIBERS = 10;
const WARM_UP_RUNS = 2;
const RUNS = 7;

class Tick extends defineMessage<{ value: number }>('tick') {}

/** Times publishing to ten handlers that do next to nothing. Libraries that are missing are left out. */
export async function benchPubSub(): Promise<PubSubBenchResult[]> {
  const contenders = new Map<'ours' | Rival, Publish>([['ours', ours()], ...(await rivals())]);
  const times = new Map<'ours' | Rival, number[]>();
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    // In turns, so that whatever else the machine does falls on all of them alike.
    for (const [contender, publish] of contenders) {
      received = 0;
      const start = performance.now();
      await publish(MESSAGES);
      const time = performance.now() - start;
      if (received !== MESSAGES * SUBSCRIBERS) throw new Error(`${contender} has lost messages.`);
      if (run >= WARM_UP_RUNS) times.set(contender, [...(times.get(contender) ?? []), time]);
    }
  }
  const result = (contender: Rival): number | null => {
    const found = times.get(contender);
    return found === undefined ? null : median(found);
  };
  return [
    {
      name: `${MESSAGES} messages, each to ${SUBSCRIBERS} handlers in the process`,
      unit: 'ms',
      ours: median(times.get('ours') ?? []),
      emittery: result('emittery'),
      eventemitter3: result('eventemitter3'),
      runs: RUNS,
    },
  ];
}

let received = 0;
const handler = ({ value }: { readonly value: number }): void => {
  received += value;
};
/** One message for all: what it takes to make one is not what is compared. */
const tick = new Tick({ value: 1 });

function ours(): Publish {
  const broker = new MemoryBroker();
  for (let index = 0; index < SUBSCRIBERS; index += 1) broker.subscribe(Tick, handler);
  return async (count) => {
    for (let index = 0; index < count; index += 1) await broker.publish(tick);
  };
}

async function rivals(): Promise<Map<Rival, Publish>> {
  const found = new Map<Rival, Publish>();
  const Emittery = await load<{
    default: new () => {
      on(name: string, listener: typeof handler): unknown;
      emit(name: string, data: Tick): Promise<void>;
    };
  }>('emittery');
  if (Emittery !== undefined) {
    const emitter = new Emittery.default();
    // It calls a listener once, however often it was added.
    for (let index = 0; index < SUBSCRIBERS; index += 1) emitter.on('tick', (data) => handler(data));
    found.set('emittery', async (count) => {
      for (let index = 0; index < count; index += 1) await emitter.emit('tick', tick);
    });
  }
  const EventEmitter3 = await load<{
    EventEmitter: new () => {
      on(name: string, listener: typeof handler): unknown;
      emit(name: string, data: Tick): unknown;
    };
  }>('eventemitter3');
  if (EventEmitter3 !== undefined) {
    const emitter = new EventEmitter3.EventEmitter();
    for (let index = 0; index < SUBSCRIBERS; index += 1) emitter.on('tick', handler);
    found.set('eventemitter3', (count) => {
      for (let index = 0; index < count; index += 1) emitter.emit('tick', tick);
      return Promise.resolve();
    });
  }
  return found;
}

/** A library, or `undefined` when it is not installed. */
async function load<Shape>(name: string): Promise<Shape | undefined> {
  try {
    // What is imported by a name that is not known before has no type.
    return (await import(name)) as Shape;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, unit, runs, ours: time, ...others } of await benchPubSub()) {
    const compared = (['emittery', 'eventemitter3'] as const).map((rival) => {
      const theirs = others[rival];
      return theirs === null ? '' : `, ${rival} ${theirs.toFixed(0)} ${unit} (ratio ${(time / theirs).toFixed(2)})`;
    });
    console.log(`${name}: ${time.toFixed(0)} ${unit}${compared.join('')} (median of ${runs})`);
  }
}
