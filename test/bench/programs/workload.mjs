// What every measured program shares: its arguments, the content of the messages, the checks on what arrives, and the
// clock. The programs of Qpid Proton have the same in test/interop/c/bench_message.h.
import { readFileSync } from 'node:fs';

export const smallBody = 'x'.repeat(100);
export const binaryBody = Buffer.alloc(64 * 1024, 7);
export const realistic = JSON.parse(readFileSync(new URL('../realistic-message.json', import.meta.url), 'utf8'));
export const realisticBody = Buffer.from(realistic.body);

const expected = {
  small: { subject: undefined, tenant: undefined, size: smallBody.length },
  realistic: { subject: realistic.subject, tenant: realistic.properties.tenant, size: realisticBody.length },
  binary64k: { subject: undefined, tenant: undefined, size: binaryBody.length },
};

/** The arguments of the sending and receiving programs: ADDRESS KIND COUNT WARM BATCH [NAME=NUMBER ...]. */
export function workload() {
  const [address, kind, count, warm, batch, ...extras] = process.argv.slice(2);
  if (!(kind in expected)) throw new Error(`No message of this kind: ${kind}`);
  const url = endpoint(address);
  const options = Object.fromEntries(
    extras.map((extra) => extra.split('=')).map(([name, text]) => [name, Number(text)]),
  );
  return { address, ...url, kind, count: Number(count), warm: Number(warm), batch: Number(batch), ...options };
}

/** Host and port of an address such as `amqp://~127.0.0.1:5672/name`. */
export function endpoint(address) {
  const [, host, port] = /^amqp:\/\/(?:[^@/]*@)?~?([^:/]+):(\d+)/.exec(address);
  return { host, port: Number(port) };
}

/** Checks what was read of a message: its subject, one application property, and the size of its body. */
export function checkRead(kind, subject, tenant, size) {
  const sent = expected[kind];
  // One library says null, another undefined, for what a message does not have.
  if ((subject ?? undefined) !== sent.subject || (tenant ?? undefined) !== sent.tenant || size !== sent.size) {
    throw new Error(`A message is not as it was sent: subject ${subject}, property ${tenant}, body of ${size}.`);
  }
}

/** Seconds and processor time since it was made. */
export class Stopwatch {
  #started = process.hrtime.bigint();
  #processor = process.cpuUsage();

  get seconds() {
    return Number(process.hrtime.bigint() - this.#started) / 1e9;
  }

  /** Processor time of this process, user and system. */
  get cpuSeconds() {
    const { user, system } = process.cpuUsage(this.#processor);
    return (user + system) / 1e6;
  }
}

/** The median and the 99th percentile of round trips, as the report of a requesting program has them. */
export function percentiles(trips) {
  const sorted = Float64Array.from(trips).sort();
  return { p50: sorted[Math.floor(sorted.length / 2)], p99: sorted[Math.floor((sorted.length * 99) / 100)] };
}

/** Tells the runner that the program listens. */
export function ready() {
  process.stdout.write('ready\n');
}

/** Hands the figures to the runner. */
export function report(figures) {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
