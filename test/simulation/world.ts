import { getEventListeners } from 'node:events';
import { EmbeddedBroker } from '../../src/broker.js';
import type { Injection } from '../../src/broker.js';
import type { Environment } from '../../src/index.js';
import { check } from './checker.js';
import { Ledger } from './ledger.js';
import { Network } from './network.js';
import type { Wire } from './network.js';
import type { BrokerPlan, Fault, Plan } from './plan.js';
import { Program } from './program.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';

/** How long the world has to come to rest once everything works again, in milliseconds. */
const PATIENCE = 120_000;

/** What has come of a run. */
export interface Result {
  readonly plan: Plan;
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  readonly messages: number;
}

/** A world in one process: brokers, programs with their messengers, a network, and what goes wrong between them. */
export class World {
  readonly plan: Plan;
  readonly ledger = new Ledger();
  readonly scheduler: Scheduler;
  readonly trace: string[] = [];
  /** Calls that have not come back. */
  readonly #calls = new Map<Promise<unknown>, string>();
  readonly #signals: AbortSignal[] = [];
  readonly #random: Random;
  readonly #network: Network;
  readonly #brokers = new Map<string, EmbeddedBroker>();
  readonly #programs: Program[];
  readonly #poisons: Injection[] = [];
  #isOver = false;

  constructor(plan: Plan) {
    this.plan = plan;
    this.#random = new Random(plan.seed ^ 0x5eed);
    this.scheduler = new Scheduler((error) => this.uncaught(error));
    this.#network = new Network(this.scheduler, this.#random.fork(), (line) => this.note(line));
    for (const broker of plan.brokers) this.#brokers.set(broker.name, this.#broker(broker));
    this.#programs = plan.messengers.map((messenger) => new Program(this, messenger));
  }

  /** Whether nobody is to begin anything new. */
  get isOver(): boolean {
    return this.#isOver;
  }

  note(line: string): void {
    this.trace.push(`${this.scheduler.now().toFixed(3)} ${line}`);
  }

  uncaught(error: unknown): void {
    this.ledger.problem('uncaught', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** What the world gives to a messenger or broker of this name. */
  environment(name: string): Environment {
    const random = this.#random.fork();
    return {
      clock: this.scheduler,
      random: random.next,
      randomUUID: random.uuid,
      dial: this.#network.dialler(name),
      listen: this.#network.listener(name),
    };
  }

  /** Follows a call: it has to come back. What it throws is part of the story, and `undefined` comes instead. */
  async call<Value>(name: string, call: () => Promise<Value>): Promise<Value | undefined> {
    const promise = Promise.resolve().then(call);
    this.#calls.set(promise, name);
    try {
      return await promise;
    } catch (error) {
      this.note(`${name} throws ${(error as Error).name}: ${(error as Error).message}`);
      return undefined;
    } finally {
      this.#calls.delete(promise);
    }
  }

  /** A controller whose signal must have no listener left at the end. */
  controller(): AbortController {
    const controller = new AbortController();
    this.#signals.push(controller.signal);
    return controller;
  }

  /** Runs it to its end, and checks what was promised. */
  async run(): Promise<Result> {
    const { scheduler, plan } = this;
    const story = this.#story().catch((error: unknown) => this.uncaught(error));
    if (!(await scheduler.runUntil(story, plan.horizon + 3 * PATIENCE))) {
      this.ledger.problem('stuck', `nothing comes of: ${[...new Set(this.#calls.values())].join(', ')}`);
    }
    // What is let go at the end may take a moment.
    await scheduler.runUntil(new Promise(() => undefined), scheduler.now() + 5000);
    this.#leftOver();
    check(plan, this.ledger);
    return { plan, problems: this.ledger.problems, trace: this.trace, messages: this.ledger.sent.size };
  }

  async #story(): Promise<void> {
    const { scheduler, plan } = this;
    await Promise.all([...this.#brokers.values()].map((broker) => broker.start()));
    for (const fault of plan.faults) scheduler.at(fault.at, () => this.#strike(fault));
    const lives = this.#programs.map((program) => program.live());
    await scheduler.sleep(plan.horizon);
    this.#isOver = true;
    this.note('all is mended');
    this.#network.mend();
    for (const injection of this.#poisons) injection.stop();
    for (const broker of this.#brokers.values()) await broker.start().catch(() => undefined);
    await this.#rest();
    for (const program of this.#programs) void program.end();
    await Promise.all(lives);
    // Until brokers have found out who is gone without a word.
    await scheduler.sleep(15_000);
    await this.#audit();
    await Promise.all([...this.#brokers.values()].map((broker) => broker.stop()));
  }

  /** Waits until everybody knows what became of all messages, or it has taken too long. */
  async #rest(): Promise<void> {
    const { scheduler, ledger } = this;
    const limit = scheduler.now() + PATIENCE;
    const isQuiet = (): boolean =>
      [...ledger.sent.values()].every(({ tracker }) => tracker.status !== 'pending') &&
      this.#programs.every((program) => program.isIdle);
    while (!isQuiet() && scheduler.now() < limit) await scheduler.sleep(500);
    if (!isQuiet()) {
      const calls = [...new Set(this.#calls.values())].filter((name) => !name.includes('(open end)'));
      this.note(`no rest; waiting: ${calls.join(', ')}`);
    }
    for (const program of this.#programs) program.checkCredit();
  }

  /** Looks what is left in the queues, as a client like any other. */
  async #audit(): Promise<void> {
    for (const [name, broker] of this.#brokers) {
      for (const { name: queue, depth, outstanding } of broker.queues) {
        if (outstanding > 0) this.ledger.problem('outstanding', `${outstanding} messages of ${queue} are with nobody`);
        const bodies = await Program.drain(this, `amqp://${name}/${queue}`, depth);
        if (bodies.length !== depth)
          this.ledger.problem('depth', `${queue} has ${depth} messages and gave ${bodies.length}`);
        for (const id of bodies) if (id !== undefined) this.ledger.found(id);
      }
    }
  }

  #leftOver(): void {
    const { ledger, scheduler, plan } = this;
    for (const name of this.#calls.values()) ledger.problem('call', `${name} has not come back`);
    if (scheduler.timers > 0) ledger.problem('timers', `${scheduler.timers} timers are left`);
    const wires = this.#network.wires.length;
    for (const { count } of this.#poisons) {
      // A second apart is what the longest delay between two connections allows.
      const most = 20 + plan.horizon / 1000;
      if (count > most) ledger.problem('poison', `one message was sent ${count} times in ${plan.horizon} ms`);
    }
    if (wires > 0) ledger.problem('wires', `${wires} connections are left`);
    const listeners = this.#signals.reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);
    if (listeners > 0) ledger.problem('listeners', `${listeners} listeners of abort signals are left`);
  }

  #broker({ name, ...options }: BrokerPlan): EmbeddedBroker {
    const broker = new EmbeddedBroker({
      ...options,
      host: name,
      name,
      environment: this.environment(name),
      queues: { 'dead-letter': { maxMessages: Infinity, deadLetterAddress: null } },
    });
    const gone = (state: string, container: string | undefined): void => {
      if (container !== undefined && ['closed', 'ended'].includes(state)) {
        this.ledger.disturbed(container, this.scheduler.now());
      }
    };
    // It may know of it before its client does.
    broker.on('connection', ({ state, container }) => gone(state, container));
    broker.on('link', ({ state, container, role, error }) => {
      gone(state, container);
      if (role === 'sender' && error !== undefined) gone(state, container && `link of ${container}`);
    });
    return broker;
  }

  #strike({ kind, pick, lasts }: Fault): void {
    if (this.#isOver) return;
    const wire = at(this.#network.wires, pick);
    const program = at(this.#programs, pick)!;
    const broker = at([...this.#brokers], pick)!;
    this.note(`fault ${kind} (${wire?.id ?? '-'}, ${program.name}, ${broker[0]}) for ${lasts} ms`);
    if (wire !== undefined && this.#strikeWire(kind, wire, lasts)) return;
    if (this.#strikeBroker(kind, broker, lasts)) return;
    program.strike(kind, lasts);
  }

  #strikeWire(kind: Fault['kind'], wire: Wire, lasts: number): boolean {
    const mend = (): void => wire.pipes.forEach((pipe) => pipe.mend());
    if (kind === 'cut') wire.cut(this.#random);
    else if (kind === 'half-open') wire.vanish();
    else if (kind === 'stall') wire.pipes[this.#random.below(2)]!.stall('fault', true);
    else if (kind === 'slow') for (const pipe of wire.pipes) pipe.slow(this.#random.between(0.5, 5));
    else if (kind === 'part') {
      this.#network.part(wire.client, wire.server);
      this.scheduler.at(lasts, () => this.#network.mend());
    } else return false;
    if (kind === 'stall' || kind === 'slow') this.scheduler.at(lasts, mend);
    return true;
  }

  #strikeBroker(kind: Fault['kind'], [name, broker]: [string, EmbeddedBroker], lasts: number): boolean {
    if (kind === 'refuse') {
      this.#network.refuse(name);
      this.scheduler.at(lasts, () => this.#network.mend());
    } else if (kind === 'crash') {
      for (const wire of this.#network.wires) if (wire.server === name) wire.cut(this.#random);
      void this.call(`${name}.stop()`, () => broker.stop());
      this.scheduler.at(lasts, () => void this.call(`${name}.start()`, () => broker.start()));
    } else if (kind === 'detach') {
      for (const program of this.#programs) program.disturbed();
      broker.inject({ close: 'link', on: this.#random.pick(['message', 'delivery']), times: 1 });
    } else if (kind === 'drop-connection') {
      broker.inject({ close: this.#random.pick(['connection', 'socket']), on: 'message', times: 1 });
    } else if (kind === 'poison') this.#poison(broker);
    else return false;
    return true;
  }

  /** One message makes the broker fall over, each time it comes. */
  #poison(broker: EmbeddedBroker): void {
    let victim: unknown;
    const injection = broker.inject({
      close: 'socket',
      when: ({ body }) => body === (victim ??= body),
    });
    this.#poisons.push(injection);
  }
}

/** The one that a number from 0 up to 1 chooses. */
function at<Value>(values: readonly Value[], pick: number): Value | undefined {
  return values[Math.floor(pick * values.length)];
}
