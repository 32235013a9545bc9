import { Random } from './random.js';

/** How one broker is set up. */
export interface BrokerPlan {
  readonly name: string;
  readonly maxMessages: number;
  readonly maxDeliveries: number;
  readonly overflow: 'reject' | 'drop-head';
  readonly idleTimeout: number;
}

/** How one messenger is set up, and what it does. */
export interface MessengerPlan {
  readonly name: string;
  readonly seed: number;
  readonly outgoingWindow: number;
  readonly incomingWindow: number;
  readonly senderSettleMode: 'mixed' | 'unsettled' | undefined;
  readonly receiverSettleMode: 'first' | 'second';
  readonly idleTimeout: number;
  readonly maxFrameSize: number;
  readonly closeIdleAfter: number;
  readonly maxRedeliveries: number;
  readonly maxBytes: number;
  /** Where it sends to; none for who only receives. */
  readonly sendsTo: readonly string[];
  /** Where it receives from, and how. */
  readonly receivesFrom: readonly string[];
  readonly mode: 'loop' | 'loops' | 'get';
  /** The credit of each subscription; `undefined` for the common one. */
  readonly credit: number | undefined;
  readonly asks: boolean;
  readonly answers: boolean;
  /** How long it works on a message, at most. */
  readonly work: number;
  /** How often it gives a message back. */
  readonly givesBack: number;
  /** How many messages it sends in all, at most. */
  readonly messages: number;
  /** How long its messages live, or 0. */
  readonly ttl: number;
}

/** What goes wrong, or is done on purpose, at some time. `pick` chooses whom it hits among those there are then. */
export interface Fault {
  readonly at: number;
  readonly kind: (typeof FAULTS)[number];
  readonly pick: number;
  readonly lasts: number;
}

/** Everything that can happen. */
export const FAULTS = [
  'cut',
  'half-open',
  'stall',
  'slow',
  'part',
  'refuse',
  'crash',
  'detach',
  'drop-connection',
  'poison',
  'restart-messenger',
  'subscribe-again',
  'interrupt',
  'abort',
  'route',
] as const;

/** All that a seed decides. */
export interface Plan {
  readonly seed: number;
  readonly brokers: readonly BrokerPlan[];
  readonly messengers: readonly MessengerPlan[];
  readonly faults: readonly Fault[];
  /** When the last fault has been mended and nobody sends any more, in milliseconds. */
  readonly horizon: number;
}

/** Works out a run. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const brokers = Array.from({ length: 1 + random.below(3) }, (_, index) => brokerPlan(random, index));
  const queues = brokers.flatMap(({ name }) =>
    Array.from({ length: 1 + random.below(2) }, (_, index) => `amqp://${name}/q${index}`),
  );
  const count = 1 + random.below(5);
  const messengers = Array.from({ length: count }, (_, index) => messengerPlan(random, index, queues));
  const horizon = random.between(2000, 20_000);
  return { seed, brokers, messengers, faults: faultsOf(random, horizon), horizon };
}

function brokerPlan(random: Random, index: number): BrokerPlan {
  return {
    name: `broker-${index}`,
    maxMessages: random.pick([5, 50, 1_000_000, 1_000_000]),
    maxDeliveries: random.pick([1, 3, 10, Infinity]),
    overflow: random.pick(['reject', 'reject', 'drop-head']),
    idleTimeout: random.pick([1000, 5000]),
  };
}

function messengerPlan(random: Random, index: number, queues: readonly string[]): MessengerPlan {
  const some = (share: number): string[] => queues.filter(() => random.chance(share));
  const sends = index === 0 || random.chance(0.6);
  return {
    name: `messenger-${index}`,
    seed: random.below(2 ** 32),
    outgoingWindow: random.pick([0, 1, 3, 100, 100, -1]),
    incomingWindow: random.pick([0, 1, 2, 5, 100, -1]),
    senderSettleMode: random.pick([undefined, undefined, 'mixed', 'unsettled']),
    receiverSettleMode: random.pick(['first', 'first', 'second']),
    idleTimeout: random.pick([1000, 5000]),
    maxFrameSize: random.pick([512, 4096, 1 << 20]),
    closeIdleAfter: random.pick([0, 0, 500]),
    maxRedeliveries: random.pick([Infinity, Infinity, 3]),
    maxBytes: random.pick([2000, 1 << 30]),
    sendsTo: sends ? queues.filter((_, place) => place === 0 || random.chance(0.5)) : [],
    receivesFrom: index === 0 && random.chance(0.5) ? queues : some(0.6),
    mode: random.pick(['loop', 'loop', 'loops', 'get']),
    credit: random.pick([undefined, undefined, 1, 2, 10]),
    asks: random.chance(0.2),
    answers: index === 0 || random.chance(0.3),
    work: random.pick([0, 5, 50, 500]),
    givesBack: random.pick([0, 0, 0, 0.1, 0.3]),
    messages: random.pick([10, 30, 100]),
    ttl: random.pick([0, 0, 0, 200, 3000]),
  };
}

function faultsOf(random: Random, horizon: number): Fault[] {
  // Some runs have few kinds of faults and many of each, some the other way round, and some none.
  const kinds = FAULTS.filter(() => random.chance(0.4));
  const count = kinds.length === 0 ? 0 : random.pick([0, 1, 2, 5, 10, 20]);
  const faults = Array.from({ length: count }, () => ({
    at: random.between(0, horizon),
    kind: random.pick(kinds),
    pick: random.next(),
    lasts: random.pick([10, 300, 3000, 10_000]),
  }));
  return faults.sort((one, other) => one.at - other.at);
}
