import { benchBackPressure } from './back-pressure.js';
import { benchChannels } from './channels.js';
import { benchPubSub } from './pubsub.js';
import { benchQueue } from './queue.js';
import { benchRoutes } from './routes.js';

/** One comparison, mostly inside this process: the median of ours, and of others by their names; `null` for what is not measured. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly medians: Readonly<Record<string, number | null>>;
  /** How many timed runs each median is of. */
  readonly runs: number;
}

/** Comparisons that are not between contenders of the scenarios. */
export interface InProcessBench {
  readonly name: string;
  /** What they are about, for the readers of the report. */
  readonly title: string;
  readonly run: () => Promise<readonly Comparison[]>;
}

export const inProcessBenches: readonly InProcessBench[] = [
  bench('routes', 'Route table, beside reading the address once per rule', benchRoutes),
  bench(
    'queue',
    'ClientQueue: a million messages pushed and pulled, beside queues whose messages do not expire',
    benchQueue,
  ),
  bench('pubsub', 'Publish to ten handlers in one process, 200,000 messages, beside event emitters', benchPubSub),
  bench('back-pressure', 'Back-pressure', benchBackPressure),
  bench('channels', 'Server-sent events to 1,000 clients, beside better-sse', benchChannels),
];

interface Flat {
  readonly name: string;
  readonly unit: string;
  readonly runs: number;
}

function bench<Result extends Flat>(
  name: string,
  title: string,
  measure: () => readonly Result[] | Promise<readonly Result[]>,
): InProcessBench {
  const run = async (): Promise<Comparison[]> =>
    (await measure()).map(({ name: line, unit, runs, ...medians }) => ({
      name: line,
      unit,
      runs,
      medians: numbers(medians),
    }));
  return { name, title, run };
}

/** What of a result are medians. */
function numbers(fields: object): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, number | null] => entry[1] === null || typeof entry[1] === 'number',
    ),
  );
}
