import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import { keyStorePassword, makeKeyStore } from './certificates.js';
import { guest, startLocalBroker } from './local-broker.js';
import type { Place, SetUp } from './local-broker.js';
import { mavenArchive } from './maven.js';

const version = '9.2.1';
const archive = fileURLToPath(new URL('../../../.cache/broker-j', import.meta.url));
const home = join(archive, version);

/**
 * Starts Apache Qpid Broker-J with PLAIN, which it does not offer without TLS as it comes. Downloads it when it is not
 * there.
 */
export async function startBrokerJ(facts: BrokerFacts): Promise<LocalBroker> {
  await mavenArchive(archive, `org.apache.qpid:apache-qpid-broker-j:${version}:tar.gz:bin`);
  return startLocalBroker(facts, setUp);
}

async function setUp(place: Place): Promise<SetUp> {
  const { folder, ports } = place;
  const configuration = join(folder, 'configuration.json');
  await writeFile(configuration, JSON.stringify(settings(place, await makeKeyStore(place.certificates))));
  return {
    version,
    async declareQueue(queue) {
      for (const name of [queue].flat()) await call(ports.management, 'queue/test/test', { name, durable: true });
    },
    async queueDepth(queue) {
      const queues = (await call(ports.management, 'queue')) as QueueReport[];
      const wanted = new Set([queue].flat());
      const depths = queues
        .filter(({ name }) => wanted.has(name))
        .map(({ statistics }) => statistics.queueDepthMessages);
      return depths.reduce((sum, depth) => sum + depth, 0);
    },
    plan: {
      program: {
        file: 'java',
        arguments: [
          ...['-Xmx512m', '-XX:MaxDirectMemorySize=512m', '-cp', `${home}/lib/*`],
          ...[`-DQPID_HOME=${home}`, `-DQPID_WORK=${folder}`, 'org.apache.qpid.server.Main', '-icp', configuration],
        ],
      },
      environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
    },
  };
}

interface QueueReport {
  readonly name: string;
  readonly statistics: { readonly queueDepthMessages: number };
}

/** Asks its HTTP management for objects, or makes one. */
async function call(port: number, path: string, made?: object): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/latest/${path}`, {
    method: made === undefined ? 'GET' : 'PUT',
    headers: {
      authorization: `Basic ${Buffer.from(`${guest}:${guest}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(made === undefined ? {} : { body: JSON.stringify(made) }),
  });
  if (!answer.ok) throw new Error(`Broker-J answered ${path} with ${answer.status}: ${await answer.text()}`);
  return made === undefined ? answer.json() : undefined;
}

function settings({ ports }: Place, keyStore: string): object {
  const port = (name: string, number: number, more: object): object => ({
    name,
    port: number,
    bindingAddress: '127.0.0.1',
    authenticationProvider: 'plain',
    ...more,
  });
  // A client asks for the virtual host that has the name of the machine.
  const aliases = ['nameAlias', 'defaultAlias', 'hostnameAlias'].map((type) => ({ name: type, type }));
  const amqp = { protocols: ['AMQP_1_0'], virtualhostaliases: aliases };
  return {
    name: 'test',
    modelVersion: '9.1',
    authenticationproviders: [
      {
        name: 'plain',
        type: 'Plain',
        secureOnlyMechanisms: [],
        users: [{ name: guest, type: 'managed', password: guest }],
      },
    ],
    keystores: [
      { name: 'server', type: 'FileKeyStore', storeUrl: keyStore, password: keyStorePassword, keyStoreType: 'pkcs12' },
    ],
    ports: [
      port('amqp', ports.amqp, amqp),
      port('amqps', ports.amqps, { ...amqp, transports: ['SSL'], keyStore: 'server' }),
      port('http', ports.management, { protocols: ['HTTP'] }),
    ],
    virtualhostnodes: [
      {
        name: 'test',
        type: 'JSON',
        defaultVirtualHostNode: 'true',
        virtualHostInitialConfiguration: JSON.stringify({ type: 'BDB' }),
      },
    ],
    plugins: [{ type: 'MANAGEMENT-HTTP', name: 'httpManagement', httpBasicAuthenticationEnabled: true }],
  };
}
