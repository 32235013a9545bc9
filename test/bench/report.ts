import { contenderNames } from './contenders.js';
import type { Contender } from './contenders.js';
import type { Comparison } from './in-process.js';
import type { Machine } from './machine.js';
import type { Measurement } from './measure.js';
import type { Metric } from './scenarios.js';
import type { Spread } from './statistics.js';

/** What the names of the measurements mean, for the readers of the report. */
const MEANINGS: Readonly<Record<string, string>> = {
  small: '100-byte string body, each message accepted by its tracker',
  realistic: 'about 510 bytes: header, properties, application properties, JSON as data; accepted by tracker',
  binary64k: '64 KiB data section, accepted by tracker',
  'small-batch': '100-byte string body, in batches of 1024 that are accepted at once',
  'realistic-batch': 'the realistic message, in batches of 1024 that are accepted at once',
  'binary64k-batch': '64 KiB data section, in batches of 64 that are accepted at once',
  'hundred-addresses': '100-byte string body to 100 addresses over one connection',
  'latency-p50': 'request and reply, one in flight: median of the round trips',
  'latency-p99': 'request and reply, one in flight: 99th percentile',
  'queued-memory': '1,000,000 messages of 100 bytes put while the peer is away, after a collection',
  'queued-memory-peak': 'the same, at its highest',
  'broker-small': '100-byte string body, producer → embedded broker → consumer, three processes, accepted on both ways',
  'rabbitmq-small': 'the same with RabbitMQ 4 as the broker',
  'broker-realistic': 'the realistic message, producer → embedded broker → consumer',
  'rabbitmq-realistic': 'the same with RabbitMQ 4 as the broker',
};

/** One measurement as a line to read. */
export function toText(line: Measurement, metrics: readonly Metric[]): string {
  const more = metrics.some(({ name, more }) => name === line.name && more);
  const medians = [...contenderNames, 'before' as const]
    .filter((name) => line[name] !== null)
    .map((name) => `${name} ${cell(line[name], line.spread[name])}`);
  const ratios = (['rhea', 'proton', 'before'] as const)
    .map((rival) => [rival, ratio(line, rival, more)])
    .filter(([, times]) => times !== '–')
    .map(([rival, times]) => `ours : ${rival} ${times}`);
  return `${line.name}, ${line.unit}: ${[...medians, ...ratios].join(', ')}`;
}

/** One comparison inside this process as a line to read. */
export function comparisonToText({ name, unit, medians }: Comparison): string {
  const figures = Object.entries(medians).map(([who, median]) => `${who} ${figure(median)}`);
  return `${name}, ${unit}: ${figures.join(', ')}`;
}

/** The results as a page of documentation. */
export function toMarkdown(
  machine: Machine,
  measurements: readonly Measurement[],
  metrics: readonly Metric[],
  comparisons: ReadonlyMap<string, readonly Comparison[]>,
): string {
  const more = new Set(metrics.filter((metric) => metric.more).map((metric) => metric.name));
  return [
    '---\ntitle: Benchmarks\ncategory: Project\n---\n\n# Benchmarks',
    'Written by `npm run bench`; run it on your own machine to compare. Each figure is the median of its runs, with the ' +
      'lowest and the highest in brackets. The libraries take turns, run by run.',
    machineTable(machine),
    '## What is compared',
    '* **ours**: `Messenger` of this package, both ends.\n' +
      '* **rhea**: rhea used directly, both ends, with the settings that were fastest of those tried for each message ' +
      '(`test/bench/programs/rhea-message.mjs`).\n' +
      '* **proton**: the Messenger of Qpid Proton in C, both ends (`test/interop/c`).',
    'The two ends are two processes that talk over loopback; the receiver listens and the sender dials. Every message is ' +
      'made anew, its subject, one application property and its body are read, it is accepted, and the sender sees that ' +
      'it was: a run in which one message is missing or not accepted fails. The rate is the messages divided by the time ' +
      'from the first put to the last outcome at the sender. The first fifth of the messages is sent before the clock ' +
      'starts. Ratios above 1 mean that ours is better.',
    'About 2048 messages are in flight at most in the measurements with rhea: its session buffer holds as many, and ours ' +
      'puts a second batch of 1024 while the first waits for its outcomes. The measurements named `batch` compare the two ' +
      'Messengers: one batch of 1024 is put, sent, accepted at once, and done before the next. Batches of 64 KiB messages ' +
      'are of 64. To queue a million messages rhea is given a session buffer that holds them; when it connects again it ' +
      'forgets them, so only the memory compares.',
    '## Results',
    '![How many times better ours is in each measurement](images/benchmarks.svg)',
    results(measurements, more),
    '## Processor time',
    'User and system time of both processes together.',
    results(measurements, more, true),
    ...Array.from(comparisons, ([title, lines]) => [`## ${title}`, comparisonTable(lines)]).flat(),
  ]
    .join('\n\n')
    .concat('\n');
}

function machineTable(machine: Machine): string {
  const rows = [
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['memory', `${machine.memoryGiB} GiB`],
    ['Node', machine.node],
    ['rhea', machine.rhea],
    ['Qpid Proton', machine.proton],
    ['date', machine.date],
    ['load average before', machine.loadBefore.toFixed(2)],
  ];
  return table(['', ''], rows);
}

function results(measurements: readonly Measurement[], more: ReadonlySet<string>, processor = false): string {
  const rows = measurements
    .filter(({ name }) => name.startsWith('cpu-') === processor)
    .map((line) => {
      const { name, unit, ours, rhea, proton, spread } = line;
      const meaning = MEANINGS[name];
      return [
        meaning === undefined ? `\`${name}\`` : `\`${name}\`: ${meaning}`,
        unit,
        cell(ours, spread.ours),
        cell(rhea, spread.rhea),
        cell(proton, spread.proton),
        ratio(line, 'rhea', more.has(name)),
        ratio(line, 'proton', more.has(name)),
      ];
    });
  return table(['measurement', 'unit', 'ours', 'rhea', 'proton', 'ours : rhea', 'ours : proton'], rows);
}

/** How many times better ours is than the rival. */
function ratio(line: Measurement, rival: Contender, more: boolean): string {
  const [ours, theirs] = [line.ours, line[rival]];
  if (ours === null || theirs === null) return '–';
  return (more ? ours / theirs : theirs / ours).toFixed(2);
}

function cell(median: number | null, spread: Spread | null): string {
  if (median === null || spread === null) return '–';
  return `${number(median)} (${number(spread[0])}–${number(spread[1])})`;
}

function number(value: number): string {
  const digits = value < 100 ? 1 : 0;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function comparisonTable(lines: readonly Comparison[]): string {
  const columns = [...new Set(lines.flatMap(({ medians }) => Object.keys(medians)))];
  const rows = lines.map(({ name, unit, medians, runs }) => [
    name,
    unit,
    ...columns.map((column) => figure(medians[column])),
    String(runs),
  ]);
  return table(['', 'unit', ...columns, 'runs'], rows);
}

function figure(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(value < 10 ? 2 : 1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
