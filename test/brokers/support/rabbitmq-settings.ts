import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './local-broker.js';
import type { RabbitMQRelease } from './rabbitmq-releases.js';

/** Which version lies in a tree, such as `4.0.5`. */
export async function versionIn(tree: string): Promise<string> {
  const names = await readdir(join(tree, 'usr/lib/rabbitmq/lib'));
  const version = names.map((name) => /^rabbitmq_server-(.+)$/.exec(name)?.[1]).find((found) => found !== undefined);
  if (version === undefined) throw new Error(`There is no RabbitMQ in ${tree}.`);
  return version;
}

/** The path of one of its programs, such as `rabbitmq-server`. */
export function programIn(tree: string, version: string, name: string): string {
  return join(tree, 'usr/lib/rabbitmq/lib', `rabbitmq_server-${version}`, 'sbin', name);
}

/** The environment of a node set up in `folder`, in which nothing of the machine's own RabbitMQ is used or changed. */
export function environmentOf(tree: string, folder: string, more: Record<string, string>): Record<string, string> {
  return {
    PATH: `${join(tree, 'usr/lib/erlang/bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
    LC_ALL: 'C.UTF-8',
    HOME: folder,
    // Makes the start script become the broker, instead of waiting for it as its child.
    RUNNING_UNDER_SYSTEMD: 'true',
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
    ...more,
  };
}

/** Writes all that a node reads into `folder`, which must exist. */
export async function writeSettings(
  folder: string,
  { plugins, configuration }: { plugins: readonly string[]; configuration: readonly string[] },
): Promise<void> {
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  for (const name of ['data', 'log', 'conf.d', 'config', 'schema'])
    await mkdir(join(folder, name), { recursive: true });
  await write('rabbitmq-env.conf', '');
  await write('enabled_plugins', `[${plugins.join(',')}].\n`);
  // Quorum queues count their messages at this interval, in milliseconds.
  await write('advanced.config', '[{rabbit, [{quorum_tick_interval, 200}]}].\n');
  await write('definitions.json', JSON.stringify(users));
  const lines = [
    ...configuration,
    `load_definitions = ${join(folder, 'definitions.json')}`,
    'log.file.level = info',
    'log.console = false',
    // A full disk elsewhere is no reason for the broker to stop taking messages.
    'disk_free_limit.absolute = 50MB',
  ];
  await write('rabbitmq.conf', `${lines.join('\n')}\n`);
}

/** Where a single node listens, and whom it lets in. */
export function configurationOf({ ports, certificates }: Place, release: RabbitMQRelease): string[] {
  return [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    `listeners.ssl.1 = 127.0.0.1:${ports.amqps}`,
    `management.tcp.port = ${ports.management}`,
    'management.tcp.ip = 127.0.0.1',
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
    ...release.configuration,
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
