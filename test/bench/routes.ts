import { pathToFileURL } from 'node:url';
import { RouteTable } from '../../src/address/route-table.js';

/** One comparison of the route table with a scan that reads every character of the address once per rule. */
export interface RouteBenchResult {
  /** What kind of rules were tried. */
  readonly name: string;
  readonly unit: 'ms';
  /** The median time to match one address against all rules. */
  readonly ours: number;
  /** The median time of the scan. */
  readonly linear: number;
  /** How many timed runs each median is of. */
  readonly runs: number;
}

const RULES = 1000;
const ADDRESS_LENGTH = 10_240;
const WARM_UP_RUNS = 3;
const RUNS = 15;

const PREFIX = 'amqp://host/';

/** An address of the full length that repeats one piece. */
function addressOf(piece: string): string {
  return (PREFIX + piece.repeat(ADDRESS_LENGTH)).slice(0, ADDRESS_LENGTH);
}

interface Shape {
  readonly name: string;
  readonly address: string;
  readonly pattern: (rule: number) => string;
}

const usual = addressOf('region/eu/orders/');

/** Rules of three wildcards that do not match, from the easiest to refuse to the hardest. */
const shapes: readonly Shape[] = [
  { name: 'another beginning', address: usual, pattern: (rule) => `topic-${rule}/%/%/*` },
  { name: 'the right beginning', address: usual, pattern: (rule) => `amqp://%/topic-${rule}/%/*` },
  { name: 'a word it lacks', address: usual, pattern: (rule) => `amqp://*/zone-${rule}/%/*` },
  { name: 'a word it nearly has', address: usual, pattern: (rule) => `*/region/eu/orders-${rule}/%/*` },
  { name: 'two words it has, one it lacks', address: usual, pattern: (rule) => `*/topic-${rule}%region/*eu/*` },
  // Here every piece of the address nearly matches every rule, which an address only does on purpose.
  { name: 'words it has, always a slash between', address: usual, pattern: () => '*region%orders/*' },
  { name: 'letters it has, always a slash between', address: addressOf('a/b/'), pattern: () => '*a%b*' },
];

/** Times the route table against the linear scan, for each shape of rules. */
export function benchRoutes(): RouteBenchResult[] {
  return shapes.map(({ name, address, pattern }) => {
    const table = new RouteTable();
    for (let rule = 0; rule < RULES; rule += 1) table.add(pattern(rule), '$1');
    if (table.match(address) !== undefined) throw new Error(`The rules of "${name}" must not match the address.`);
    return {
      name: `${RULES} rules of three wildcards, 10 kB address: ${name}`,
      unit: 'ms',
      ours: medianTime(() => table.resolve(address)),
      linear: medianTime(() => scan(address)),
      runs: RUNS,
    };
  });
}

/** Reads every character once per rule. The sum keeps the reading from being optimised away. */
function scan(text: string): number {
  let sum = 0;
  for (let rule = 0; rule < RULES; rule += 1) {
    for (let index = 0; index < text.length; index += 1) sum += text.charCodeAt(index);
  }
  return sum;
}

function medianTime(work: () => unknown): number {
  const times: number[] = [];
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    const start = performance.now();
    work();
    if (run >= WARM_UP_RUNS) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return times[RUNS >> 1] ?? NaN;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, unit, ours, linear, runs } of benchRoutes()) {
    const figures = `${ours.toFixed(2)} ${unit}, linear scan ${linear.toFixed(2)} ${unit}`;
    console.log(`${name}: ${figures}, ratio ${(ours / linear).toFixed(2)} (median of ${runs})`);
  }
}
