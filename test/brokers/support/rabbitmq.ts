import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Broker, LocalBroker, QueueType } from './broker.js';
import type { Certificates } from './certificates.js';
import { makeCertificates } from './certificates.js';
import { freePorts } from './free-port.js';
import { Guard } from './guard.js';
import { amqpPortAnswers, portAccepts } from './port-ready.js';
import type { RabbitMQPorts, RabbitMQRelease } from './rabbitmq-node.js';
import { RabbitMQNode } from './rabbitmq-node.js';

/** How long a broker may take to start, in milliseconds. It takes about two seconds on an idle machine. */
const startLimit = 60_000;

/** How long a broker may take to end in good order, in milliseconds, before it is killed. */
const stopLimit = 30_000;

/** Starts a RabbitMQ with a folder and ports of its own, and returns when it can be connected to. */
export async function startRabbitMQ(release: RabbitMQRelease): Promise<LocalBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'amqp-messenger-rabbitmq-'));
  const guard = new Guard(folder);
  try {
    const certificates = await makeCertificates(folder);
    const [amqp = 0, amqps = 0, distribution = 0, mapper = 0] = await freePorts(4);
    const ports = { amqp, amqps, distribution, mapper };
    const node = await RabbitMQNode.setUp(folder, release, ports, certificates);
    const broker = new RabbitMQ(release, node, ports, certificates, guard);
    await broker.restart();
    return broker;
  } catch (error) {
    await guard.end();
    throw error;
  }
}

class RabbitMQ implements LocalBroker {
  readonly name = 'RabbitMQ';
  readonly refusesUnknown: Broker['refusesUnknown'];
  readonly version: string;
  readonly url: string;
  readonly tlsUrl: string;
  #mapper: ChildProcess | undefined;
  #server: ChildProcess | undefined;
  readonly #output: string;
  #stopped = false;

  constructor(
    readonly release: RabbitMQRelease,
    readonly node: RabbitMQNode,
    readonly ports: RabbitMQPorts,
    readonly certificates: Certificates,
    readonly guard: Guard,
  ) {
    this.version = node.version;
    this.refusesUnknown = { senders: release.refusesUnknownSenders, receivers: true };
    this.#output = join(node.folder, 'output');
    this.url = `amqp://guest:guest@127.0.0.1:${ports.amqp}`;
    this.tlsUrl = `amqps://guest:guest@127.0.0.1:${ports.amqps}`;
  }

  address(queue: string): string {
    return this.release.address(queue);
  }

  async declareQueue(
    queue: string | readonly string[],
    { type = 'classic' }: { type?: QueueType } = {},
  ): Promise<void> {
    const names = typeof queue === 'string' ? [queue] : queue;
    const settings = { vhost: '/', durable: true, auto_delete: false, arguments: { 'x-queue-type': type } };
    const file = join(this.node.folder, 'queues.json');
    await writeFile(file, JSON.stringify({ queues: names.map((name) => ({ name, ...settings })) }));
    await this.node.control('import_definitions', file);
  }

  async queueDepth(queue: string | readonly string[]): Promise<number> {
    const list = await this.node.control('list_queues', '--formatter', 'json', 'name', 'messages');
    const depths = JSON.parse(list) as { name: string; messages: number }[]; // What the tool is known to print.
    const wanted = new Set(typeof queue === 'string' ? [queue] : queue);
    return depths.reduce((sum, { name, messages }) => (wanted.has(name) ? sum + messages : sum), 0);
  }

  async restart(): Promise<void> {
    if (this.#stopped) throw new Error('A stopped broker cannot be started again.');
    await this.#end(this.#server, 'SIGTERM');
    // The port mapper would be started by the node if need be, but then nobody would end it.
    this.#mapper ??= this.#start('epmd', []);
    this.#server = this.#start(this.node.program('rabbitmq-server'), []);
    this.#watch();
    await this.#ready(this.#server);
  }

  async kill(): Promise<void> {
    await this.#end(this.#server, 'SIGKILL');
    this.#watch();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#end(this.#server, 'SIGTERM');
    await this.#end(this.#mapper, 'SIGTERM');
    this.guard.watch([]);
    await this.guard.end();
  }

  /** Each child leads a process group of its own, so that it can be killed together with its own children. */
  #start(program: string, programArguments: string[]): ChildProcess {
    const { folder, environment } = this.node;
    const output = openSync(this.#output, 'a');
    const child = spawn(program, programArguments, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child.unref();
    return child;
  }

  #watch(): void {
    const running = [this.#mapper, this.#server].filter((child) => child !== undefined).filter(isRunning);
    this.guard.watch(running.map(({ pid }) => pid).filter((group) => group !== undefined));
  }

  async #ready(server: ChildProcess): Promise<void> {
    const waiting = new AbortController();
    const ended = once(server, 'close', { signal: waiting.signal }).then(() => Promise.reject(new Error('it ended')));
    try {
      const signal = AbortSignal.any([waiting.signal, AbortSignal.timeout(startLimit)]);
      const ready = Promise.all([amqpPortAnswers(this.ports.amqp, signal), portAccepts(this.ports.amqps, signal)]);
      await Promise.race([ended, ready]);
    } catch (error) {
      const output = await readFile(this.#output, 'utf8');
      throw new Error(`RabbitMQ did not start. It said:\n${output}`, { cause: error });
    } finally {
      waiting.abort();
    }
  }

  async #end(child: ChildProcess | undefined, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child?.pid === undefined || !isRunning(child)) return;
    const ended = once(child, 'close');
    child.ref();
    if (signal === 'SIGKILL') process.kill(-child.pid, signal);
    else child.kill(signal);
    const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), stopLimit);
    await ended;
    clearTimeout(limit);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
