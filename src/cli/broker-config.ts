import { resolve } from 'node:path';
import { EmbeddedBroker } from '../broker/embedded-broker.js';
import type { EmbeddedBrokerOptions } from '../broker/broker-options.js';
import type { QueueOptions } from '../broker/queue-settings.js';
import { ConfigError, OptionError } from '../errors.js';
import { ConfigValue } from './config-file.js';

const FIELDS = [
  'port',
  'host',
  'name',
  'createNodes',
  'ignoreFilters',
  'queues',
  'topics',
  'users',
  'anonymous',
  'limits',
  'tls',
] as const;
const QUEUE_FIELDS = ['maxMessages', 'maxBytes', 'overflow', 'maxDeliveries', 'deadLetterAddress'] as const;
const BROKER_LIMITS = [
  'maxTotalBytes',
  'maxMessageSize',
  'maxFrameSize',
  'idleTimeout',
  'connectTimeout',
  'maxConnections',
  'maxConnectionsPerHost',
  'maxSessions',
  'maxLinks',
  'maxNodes',
] as const;
const TLS_FIELDS = ['certFile', 'keyFile', 'caFile', 'passphrase'] as const;

/**
 * Reads the options of a broker from a YAML or JSON file. The settings are those of `EmbeddedBrokerOptions`, with all
 * limits under `limits`. Paths are relative to the file.
 *
 * @throws ConfigError that names the file and, if they are known, line and key.
 */
export async function readBrokerConfig(file: string): Promise<EmbeddedBrokerOptions> {
  const content = await ConfigValue.readFile(file);
  const options = optionsIn(content);
  try {
    // The file has the right structure. The broker checks the values.
    new EmbeddedBroker(options);
  } catch (error) {
    if (error instanceof OptionError) throw new ConfigError(`${resolve(file)}: ${error.message}`, { cause: error });
    throw error;
  }
  return options;
}

function optionsIn(content: ConfigValue): EmbeddedBrokerOptions {
  const options: EmbeddedBrokerOptions = {};
  for (const [name, value] of content.fields(FIELDS)) {
    if (name === 'port') options.port = value.number();
    else if (name === 'host' || name === 'name') options[name] = value.text();
    else if (name === 'createNodes' || name === 'ignoreFilters' || name === 'anonymous')
      options[name] = value.boolean();
    else if (name === 'topics') options.topics = value.list().map((topic) => topic.text());
    else if (name === 'users') options.users = map(value, (password) => password.text());
    else if (name === 'queues') options.queues = map(value, queueOptions);
    else if (name === 'limits') Object.assign(options, limits(value));
    else options.tls = tls(value);
  }
  return options;
}

function map<Value>(value: ConfigValue, read: (value: ConfigValue) => Value): Record<string, Value> {
  return Object.fromEntries(value.entries().map(([name, entry]) => [name, read(entry)]));
}

function queueOptions(value: ConfigValue): QueueOptions {
  const options: QueueOptions = {};
  for (const [name, field] of value.fields(QUEUE_FIELDS)) setQueueOption(options, name, field);
  return options;
}

function setQueueOption(options: QueueOptions, name: (typeof QUEUE_FIELDS)[number], value: ConfigValue): void {
  if (name === 'overflow') {
    const policy = value.text();
    if (policy !== 'reject' && policy !== 'drop-head') throw value.error('must be one of reject, drop-head.');
    options.overflow = policy;
  } else if (name === 'deadLetterAddress') {
    options.deadLetterAddress = value.isNull ? null : value.text();
  } else {
    options[name] = value.number();
  }
}

function limits(value: ConfigValue): EmbeddedBrokerOptions {
  const options: EmbeddedBrokerOptions = {};
  for (const [name, field] of value.fields([...QUEUE_FIELDS, ...BROKER_LIMITS])) {
    const queueField = QUEUE_FIELDS.find((known) => known === name);
    const limit = BROKER_LIMITS.find((known) => known === name);
    if (queueField !== undefined) setQueueOption(options, queueField, field);
    else if (limit !== undefined) options[limit] = field.number();
  }
  return options;
}

function tls(value: ConfigValue): NonNullable<EmbeddedBrokerOptions['tls']> {
  const options: NonNullable<EmbeddedBrokerOptions['tls']> = {};
  for (const [name, field] of value.fields(TLS_FIELDS)) {
    options[name] = name === 'passphrase' ? field.text() : resolve(value.folder, field.text());
  }
  return options;
}
