import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { erlangTree } from '../brokers/support/erlang-tree.js';
import { Guard } from '../brokers/support/guard.js';
import type { RabbitMQRelease } from '../brokers/support/rabbitmq-releases.js';
import { versionIn } from '../brokers/support/rabbitmq-settings.js';
import { Network } from './network.js';
import { Node, nameOf } from './node.js';

const numbers = [1, 2, 3];

/** Three nodes of RabbitMQ with one quorum queue, which has a copy on each. */
export class Cluster {
  #leader = 1;

  private constructor(
    readonly version: string,
    readonly queue: string,
    readonly network: Network,
    readonly nodes: readonly Node[],
    readonly guard: Guard,
  ) {}

  /** Fetches the release if it is not there, and starts the nodes. */
  static async up(release: RabbitMQRelease, queue: string): Promise<Cluster> {
    await erlangTree(release.tree, release.packages);
    const folder = await mkdtemp(join(tmpdir(), 'amqp-messenger-cluster-'));
    const guard = new Guard(folder);
    const network = new Network(numbers);
    await network.up();
    const nodes = await Promise.all(numbers.map((number) => Node.setUp(number, network, folder, release)));
    const cluster = new Cluster(await versionIn(release.tree), queue, network, nodes, guard);
    await Promise.all(numbers.map((number) => cluster.start(number)));
    await cluster.#declare(folder);
    return cluster;
  }

  async #declare(folder: string): Promise<void> {
    const file = join(folder, 'queue.json');
    const settings = { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 3, 'x-delivery-limit': -1 };
    const queue = { name: this.queue, vhost: '/', durable: true, auto_delete: false, arguments: settings };
    await writeFile(file, JSON.stringify({ queues: [queue] }));
    await this.node(1).control('import_definitions', file);
  }

  node(number: number): Node {
    return this.nodes[number - 1]!;
  }

  async start(number: number): Promise<void> {
    await this.node(number).start(this.guard, () => this.nodes.flatMap(({ groups }) => groups));
  }

  /** Which node leads the queue; the last known one while nobody can say. */
  async leader(): Promise<number> {
    for (const number of [this.#leader, ...numbers]) {
      const list = await this.node(number)
        .control('list_queues', 'name', 'leader')
        .catch(() => '');
      const found = numbers.find((node) => list.includes(nameOf(node)));
      if (found !== undefined) return (this.#leader = found);
    }
    return this.#leader;
  }

  /** Has another node lead the queue. */
  async moveLeader(to: number): Promise<void> {
    const queue = `rabbit_misc:r(<<"/">>, queue, <<"${this.queue}">>)`;
    const transfer = `rabbit_quorum_queue:transfer_leadership(Q, '${nameOf(to)}')`;
    await this.node(to).control('eval', `{ok, Q} = rabbit_amqqueue:lookup(${queue}), ${transfer}.`);
  }

  /** How many messages the queue has left. */
  async depth(): Promise<number> {
    const list = await this.node(await this.leader()).control('list_queues', 'name', 'messages');
    return Number(new RegExp(`${this.queue}\\s+(\\d+)`).exec(list)?.[1]);
  }

  /** Ends the nodes and removes what they have written, and the network. */
  async down(): Promise<void> {
    await this.guard.end();
    await this.network.down();
  }
}
