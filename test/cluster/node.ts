import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from '../brokers/support/guard.js';
import type { RabbitMQRelease } from '../brokers/support/rabbitmq-releases.js';
import { environmentOf, programIn, versionIn, writeSettings } from '../brokers/support/rabbitmq-settings.js';
import { runCommand } from '../brokers/support/run-command.js';
import { addressOf } from './network.js';
import type { Network } from './network.js';

/** How long a node may take to start, in milliseconds. */
const startLimit = 180_000;

/** One node of RabbitMQ, in a namespace of its own. */
export class Node {
  /** The process groups that must not outlive this process. */
  readonly groups: number[] = [];
  #server: ChildProcess | undefined;

  private constructor(
    readonly number: number,
    readonly network: Network,
    readonly folder: string,
    readonly environment: Record<string, string>,
    readonly program: (name: string) => string,
  ) {}

  /** Writes all that a node needs into a folder below `parent`. */
  static async setUp(number: number, network: Network, parent: string, release: RabbitMQRelease): Promise<Node> {
    const folder = join(parent, `node-${number}`);
    await mkdir(folder);
    const version = await versionIn(release.tree);
    const nodes = network.nodes.map((peer, index) => {
      return `cluster_formation.classic_config.nodes.${index + 1} = ${nameOf(peer)}`;
    });
    const configuration = [
      `listeners.tcp.1 = ${addressOf(number, 'clients')}:5672`,
      'loopback_users = none',
      'cluster_formation.peer_discovery_backend = classic_config',
      ...nodes,
    ];
    await writeSettings(folder, { plugins: [], configuration });
    await writeFile(join(folder, '.erlang.cookie'), 'TESTCLUSTER', { mode: 0o400 });
    const inet = `{${addressOf(number, 'peers').replaceAll('.', ',')}}`;
    const environment = environmentOf(release.tree, folder, {
      RABBITMQ_USE_LONGNAME: 'true',
      RABBITMQ_NODENAME: nameOf(number),
      RABBITMQ_DIST_PORT: '25672',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface ${inet} +S 2:2 +sbwt none`,
    });
    return new Node(number, network, folder, environment, (name) => programIn(release.tree, version, name));
  }

  /** Starts it, and returns when it takes connections. */
  async start(guard: Guard, watched: () => readonly number[]): Promise<void> {
    if (this.groups.length === 0) {
      this.#spawn('epmd');
      await sleep(300);
    }
    this.#server = this.#spawn(this.program('rabbitmq-server'));
    guard.watch(watched());
    const limit = Date.now() + startLimit;
    while (!(await this.#answers())) {
      if (Date.now() > limit) throw new Error(`Node ${this.number} did not start; see ${this.folder}.`);
      await sleep(200);
    }
  }

  async #answers(): Promise<boolean> {
    const probe = `exec 3<>/dev/tcp/${addressOf(this.number, 'clients')}/5672`;
    return runCommand('ip', ['netns', 'exec', this.network.hub, 'bash', '-c', probe]).then(
      () => true,
      () => false,
    );
  }

  #spawn(program: string): ChildProcess {
    const output = openSync(join(this.folder, 'output'), 'a');
    const child = spawn('ip', ['netns', 'exec', this.network.namespace(this.number), program], {
      cwd: this.folder,
      env: this.environment,
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child.unref();
    this.groups.push(child.pid ?? 0);
    return child;
  }

  /** Stops it, has it go on, or ends it: with `SIGKILL` as a power cut would, with `SIGTERM` in good order. */
  async signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const server = this.#server;
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'close');
    process.kill(-server.pid, signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended;
  }

  /**
   * Has its tool do something, and returns what that prints. Tries again when the tool hangs, as it may on a busy machine,
   * so what it is to do must be harmless when done twice.
   */
  async control(...commandArguments: string[]): Promise<string> {
    const tool = [this.program('rabbitmqctl'), '--longnames', '--quiet', ...commandArguments];
    const inNamespace = ['netns', 'exec', this.network.namespace(this.number), 'timeout', '30', ...tool];
    const run = (): Promise<string> =>
      runCommand('ip', inNamespace, { folder: this.folder, environment: this.environment });
    return run().catch(run).catch(run);
  }
}

/** What a node is called among its peers. */
export function nameOf(node: number): string {
  return `n${node}@${addressOf(node, 'peers')}`;
}
