import type { Ledger, Tally } from './ledger.js';

/** The table that ends the job. `seconds` is the time from the first message sent to the last one taken. */
export function table(ledger: Ledger, seconds: number): string {
  const { consumers } = ledger;
  const rows = [
    ['', 'accepted', 'rejected', 'released', 'rate'],
    ...consumers.map((tally) => row(tally, seconds)),
    row(sumOf(consumers), seconds),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const text = rows.map((cells) => cells.map((cell, column) => align(cell, widths[column]!, column)).join('   '));
  const rule = '─'.repeat(text[0]!.length);
  text.splice(1, 0, rule);
  text.splice(-1, 0, rule);
  return text.map((line) => `  ${line}`.trimEnd()).join('\n');
}

/** What the table says, in words. */
export function summary(ledger: Ledger, seconds: number): string {
  const { sent, stale, consumers } = ledger;
  const redelivered = sumOf(consumers).released;
  return (
    `${number(sent)} messages sent, each taken exactly once, in ${seconds.toFixed(1)} s. ` +
    `${number(redelivered)} were released and came again.` +
    (stale > 0 ? ` ${number(stale)} messages of an earlier run were in the queues and were removed.` : '')
  );
}

function sumOf(consumers: readonly Tally[]): Tally {
  const sum = { name: 'all', accepted: 0, rejected: 0, released: 0 };
  for (const { accepted, rejected, released } of consumers) {
    sum.accepted += accepted;
    sum.rejected += rejected;
    sum.released += released;
  }
  return sum;
}

function row({ name, accepted, rejected, released }: Tally, seconds: number): string[] {
  const rate = Math.round((accepted + rejected) / seconds);
  return [name, number(accepted), number(rejected), number(released), `${number(rate)}/s`];
}

function number(value: number): string {
  return value.toLocaleString('en');
}

/** Names stand left, numbers right. */
function align(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
