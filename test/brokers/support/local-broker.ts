import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AmqpPeer } from 'amqp-messenger/pubsub';
import type { Broker, LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import type { Certificates } from './certificates.js';
import { makeCertificates } from './certificates.js';
import { freePorts } from './free-port.js';
import { Guard } from './guard.js';
import { Server } from './server.js';
import type { ServerPlan } from './server.js';

/** What a broker is given to be set up with. */
export interface Place {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly certificates: Certificates;
  /** The ports it may listen on, all on 127.0.0.1. */
  readonly ports: { readonly amqp: number; readonly amqps: number; readonly management: number };
}

/** A broker that is set up, and does not run yet. */
export interface SetUp extends Pick<Broker, 'version' | 'declareQueue' | 'queueDepth'> {
  readonly plan: Omit<ServerPlan, 'folder' | 'ports'>;
  /** How pub/sub uses it. Default: as its facts say. */
  readonly peer?: AmqpPeer;
}

/** The user that may do everything, and its password: the same on all brokers. */
export const guest = 'guest';

/** Sets a broker up in a folder and on ports of its own, starts it, and returns when it can be connected to. */
export async function startLocalBroker(
  facts: BrokerFacts,
  setUp: (place: Place) => Promise<SetUp>,
): Promise<LocalBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'amqp-messenger-broker-'));
  const guard = new Guard(folder);
  try {
    const certificates = await makeCertificates(folder);
    const [amqp = 0, amqps = 0, management = 0] = await freePorts(3);
    const ports = { amqp, amqps, management };
    const { plan, ...rest } = await setUp({ folder, certificates, ports });
    const server = new Server({ ...plan, folder, ports }, guard);
    await server.restart();
    return {
      facts,
      peer: facts.peer,
      ...rest,
      url: `amqp://${guest}:${guest}@127.0.0.1:${amqp}`,
      tlsUrl: `amqps://${guest}:${guest}@127.0.0.1:${amqps}`,
      certificates,
      kill: () => server.kill(),
      restart: () => server.restart(),
      stop: () => server.stop(),
    };
  } catch (error) {
    await guard.end();
    throw error;
  }
}
