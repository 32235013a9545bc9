import { fileURLToPath } from 'node:url';
import { rabbitmq3 } from 'amqp-messenger/pubsub';
import type { AmqpPeer } from 'amqp-messenger/pubsub';
import type { DebianPackages } from './debian-packages.js';
import type { RabbitMQApi } from './rabbitmq-api.js';

/** What one release of RabbitMQ needs to be told that others do not. */
export interface RabbitMQRelease {
  /** Where its programs lie: a tree made by `erlangTree`. */
  readonly tree: string;
  /** What the tree is made of. */
  readonly packages: DebianPackages;
  /** Lines of its configuration. */
  readonly configuration: readonly string[];
  /** The plugins it runs, beside that of its management. */
  readonly plugins: readonly string[];
  /** How pub/sub uses it, if that takes more than the facts say. */
  peer?(api: RabbitMQApi): AmqpPeer;
}

const tree = (name: string): string => fileURLToPath(new URL(`../../../.cache/${name}`, import.meta.url));

/** What RabbitMQ of each release needs. */
const common = [
  ...['rabbitmq-server', 'erlang-base', 'erlang-asn1', 'erlang-crypto', 'erlang-eldap', 'erlang-inets'],
  ...['erlang-mnesia', 'erlang-os-mon', 'erlang-parsetools', 'erlang-public-key', 'erlang-runtime-tools'],
  ...['erlang-ssl', 'erlang-syntax-tools', 'erlang-tools', 'erlang-xmerl'],
  ...['libc6', 'libcap2', 'libgcc-s1', 'libstdc++6', 'libsystemd0', 'libtinfo6', 'libzstd1', 'zlib1g'],
];

const native = {
  configuration: [
    'anonymous_login_user = guest',
    'anonymous_login_pass = guest',
    'max_message_size = 134217728', // 128 MiB, in bytes
  ],
  plugins: ['rabbitmq_auth_mechanism_ssl'],
};

/** RabbitMQ 4.0, of Debian's stable release, which speaks AMQP 1.0 natively. */
export const release40: RabbitMQRelease = {
  ...native,
  tree: tree('rabbitmq-4'),
  packages: { release: 'trixie', names: [...common, 'libssl3t64'] },
};

/** The RabbitMQ that Debian develops with. It moves; 4.3 was there last. */
export const releaseSid: RabbitMQRelease = {
  ...native,
  tree: tree('rabbitmq-sid'),
  packages: { release: 'sid', names: [...common, 'libssl3t64', 'erlang-eunit', 'libsctp1'] },
};

/** RabbitMQ 3.10 with its AMQP 1.0 plugin. */
export const release3: RabbitMQRelease = {
  tree: tree('rabbitmq-3'),
  packages: {
    release: 'bookworm',
    names: [...common, 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5', 'libssl3'],
  },
  configuration: ['amqp1_0.default_user = guest', 'amqp1_0.default_vhost = /'],
  plugins: ['rabbitmq_amqp1_0', 'rabbitmq_auth_mechanism_ssl'],
  peer: (api) => rabbitmq3({ prepare: (queue) => api.bind(queue) }),
};
