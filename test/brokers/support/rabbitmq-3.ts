import { fileURLToPath } from 'node:url';
import type { LocalBroker } from './broker.js';
import type { DebianPackages } from './debian-packages.js';
import { erlangTree } from './erlang-tree.js';
import type { RabbitMQRelease } from './rabbitmq-node.js';
import { startRabbitMQ } from './rabbitmq.js';

const tree = fileURLToPath(new URL('../../../.cache/rabbitmq-3', import.meta.url));

const packages: DebianPackages = {
  release: 'bookworm',
  names: [
    ...['rabbitmq-server', 'erlang-base', 'erlang-asn1', 'erlang-crypto', 'erlang-eldap', 'erlang-inets'],
    ...['erlang-mnesia', 'erlang-os-mon', 'erlang-parsetools', 'erlang-public-key', 'erlang-runtime-tools'],
    ...['erlang-ssl', 'erlang-syntax-tools', 'erlang-tools', 'erlang-xmerl'],
    ...['libc6', 'libcap2', 'libgcc-s1', 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5', 'libssl3'],
    ...['libstdc++6', 'libsystemd0', 'libtinfo6', 'libzstd1', 'zlib1g'],
  ],
};

const release: RabbitMQRelease = {
  tree,
  configuration: ['amqp1_0.default_user = guest', 'amqp1_0.default_vhost = /'],
  plugins: ['rabbitmq_amqp1_0', 'rabbitmq_auth_mechanism_ssl'],
  // The one escape this plugin reads is that of the slash.
  address: (queue) => `/amq/queue/${queue.replaceAll('/', '%2F')}`,
  // It accepts their messages and drops them.
  refusesUnknownSenders: false,
};

/**
 * RabbitMQ 3.10 with its AMQP 1.0 plugin. Queues that are declared, and so outlive a restart, are addressed as
 * `/amq/queue/NAME`. (`/queue/NAME` would make its own, which do not, and refuse the declared ones.)
 */
export async function startRabbitMQ3(): Promise<LocalBroker> {
  await erlangTree(tree, packages);
  return startRabbitMQ(release);
}
