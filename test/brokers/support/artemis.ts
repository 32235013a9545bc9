import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { amqpRequests } from './amqp-requests.js';
import type { LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import { keyStorePassword, makeKeyStore } from './certificates.js';
import { guest, startLocalBroker } from './local-broker.js';
import type { Place, SetUp } from './local-broker.js';
import { mavenArchive } from './maven.js';
import { runCommand } from './run-command.js';

const version = '2.44.0';
const home = fileURLToPath(new URL('../../../.cache/artemis', import.meta.url));

/** How Artemis is set up. */
export interface ArtemisOptions {
  /** The lines that its catch-all `address-setting` has more than those of a stock one. */
  readonly addressSettings?: readonly string[];
}

/** Makes addresses and queues ANYCAST where nobody says what they are. */
export const anycast: ArtemisOptions = {
  addressSettings: [
    '<default-address-routing-type>ANYCAST</default-address-routing-type>',
    '<default-queue-routing-type>ANYCAST</default-queue-routing-type>',
  ],
};

/** Starts Artemis as `artemis create` sets it up, but on ports of its own. Downloads it when it is not there. */
export async function startArtemis(facts: BrokerFacts, options: ArtemisOptions = {}): Promise<LocalBroker> {
  await mavenArchive(home, `org.apache.activemq:apache-artemis:${version}:tar.gz:bin`);
  return startLocalBroker(facts, (place) => setUp(place, options));
}

async function setUp(place: Place, options: ArtemisOptions): Promise<SetUp> {
  const { folder, ports } = place;
  const instance = join(folder, 'instance');
  await runCommand(join(home, 'bin/artemis'), [
    ...['create', instance, '--silent', '--name', 'test', '--role', 'amq', '--host', '127.0.0.1'],
    ...['--user', guest, '--password', guest, '--require-login'],
    ...['--no-web', '--no-stomp-acceptor', '--no-mqtt-acceptor', '--no-hornetq-acceptor', '--nio', '--no-autotune'],
    ...['--default-port', String(ports.management), '--java-memory', '512M'],
  ]);
  const file = join(instance, 'etc/broker.xml');
  await writeFile(file, settings(await readFile(file, 'utf8'), place, await makeKeyStore(place.certificates), options));
  const request = (operation: string, ...parameters: readonly unknown[]) => ({
    properties: { _AMQ_ResourceName: 'broker', _AMQ_OperationName: operation },
    body: JSON.stringify(parameters),
  });
  return {
    version,
    async declareQueue(queue) {
      const configurations = [queue].flat().map((name) => ({ name: name, address: name, 'routing-type': 'ANYCAST' }));
      const requests = configurations.map((each) => request('createQueue', JSON.stringify(each), true));
      await ask(ports.amqp, requests);
    },
    async queueDepth(queue) {
      const [answer] = await ask(ports.amqp, [request('listQueues', '', 1, 100_000)]);
      const { data } = JSON.parse(answer as string) as { data: { name: string; messageCount: string }[] };
      const wanted = new Set([queue].flat());
      return data.reduce((sum, { name, messageCount }) => (wanted.has(name) ? sum + Number(messageCount) : sum), 0);
    },
    plan: {
      program: { file: join(instance, 'bin/artemis'), arguments: ['run'] },
      environment: { PATH: process.env['PATH'] ?? '', HOME: folder },
    },
  };
}

/** The stock acceptor on a port of ours, and one for TLS beside it. */
function settings(stock: string, { ports }: Place, keyStore: string, { addressSettings = [] }: ArtemisOptions): string {
  const tls = `sslEnabled=true;keyStorePath=${keyStore};keyStorePassword=${keyStorePassword};keyStoreType=PKCS12`;
  const acceptor = `<acceptor name="amqps">tcp://127.0.0.1:${ports.amqps}?protocols=AMQP;${tls}</acceptor>`;
  return stock
    .replace(':5672?', `:${ports.amqp}?`)
    .replace('</acceptors>', `${acceptor}</acceptors>`)
    .replace('<address-setting match="#">', (start) => `${start}${addressSettings.join('')}`);
}

/** What its management says, one answer a request. */
async function ask(port: number, requests: Parameters<typeof amqpRequests>[2]): Promise<readonly unknown[]> {
  const answers = await amqpRequests(port, 'activemq.management', requests);
  return answers.map(({ body, application_properties: properties }) => {
    if (properties?.['_AMQ_OperationSucceeded'] !== true) throw new Error(`Artemis said: ${String(body)}`);
    return (JSON.parse(String(body)) as unknown[])[0];
  });
}
