import { runCommand } from '../brokers/support/run-command.js';

/** Where nodes talk to each other, and where clients talk to them. */
export type Side = 'peers' | 'clients';

const subnets: Readonly<Record<Side, string>> = { peers: '10.99.1', clients: '10.99.2' };
const sides = Object.keys(subnets) as Side[];

/** The address of a node, such as `10.99.2.1`. Nobody outside the namespaces sees it. */
export function addressOf(node: number, side: Side): string {
  return `${subnets[side]}.${node}`;
}

/**
 * A network namespace for each node, and a hub where clients are. Each node has two links to the hub, so that it can be
 * cut off from its peers and still be there for clients. Needs root.
 */
export class Network {
  readonly #prefix: string;

  constructor(
    readonly nodes: readonly number[],
    prefix = `amqp${process.pid}`,
  ) {
    this.#prefix = prefix;
  }

  /** The namespace of clients. */
  get hub(): string {
    return `${this.#prefix}-hub`;
  }

  /** The namespace of a node. */
  namespace(node: number): string {
    return `${this.#prefix}-${node}`;
  }

  async up(): Promise<void> {
    await ip('netns', 'add', this.hub);
    await ip('-n', this.hub, 'link', 'set', 'lo', 'up');
    for (const side of sides) {
      await ip('-n', this.hub, 'link', 'add', side, 'type', 'bridge');
      await ip('-n', this.hub, 'addr', 'add', `${addressOf(254, side)}/24`, 'dev', side);
      await ip('-n', this.hub, 'link', 'set', side, 'up');
    }
    for (const node of this.nodes) await this.#join(node);
  }

  async #join(node: number): Promise<void> {
    const namespace = this.namespace(node);
    await ip('netns', 'add', namespace);
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    for (const side of sides) {
      await ip(
        '-n',
        this.hub,
        'link',
        'add',
        `${side}${node}`,
        'type',
        'veth',
        'peer',
        'name',
        side,
        'netns',
        namespace,
      );
      await ip('-n', this.hub, 'link', 'set', `${side}${node}`, 'master', side, 'up');
      await ip('-n', namespace, 'addr', 'add', `${addressOf(node, side)}/24`, 'dev', side);
      await ip('-n', namespace, 'link', 'set', side, 'up');
    }
  }

  /** Cuts a node off from its peers, or from clients: nothing gets through in either direction. */
  async cut(node: number, side: Side): Promise<void> {
    await ip('-n', this.hub, 'link', 'set', `${side}${node}`, 'down');
  }

  async heal(node: number, side: Side): Promise<void> {
    await ip('-n', this.hub, 'link', 'set', `${side}${node}`, 'up');
  }

  /** Drops what a node says to its peers; what they say still reaches it. */
  async mute(node: number): Promise<void> {
    for (const peer of this.nodes.filter((other) => other !== node)) await this.#route('add', node, peer);
  }

  async unmute(node: number): Promise<void> {
    for (const peer of this.nodes.filter((other) => other !== node)) await this.#route('del', node, peer);
  }

  /** Has a node's link to its peers carry 400 kbit a second, so that what is said waits. */
  async slow(node: number): Promise<void> {
    const rate = ['tbf', 'rate', '400kbit', 'burst', '16kbit', 'latency', '2s'];
    await this.#tc(node, 'add', ...rate);
  }

  async quicken(node: number): Promise<void> {
    await this.#tc(node, 'del');
  }

  async #tc(node: number, change: 'add' | 'del', ...discipline: string[]): Promise<void> {
    const link = ['qdisc', change, 'dev', 'peers', 'root', ...discipline];
    await runCommand('ip', ['netns', 'exec', this.namespace(node), 'tc', ...link]);
  }

  async #route(change: 'add' | 'del', node: number, peer: number): Promise<void> {
    await ip('-n', this.namespace(node), 'route', change, 'blackhole', `${addressOf(peer, 'peers')}/32`);
  }

  /** Removes the namespaces, and all links with them. */
  async down(): Promise<void> {
    for (const namespace of [...this.nodes.map((node) => this.namespace(node)), this.hub]) {
      await ip('netns', 'del', namespace).catch((error: unknown) => console.error(String(error)));
    }
  }
}

async function ip(...commandArguments: string[]): Promise<void> {
  await runCommand('ip', commandArguments);
}
