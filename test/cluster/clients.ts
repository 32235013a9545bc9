// Sends and receives until it is told to stop, inside the namespace of clients: clients.ts RATE QUEUE HOST HOST…
import { setTimeout as sleep } from 'node:timers/promises';
import { Messenger } from 'amqp-messenger';
import type { Tracker } from 'amqp-messenger';
import { PRODUCER } from './check.js';
import type { Record } from './check.js';

/** What the clients tell while they run. */
export interface Status {
  /** The hosts that the first producer and the first consumer are connected to. */
  readonly producer: string | undefined;
  readonly consumer: string | undefined;
  readonly accepted: number;
  readonly received: number;
  readonly pending: number;
  /** For how long no message has got an outcome although one is waiting, in milliseconds. */
  readonly stall: number;
}

/** What the clients say: how they are, and in the end what they have seen. */
export type Report = { readonly status: Status } | { readonly record: Record; readonly sent: readonly number[] };

const [rate = '100', queue = '', ...hosts] = process.argv.slice(2);
/** Accepted so long before a connection is lost, a message may not be known as accepted by the broker; in milliseconds. */
const UNCERTAIN = 20_000;
const TICK = 100;
let isOver = false;
let uncertain = 0;

/** A messenger that lists all hosts, beginning with another one each. */
function connect(index: number, options: { outgoingWindow?: number; incomingWindow?: number }): [Messenger, string] {
  const [first = '', ...others] = [...hosts.slice(index % hosts.length), ...hosts.slice(0, index % hosts.length)];
  const messenger = new Messenger({
    ...options,
    failover: { [first]: others },
    reconnect: { initial: true, delay: 200, maxDelay: 2000 },
    idleTimeout: 5000,
    connectTimeout: 5000,
    allowInsecureMechs: true,
  });
  messenger.on('error', (error) => console.error(`client ${index}: ${error.message}`));
  return [messenger, `amqp://guest:guest@${first}//queues/${queue}`];
}

function hostOf(messenger: Messenger): string | undefined {
  return messenger.stats().connections[0]?.host;
}

class Producer {
  readonly accepted: number[] = [];
  readonly otherwise: { [outcome: string]: number } = {};
  readonly messenger: Messenger;
  readonly #address: string;
  readonly #numbers = new Map<Tracker, number>();
  sent = 0;
  longestStall = 0;
  #lastEnd = Date.now();

  constructor(readonly index: number) {
    [this.messenger, this.#address] = connect(index, { outgoingWindow: 100_000 });
    this.messenger.on('status', (tracker) => this.#ended(tracker));
    this.messenger.on('connection', ({ from }) => {
      if (from === 'open') uncertain += this.pending;
    });
  }

  get pending(): number {
    return this.#numbers.size;
  }

  get stall(): number {
    return this.pending === 0 ? 0 : Date.now() - this.#lastEnd;
  }

  #ended(tracker: Tracker): void {
    const number = this.#numbers.get(tracker);
    if (number === undefined || tracker.status === 'pending') return;
    this.#numbers.delete(tracker);
    this.longestStall = Math.max(this.longestStall, Date.now() - this.#lastEnd);
    this.#lastEnd = Date.now();
    if (tracker.status === 'accepted') this.accepted.push(number);
    else this.otherwise[tracker.status] = (this.otherwise[tracker.status] ?? 0) + 1;
  }

  async run(): Promise<void> {
    while (!isOver) {
      if (this.pending === 0) this.#lastEnd = Date.now();
      for (let count = 0; count < (Number(rate) * TICK) / 1000; count++) this.#put();
      await sleep(TICK);
    }
    await this.messenger.send(-1, { timeout: 120_000 }).catch((error: unknown) => console.error(String(error)));
  }

  #put(): void {
    const number = this.index * PRODUCER + this.sent++;
    const tracker = this.messenger.put({ address: this.#address, id: `m${number}`, durable: true, body: number });
    this.#numbers.set(tracker, number);
  }
}

class Consumer {
  readonly received: number[] = [];
  readonly messenger: Messenger;
  readonly #address: string;
  #recent: number[] = [];
  last = Date.now();

  constructor(index: number) {
    [this.messenger, this.#address] = connect(index, { incomingWindow: 1000 });
    this.messenger.on('connection', ({ from }) => {
      if (from !== 'open') return;
      uncertain += this.#recent.filter((time) => time > Date.now() - UNCERTAIN).length;
    });
  }

  async run(): Promise<void> {
    for (;;) {
      const subscription = this.messenger.subscribe(this.#address);
      try {
        for await (const delivery of this.messenger.receive()) this.#take(delivery);
        return;
      } catch (error) {
        console.error(`the loop of a consumer ended: ${String(error)}`);
        await subscription.unsubscribe().catch(() => undefined);
        await sleep(1000);
      }
    }
  }

  #take(delivery: { readonly message: { readonly body: unknown }; accept(): void }): void {
    this.received.push(Number(delivery.message.body));
    this.last = Date.now();
    delivery.accept();
    this.#recent.push(this.last);
    if (this.#recent.length > 100_000) this.#recent = this.#recent.slice(-50_000);
  }
}

const producers = [0, 1].map((index) => new Producer(index));
const consumers = [2, 3].map((index) => new Consumer(index));
const receiving = consumers.map((consumer) => consumer.run());
const sending = producers.map((producer) => producer.run());

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
/** Returns when it has been written: what was not is lost when this process ends. */
const say = (report: Report): Promise<unknown> => new Promise((resolve) => process.send?.(report, resolve));
const telling = setInterval(() => {
  const status: Status = {
    producer: hostOf(producers[0]!.messenger),
    consumer: hostOf(consumers[0]!.messenger),
    accepted: sum(producers.map(({ accepted }) => accepted.length)),
    received: sum(consumers.map(({ received }) => received.length)),
    pending: sum(producers.map(({ pending }) => pending)),
    stall: Math.max(...producers.map(({ stall }) => stall)),
  };
  void say({ status });
}, 500);

process.once('message', () => {
  isOver = true;
});
await Promise.all(sending);
// What is left comes soon, now that all is well.
while (consumers.some(({ last }) => last > Date.now() - 8000)) await sleep(200);
clearInterval(telling);
const otherwise: { [outcome: string]: number } = {};
for (const producer of producers) {
  for (const [outcome, count] of Object.entries(producer.otherwise))
    otherwise[outcome] = (otherwise[outcome] ?? 0) + count;
}
await say({
  sent: producers.map(({ sent }) => sent),
  record: {
    accepted: producers.flatMap(({ accepted }) => accepted),
    otherwise,
    pending: sum(producers.map(({ pending }) => pending)),
    received: consumers.map(({ received }) => received),
    uncertain,
    longestWithoutService: Math.max(...producers.map(({ longestStall }) => longestStall)),
  },
});
await Promise.all(
  [...producers, ...consumers].map(({ messenger }) => messenger.close({ timeout: 2000 }).catch(() => undefined)),
);
await Promise.all(receiving);
process.disconnect();
