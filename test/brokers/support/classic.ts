import { fileURLToPath } from 'node:url';
import type { LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import { keyStorePassword, makeKeyStore } from './certificates.js';
import { guest, startLocalBroker } from './local-broker.js';
import type { Place, SetUp } from './local-broker.js';
import { mavenJars } from './maven.js';

const version = '6.3.1';
const jars = fileURLToPath(new URL('../../../.cache/classic', import.meta.url));
const launcher = fileURLToPath(new URL('Classic.java', import.meta.url));

/** Starts ActiveMQ Classic from its jars, which are downloaded when they are not there. Needs a JDK. */
export async function startClassic(facts: BrokerFacts): Promise<LocalBroker> {
  const parts = ['broker', 'amqp', 'kahadb-store', 'jaas'].map(
    (part) => `org.apache.activemq:activemq-${part}:${version}`,
  );
  await mavenJars(jars, [...parts, 'org.slf4j:slf4j-simple:2.0.16']);
  return startLocalBroker(facts, setUp);
}

async function setUp({ folder, ports, certificates }: Place): Promise<SetUp> {
  const keyStore = { keyStore: await makeKeyStore(certificates), keyStorePassword, keyStoreType: 'PKCS12' };
  const properties = Object.entries(keyStore).map(([name, value]) => `-Djavax.net.ssl.${name}=${value}`);
  const places = [folder, ports.amqp, ports.amqps, ports.management].map(String);
  return {
    version,
    declareQueue: () => Promise.resolve(),
    async queueDepth(queue) {
      const answer = await fetch(`http://127.0.0.1:${ports.management}`);
      const wanted = new Set([queue].flat());
      const depths = (await answer.text()).split('\n').map((line) => line.split(' ') as [depth: string, name: string]);
      return depths.reduce((sum, [depth, name]) => (wanted.has(name) ? sum + Number(depth) : sum), 0);
    },
    plan: {
      program: {
        file: 'java',
        arguments: ['-Xmx512M', '-cp', `${jars}/*`, ...properties, launcher, ...places, guest, guest],
      },
      environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
    },
  };
}
