import type { LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import { erlangTree } from './erlang-tree.js';
import { freePorts } from './free-port.js';
import { startLocalBroker } from './local-broker.js';
import type { Place, SetUp } from './local-broker.js';
import { RabbitMQApi } from './rabbitmq-api.js';
import type { RabbitMQRelease } from './rabbitmq-releases.js';
import { configurationOf, environmentOf, programIn, versionIn, writeSettings } from './rabbitmq-settings.js';

/** Starts a RabbitMQ node. Its release is downloaded when it is not there. */
export async function startRabbitMQ(facts: BrokerFacts, release: RabbitMQRelease): Promise<LocalBroker> {
  await erlangTree(release.tree, release.packages);
  return startLocalBroker(facts, (place) => setUp(place, release));
}

async function setUp(place: Place, release: RabbitMQRelease): Promise<SetUp> {
  const { tree, plugins } = release;
  const { folder, ports } = place;
  const [distribution = 0, mapper = 0] = await freePorts(2);
  const version = await versionIn(tree);
  await writeSettings(folder, {
    plugins: [...plugins, 'rabbitmq_management'],
    configuration: configurationOf(place, release),
  });
  const api = new RabbitMQApi(ports.management);
  return {
    version,
    ...(release.peer && { peer: release.peer(api) }),
    declareQueue: (queue, { type = 'classic' } = {}) => api.declare([queue].flat(), type),
    queueDepth: (queue) => api.depth([queue].flat()),
    plan: {
      program: { file: programIn(tree, version, 'rabbitmq-server'), arguments: [] },
      // The port mapper would be started by the node if need be, but then nobody would end it.
      companion: { file: 'epmd', arguments: [] },
      environment: environmentOf(tree, folder, {
        ERL_EPMD_PORT: String(mapper),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_NODENAME: 'test@localhost',
        RABBITMQ_DIST_PORT: String(distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      }),
    },
  };
}
