import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { ChannelFlushedError, ChannelQueueFullError } from '../../../src/errors.js';
import { ClientQueue } from '../../../src/queue/client-queue.js';
import type { Overflow } from '../../../src/queue/client-queue-options.js';
import { Heap } from '../../../src/queue/heap.js';
import { NumberedLine } from '../../../src/queue/numbered-line.js';
import { FakeClock } from '../../support/fake-clock.js';

interface Item {
  readonly id: number;
  readonly ttl: number | undefined;
}

type Operation =
  | { readonly name: 'push'; readonly ttl: number | undefined }
  | { readonly name: 'pull'; readonly timeout: number | undefined }
  | { readonly name: 'abort' | 'remove'; readonly which: number }
  | { readonly name: 'advance' | 'stall'; readonly time: number }
  | { readonly name: 'stop'; readonly drain: boolean }
  | { readonly name: 'tryPull' | 'peek' | 'flush' | 'turn' };

/** What became of a message, or of a pull. */
type Fate = 'expired' | 'dropped' | 'removed' | 'refused' | `pulled by ${number}` | 'taken';
type Result = number | 'stopped' | 'timeout' | 'aborted';

interface Settings {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly flushInterval: number;
}

/** The queue in its simplest form: what expires does so at once, and everything is looked for from the front. */
class Model {
  now = 0;
  isStopped = false;
  queued: { id: number; deadline: number }[] = [];
  waiting: { pull: number; until: number }[] = [];
  readonly fates = new Map<number, Fate>();
  readonly results = new Map<number, Result>();

  constructor(readonly settings: Settings) {}

  push(id: number, ttl = Infinity): void {
    const { capacity, overflow } = this.settings;
    const waiter = this.waiting[0];
    if (this.isStopped) this.fates.set(id, 'refused');
    else if (ttl <= 0) this.fates.set(id, 'expired');
    else if (waiter !== undefined) this.#serve(id);
    else if (this.queued.length < capacity) this.queued.push({ id, deadline: this.now + ttl });
    else if (overflow === 'throw') this.fates.set(id, 'refused');
    else if (overflow === 'drop-newest') this.fates.set(id, 'dropped');
    else {
      this.fates.set(this.queued.shift()!.id, 'dropped');
      this.queued.push({ id, deadline: this.now + ttl });
    }
  }

  pull(pull: number, timeout = Infinity): void {
    const first = this.queued.shift();
    if (first !== undefined) {
      this.fates.set(first.id, `pulled by ${pull}`);
      this.results.set(pull, first.id);
    } else if (this.isStopped) this.results.set(pull, 'stopped');
    else this.waiting.push({ pull, until: this.now + timeout });
  }

  tryPull(): number | undefined {
    const first = this.queued.shift();
    if (first !== undefined) this.fates.set(first.id, 'taken');
    return first?.id;
  }

  remove(id: number): boolean {
    const index = this.queued.findIndex((message) => message.id === id);
    if (index < 0) return false;
    this.queued.splice(index, 1);
    this.fates.set(id, 'removed');
    return true;
  }

  abort(pull: number): void {
    if (this.waiting.some((waiter) => waiter.pull === pull)) this.results.set(pull, 'aborted');
    this.waiting = this.waiting.filter((waiter) => waiter.pull !== pull);
  }

  advance(time: number, timersRun: boolean): void {
    this.now += time;
    for (const { id, deadline } of this.queued) if (deadline <= this.now) this.fates.set(id, 'expired');
    this.queued = this.queued.filter(({ deadline }) => deadline > this.now);
    if (!timersRun) return;
    for (const { pull, until } of this.waiting) if (until <= this.now) this.results.set(pull, 'timeout');
    this.waiting = this.waiting.filter(({ until }) => until > this.now);
  }

  stop(drain: boolean): void {
    this.isStopped = true;
    for (const { pull } of this.waiting.splice(0)) this.results.set(pull, 'stopped');
    if (!drain) for (const { id } of this.queued.splice(0)) this.fates.set(id, 'dropped');
  }

  #serve(id: number): void {
    const { pull } = this.waiting.shift()!;
    this.fates.set(id, `pulled by ${pull}`);
    this.results.set(pull, id);
  }
}

/** The queue under test, with a record of what became of everything. */
class Subject {
  readonly clock = new FakeClock();
  readonly queue: ClientQueue<Item>;
  readonly fates = new Map<number, Fate>();
  readonly results = new Map<number, Result>();
  readonly numbers: number[] = [];
  readonly #controllers: AbortController[] = [];

  constructor(settings: Settings) {
    this.queue = new ClientQueue<Item>({ ...settings, clock: this.clock });
    this.queue.on('expired', (messages) => messages.forEach(({ id }) => this.#end(id, 'expired')));
    this.queue.on('dropped', (messages) => messages.forEach(({ id }) => this.#end(id, 'dropped')));
  }

  push(id: number, ttl: number | undefined): void {
    this.numbers[id] = 0;
    try {
      this.numbers[id] = this.queue.push({ id, ttl });
    } catch (error) {
      expect(error).toBeInstanceOf(this.queue.isStopped ? ChannelFlushedError : ChannelQueueFullError);
      this.#end(id, 'refused');
    }
  }

  pull(pull: number, timeout: number | undefined): void {
    const controller = new AbortController();
    this.#controllers[pull] = controller;
    this.queue.pull({ timeout, signal: controller.signal }).then(
      (message) => {
        if (message !== null) this.#end(message.id, `pulled by ${pull}`);
        this.#finish(pull, message?.id ?? 'stopped');
      },
      (error: unknown) => this.#finish(pull, (error as Error).name === 'TimeoutError' ? 'timeout' : 'aborted'),
    );
  }

  tryPull(): number | undefined {
    const id = this.queue.tryPull()?.id;
    if (id !== undefined) this.#end(id, 'taken');
    return id;
  }

  remove(id: number): boolean {
    const isRemoved = this.queue.remove(this.numbers[id] ?? 0);
    if (isRemoved) this.#end(id, 'removed');
    return isRemoved;
  }

  abort(pull: number): void {
    this.#controllers[pull]?.abort();
  }

  /** Nothing may happen to anything twice. */
  #end(id: number, fate: Fate): void {
    expect(this.fates.has(id)).toBe(false);
    this.fates.set(id, fate);
  }

  #finish(pull: number, result: Result): void {
    expect(this.results.has(pull)).toBe(false);
    this.results.set(pull, result);
  }
}

const few = fc.nat({ max: 60 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      name: fc.constant('push' as const),
      ttl: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      name: fc.constant('pull' as const),
      timeout: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ name: fc.constantFrom('abort' as const, 'remove' as const), which: few }) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constantFrom('advance' as const, 'stall' as const),
      time: fc.integer({ min: 1, max: 15 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      name: fc.constantFrom('tryPull' as const, 'peek', 'flush', 'turn'),
    }),
  },
);
const ending: fc.Arbitrary<Operation> = fc.record({ name: fc.constant('stop' as const), drain: fc.boolean() });

/** Operations with a stop somewhere near the end, or none. */
const operations = fc
  .tuple(
    fc.array(operation, { maxLength: 250 }),
    fc.array(fc.oneof({ weight: 6, arbitrary: operation }, ending), { maxLength: 30 }),
  )
  .map(([first, last]) => [...first, ...last]);

const settings: fc.Arbitrary<Settings> = fc.record({
  capacity: fc.constantFrom(1, 3, 20, Infinity),
  overflow: fc.constantFrom('throw', 'drop-oldest', 'drop-newest'),
  flushInterval: fc.constantFrom(0, 1, 10, 1000),
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Does one thing to both, and compares what they say. */
function apply(subject: Subject, model: Model, step: Operation, index: number): void {
  switch (step.name) {
    case 'push':
      subject.push(index, step.ttl);
      model.push(index, step.ttl);
      break;
    case 'pull':
      subject.pull(index, step.timeout);
      model.pull(index, step.timeout);
      break;
    case 'abort':
      subject.abort(index - step.which);
      model.abort(index - step.which);
      break;
    case 'remove':
      expect(subject.remove(index - step.which)).toBe(model.remove(index - step.which));
      break;
    case 'advance':
    case 'stall':
      subject.clock[step.name](step.time);
      model.advance(step.time, step.name === 'advance');
      break;
    case 'tryPull':
      expect(subject.tryPull()).toBe(model.tryPull());
      break;
    case 'peek':
      expect(subject.queue.peek()?.id).toBe(model.queued[0]?.id);
      break;
    case 'flush':
      subject.queue.flush();
      expect(subject.queue.size).toBe(model.queued.length);
      break;
    case 'stop':
      subject.queue.stop({ drain: step.drain });
      model.stop(step.drain);
      break;
    case 'turn':
      break;
  }
}

describe('ClientQueue', () => {
  it('loses nothing, doubles nothing and keeps the order, whatever is done to it', async () => {
    await fc.assert(
      fc.asyncProperty(settings, operations, async (chosen, steps) => {
        const subject = new Subject(chosen);
        const model = new Model(chosen);
        for (const [index, step] of steps.entries()) {
          apply(subject, model, step, index);
          if (step.name === 'turn') await turn();
          expect(subject.queue.waiters).toBe(model.waiting.length);
          expect(subject.queue.size).toBeGreaterThanOrEqual(model.queued.length);
        }
        subject.queue.flush();
        await turn();
        expect(new Map([...subject.fates].sort())).toEqual(new Map([...model.fates].sort()));
        expect(subject.results).toEqual(model.results);
        const left: (number | undefined)[] = [];
        while (!subject.queue.isEmpty) left.push(subject.tryPull());
        expect(left).toEqual(model.queued.map(({ id }) => id));
      }),
      { numRuns: 100 },
    );
  });
});

describe('NumberedLine', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ name: fc.constant('push' as const), value: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ name: fc.constantFrom('shift' as const, 'clear'), value: fc.nat(19) }) },
    { weight: 4, arbitrary: fc.record({ name: fc.constant('take' as const), value: fc.nat(400) }) },
  );

  it('does what a sorted map does, through gaps and their closing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500 }), (steps) => {
        const line = new NumberedLine<{ number: number }>();
        const model = new Map<number, { number: number }>();
        let last = 0;
        for (const { name, value } of steps) {
          if (name === 'push') {
            last += value;
            line.push(last, { number: last });
            model.set(last, { number: last });
          } else if (name === 'take') {
            const number = last - value;
            expect(line.has(number)).toBe(model.has(number));
            expect(line.take(number)).toEqual(model.get(number));
            model.delete(number);
          } else if (name === 'shift') {
            const first = [...model.keys()][0];
            expect(line.shift()?.number).toBe(first);
            if (first !== undefined) model.delete(first);
          } else if (value === 0) {
            expect(line.drain()).toEqual([...model.values()]);
            model.clear();
          }
          expect(line.size).toBe(model.size);
          expect(line.first).toEqual([...model.values()][0]);
        }
        expect(line.drain()).toEqual([...model.values()]);
      }),
      { numRuns: 60 },
    );
  });

  it('finds what is left when all but every hundredth of a hundred thousand has gone', () => {
    const line = new NumberedLine<{ number: number }>();
    for (let number = 0; number < 100_000; number++) line.push(number, { number });
    for (let number = 0; number < 100_000; number++) if (number % 100 !== 0) line.take(number);
    const found: number[] = [];
    for (let number = 0; number < 100_000; number++) if (line.has(number)) found.push(number);
    expect(found).toEqual(Array.from({ length: 1000 }, (_, index) => index * 100));
    expect(line.drain()).toEqual(Array.from({ length: 1000 }, (_, index) => ({ number: index * 100 })));
  });
});

describe('Heap', () => {
  it('gives the earliest deadline first, also after some were forgotten', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), fc.nat(5), (deadlines, odd) => {
        const heap = new Heap<{ deadline: number }>(({ deadline }) => deadline);
        for (const deadline of deadlines) heap.push({ deadline });
        heap.keep(({ deadline }) => deadline % 6 !== odd);
        const expected = deadlines.filter((deadline) => deadline % 6 !== odd).sort((left, right) => left - right);
        expect([heap.size, heap.peek()?.deadline]).toEqual([expected.length, expected[0]]);
        const popped = expected.map(() => heap.pop()?.deadline);
        expect(popped).toEqual(expected);
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });
});
