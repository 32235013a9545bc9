import { fileURLToPath } from 'node:url';
import type { LocalBroker } from './broker.js';
import type { DebianPackages } from './debian-packages.js';
import { erlangTree } from './erlang-tree.js';
import type { RabbitMQRelease } from './rabbitmq-node.js';
import { startRabbitMQ } from './rabbitmq.js';

const tree = fileURLToPath(new URL('../../../.cache/rabbitmq-4', import.meta.url));

const packages: DebianPackages = {
  release: 'trixie',
  names: [
    ...['rabbitmq-server', 'erlang-base', 'erlang-asn1', 'erlang-crypto', 'erlang-eldap', 'erlang-inets'],
    ...['erlang-mnesia', 'erlang-os-mon', 'erlang-parsetools', 'erlang-public-key', 'erlang-runtime-tools'],
    ...['erlang-ssl', 'erlang-syntax-tools', 'erlang-tools', 'erlang-xmerl'],
    ...['libc6', 'libcap2', 'libgcc-s1', 'libssl3t64', 'libstdc++6', 'libsystemd0', 'libtinfo6', 'libzstd1', 'zlib1g'],
  ],
};

const release: RabbitMQRelease = {
  tree,
  configuration: [
    'anonymous_login_user = guest',
    'anonymous_login_pass = guest',
    'max_message_size = 134217728', // 128 MiB, in bytes
  ],
  plugins: ['rabbitmq_auth_mechanism_ssl'],
  address: (queue) => `/queues/${encodeURIComponent(queue)}`,
  refusesUnknownSenders: true,
};

/** RabbitMQ 4.0, which speaks AMQP 1.0 natively. Queues must be declared, and are addressed as `/queues/NAME`. */
export async function startRabbitMQ4(): Promise<LocalBroker> {
  await erlangTree(tree, packages);
  return startRabbitMQ(release);
}
