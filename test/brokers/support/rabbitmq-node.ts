import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificates } from './certificates.js';
import { runCommand } from './run-command.js';

/** What one release of RabbitMQ needs to be told that others do not. */
export interface RabbitMQRelease {
  /** Where its programs lie: a tree made by `erlangTree`. */
  tree: string;
  /** Lines of its configuration. */
  configuration: readonly string[];
  /** The plugins it runs. */
  plugins: readonly string[];
  /** How it addresses a queue. */
  address(queue: string): string;
  /** Whether it refuses a sender to a queue that is not there. */
  refusesUnknownSenders: boolean;
}

/** The ports one node listens on, all on 127.0.0.1. */
export interface RabbitMQPorts {
  amqp: number;
  amqps: number;
  /** Where its own tools reach it. */
  distribution: number;
  /** Where its Erlang port mapper listens. */
  mapper: number;
}

/** A RabbitMQ node set up in a folder of its own, where nothing of the machine's own RabbitMQ is used or changed. */
export class RabbitMQNode {
  /** The whole environment of its programs. */
  readonly environment: Record<string, string>;
  readonly #programs: string;

  private constructor(
    readonly folder: string,
    readonly version: string,
    release: RabbitMQRelease,
    ports: RabbitMQPorts,
  ) {
    const erlang = join(release.tree, 'usr/lib/erlang/bin');
    this.#programs = join(release.tree, 'usr/lib/rabbitmq/lib', `rabbitmq_server-${version}`, 'sbin');
    this.environment = {
      PATH: `${erlang}:/usr/sbin:/usr/bin:/sbin:/bin`,
      LC_ALL: 'C.UTF-8',
      HOME: folder,
      ERL_EPMD_PORT: String(ports.mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      // Makes the start script become the broker, instead of waiting for it as its child.
      RUNNING_UNDER_SYSTEMD: 'true',
      RABBITMQ_NODENAME: 'test@localhost',
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_CONFIG_FILES: join(folder, 'conf.d'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'config'),
      RABBITMQ_SCHEMA_DIR: join(folder, 'schema'),
    };
  }

  /** Writes all that the node reads into `folder`, which must exist. */
  static async setUp(
    folder: string,
    release: RabbitMQRelease,
    ports: RabbitMQPorts,
    certificates: Certificates,
  ): Promise<RabbitMQNode> {
    const node = new RabbitMQNode(folder, await versionIn(release.tree), release, ports);
    const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
    for (const name of ['data', 'log', 'conf.d', 'config', 'schema']) await mkdir(join(folder, name));
    await write('rabbitmq-env.conf', '');
    await write('enabled_plugins', `[${release.plugins.join(',')}].\n`);
    // Quorum queues count their messages at this interval, in milliseconds.
    await write('advanced.config', '[{rabbit, [{quorum_tick_interval, 200}]}].\n');
    await write('definitions.json', JSON.stringify(users));
    const lines = [...configuration(folder, ports, certificates), ...release.configuration];
    await write('rabbitmq.conf', `${lines.join('\n')}\n`);
    return node;
  }

  /** The path of one of its programs, such as `rabbitmq-server`. */
  program(name: string): string {
    return join(this.#programs, name);
  }

  /** Has its tool do something, while it runs, and returns what the tool printed. */
  control(...commandArguments: string[]): Promise<string> {
    return runCommand(this.program('rabbitmqctl'), ['--quiet', ...commandArguments], {
      folder: this.folder,
      environment: this.environment,
    });
  }
}

async function versionIn(tree: string): Promise<string> {
  const names = await readdir(join(tree, 'usr/lib/rabbitmq/lib'));
  const version = names.map((name) => /^rabbitmq_server-(.+)$/.exec(name)?.[1]).find((found) => found !== undefined);
  if (version === undefined) throw new Error(`There is no RabbitMQ in ${tree}.`);
  return version;
}

function configuration(folder: string, ports: RabbitMQPorts, certificates: Certificates): string[] {
  return [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    `listeners.ssl.1 = 127.0.0.1:${ports.amqps}`,
    `ssl_options.cacertfile = ${certificates.authority}`,
    `ssl_options.certfile = ${certificates.server}`,
    `ssl_options.keyfile = ${certificates.serverKey}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = false',
    // With EXTERNAL, the common name of the client's certificate is the user.
    'ssl_cert_login_from = common_name',
    'auth_mechanisms.1 = PLAIN',
    'auth_mechanisms.2 = ANONYMOUS',
    'auth_mechanisms.3 = EXTERNAL',
    `load_definitions = ${join(folder, 'definitions.json')}`,
    'log.file.level = info',
    'log.console = false',
    // A full disk elsewhere is no reason for the broker to stop taking messages.
    'disk_free_limit.absolute = 50MB',
  ];
}

const users = {
  users: [
    { name: 'guest', password: 'guest', tags: ['administrator'] },
    { name: 'alice', password: 'secret', tags: [] },
  ],
  vhosts: [{ name: '/' }],
  permissions: ['guest', 'alice'].map((user) => ({ user, vhost: '/', configure: '.*', write: '.*', read: '.*' })),
};
