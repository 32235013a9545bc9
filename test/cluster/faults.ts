import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.js';

/** Where things are when a fault begins: numbers of nodes. */
export interface Scene {
  readonly cluster: Cluster;
  readonly leader: number;
  /** The node that the first producer is connected to. */
  readonly producer: number;
  /** The node that the first consumer is connected to. */
  readonly consumer: number;
}

/** Something bad that happens, and is over when `strike` returns. Two of the three nodes are well all the time. */
export interface Fault {
  readonly title: string;
  strike(scene: Scene): Promise<void>;
}

type Choose = (scene: Scene) => number;

const leader: Choose = (scene) => scene.leader;
const producer: Choose = (scene) => scene.producer;
const consumer: Choose = (scene) => scene.consumer;
const follower: Choose = (scene) => otherThan(scene.leader);

function otherThan(node: number): number {
  return (node % 3) + 1;
}

/** In this order, so that a run of three minutes has one of each kind. */
export const faults: readonly Fault[] = [
  kill('the leader', leader),
  cut("the producer's node from its peers, not from clients", producer, ['peers'], 10_000),
  freeze('the leader', leader, 12_000),
  moveLeader(),
  cut('a follower from everybody', follower, ['peers', 'clients'], 8000),
  kill("the consumer's node", consumer),
  mute('the leader', leader, 10_000),
  memoryAlarm(5000),
  cut('the leader from its peers, not from clients', leader, ['peers'], 10_000),
  rollingRestart(),
  slow('the leader', leader, 10_000),
  freeze("the producer's node", producer, 15_000),
  cut('the leader from everybody', leader, ['peers', 'clients'], 10_000),
  kill("the producer's node", producer),
  mute("the producer's node", producer, 10_000),
];

function kill(whom: string, choose: Choose): Fault {
  return {
    title: `kill -9 of ${whom}`,
    async strike(scene) {
      const node = choose(scene);
      await scene.cluster.node(node).signal('SIGKILL');
      await sleep(2000);
      await scene.cluster.start(node);
    },
  };
}

function freeze(whom: string, choose: Choose, time: number): Fault {
  return {
    title: `${whom} is frozen for ${time / 1000} s`,
    async strike(scene) {
      const node = scene.cluster.node(choose(scene));
      await node.signal('SIGSTOP');
      await sleep(time);
      await node.signal('SIGCONT');
    },
  };
}

function cut(what: string, choose: Choose, sides: readonly ('peers' | 'clients')[], time: number): Fault {
  return {
    title: `a cut of ${what} for ${time / 1000} s`,
    async strike(scene) {
      const node = choose(scene);
      for (const side of sides) await scene.cluster.network.cut(node, side);
      await sleep(time);
      for (const side of sides) await scene.cluster.network.heal(node, side);
    },
  };
}

function mute(whom: string, choose: Choose, time: number): Fault {
  return {
    title: `${whom} hears its peers and is not heard by them for ${time / 1000} s`,
    async strike(scene) {
      const node = choose(scene);
      await scene.cluster.network.mute(node);
      await sleep(time);
      await scene.cluster.network.unmute(node);
    },
  };
}

function slow(whom: string, choose: Choose, time: number): Fault {
  return {
    title: `${whom} has a slow link to its peers for ${time / 1000} s`,
    async strike(scene) {
      const node = choose(scene);
      await scene.cluster.network.slow(node);
      await sleep(time);
      await scene.cluster.network.quicken(node);
    },
  };
}

function moveLeader(): Fault {
  return {
    title: 'another node is made the leader',
    strike: (scene) => scene.cluster.moveLeader(otherThan(scene.leader)),
  };
}

function rollingRestart(): Fault {
  return {
    title: 'each node is restarted in good order, one after the other',
    async strike({ cluster }) {
      for (const { number } of cluster.nodes) {
        await cluster.node(number).signal('SIGTERM');
        await cluster.start(number);
      }
    },
  };
}

function memoryAlarm(time: number): Fault {
  return {
    title: `a memory alarm on the leader for ${time / 1000} s`,
    async strike(scene) {
      const node = scene.cluster.node(scene.leader);
      await node.control('set_vm_memory_high_watermark', '0.000001');
      await sleep(time);
      await node.control('set_vm_memory_high_watermark', '0.6');
    },
  };
}
