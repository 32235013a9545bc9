import { OptionError } from '../errors.js';
import { checkNames } from '../check-options.js';
import { environmentOf } from '../link/connection/environment.js';
import type { Environment } from '../link/connection/environment.js';
import { defaultPerHost } from '../link/connection/host-limit.js';
import { DEFAULT_LIMITS } from '../link/wire/limits.js';
import type { TransportLimits } from '../link/wire/limits.js';
import type { Authenticator } from '../link/security/sasl-server.js';
import type { TlsOptions } from '../link/security/tls.js';
import { authenticatorOf } from '../link/security/authentication.js';
import type { AuthenticationOptions } from '../link/security/authentication.js';
import { LONGEST_TIMER } from '../clock.js';
import { DEFAULT_QUEUE, queueSettings } from './queue-settings.js';
import type { QueueOptions, QueueSettings } from './queue-settings.js';

/**
 * The certificate and key with which a broker does TLS. With `ca`, clients whose certificate was signed by such an authority
 * may log in with it (EXTERNAL): the common name is the user. Without, they are not asked for one.
 */
export type BrokerTlsOptions = Pick<
  TlsOptions,
  'ca' | 'caFile' | 'cert' | 'certFile' | 'key' | 'keyFile' | 'passphrase'
>;

/** The options of an embedded broker. The queue options hold for every queue that has none of its own. */
export interface EmbeddedBrokerOptions extends QueueOptions, AuthenticationOptions {
  /** The port to listen on; 0 for any free one. Default 5672. */
  port?: number | undefined;
  /** The address to listen on. Default `127.0.0.1`: so that nobody else reaches it. */
  host?: string | undefined;
  /** Its AMQP container-id. Default: `embedded-broker-` and a random UUID. */
  name?: string | undefined;
  /** Queues that are there from the start, by their addresses, with what is special about them. */
  queues?: Readonly<Record<string, QueueOptions>> | undefined;
  /**
   * Addresses that are topics. `*` stands for anything, `%` for anything without a slash. Default `topic/*` and
   * `topic://*`. A client can also ask for a topic with the capability `topic`.
   */
  topics?: readonly string[] | undefined;
  /** True when the broker makes a queue or topic when a client first names it. Default true. */
  createNodes?: boolean | undefined;
  /**
   * True when the broker passes over the filters that a client asks for, selectors among them: it has none. Its answer to the
   * attach leaves them out, and the client gets every message. Default false: such a link is refused with
   * `amqp:not-implemented`.
   */
  ignoreFilters?: boolean | undefined;
  /** Listens for TLS, and for nothing else. */
  tls?: BrokerTlsOptions | undefined;
  /**
   * The bytes of memory that all messages of the broker take together at most, those among them that are not whole yet. Bytes that several subscriptions of a topic
   * have are counted once, and each message with 256 more. Beyond it messages are refused with
   * `amqp:resource-limit-exceeded`, whatever `overflow` says. Default 1 073 741 824, which is 1 GiB.
   */
  maxTotalBytes?: number | undefined;
  /** The largest message taken, in bytes. Default 16 MiB. */
  maxMessageSize?: number | undefined;
  /** The largest frame taken, in bytes, from 512 up. Default 1 MiB. */
  maxFrameSize?: number | undefined;
  /** A client that sends nothing for twice this long is taken for dead, in milliseconds; 0 for never. Default 60 000. */
  idleTimeout?: number | undefined;
  /** The time that a client has to log in and open its connection, in milliseconds; 0 for no limit. Default 10 000. */
  connectTimeout?: number | undefined;
  /** The most connections that there may be. The broker drops others. Default 1000. */
  maxConnections?: number | undefined;
  /**
   * The most of those that one host may have, those that have not logged in among them. The broker drops others. Default half of
   * `maxConnections`, and at least 16.
   */
  maxConnectionsPerHost?: number | undefined;
  /** The most sessions that a connection may have, from 1 to 65 536. Default 1024. */
  maxSessions?: number | undefined;
  /** The most links that a connection may have. Default 1024. */
  maxLinks?: number | undefined;
  /** The most queues and topics that there may be, dynamic ones among them, and subscriptions of a topic. Default 10 000. */
  maxNodes?: number | undefined;
  /** Time, names and the network. What is left out is the machine's. */
  environment?: Partial<Environment> | undefined;
}

/** `EmbeddedBrokerOptions` checked, with the defaults filled in. */
export interface BrokerSettings {
  readonly port: number;
  readonly host: string;
  readonly name: string;
  readonly queue: QueueSettings;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly topics: readonly string[];
  readonly createNodes: boolean;
  readonly ignoreFilters: boolean;
  readonly tls: BrokerTlsOptions | undefined;
  readonly authenticator: Authenticator;
  readonly maxTotalBytes: number;
  readonly limits: TransportLimits;
  readonly connectTimeout: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerHost: number;
  readonly maxLinks: number;
  readonly maxNodes: number;
  readonly environment: Environment;
}

/** Every option of a broker but those of queues, to find the unknown ones. */
export const BROKER_OPTION_NAMES: readonly string[] = Object.keys({
  port: 0,
  host: 0,
  name: 0,
  queues: 0,
  topics: 0,
  createNodes: 0,
  ignoreFilters: 0,
  tls: 0,
  users: 0,
  authenticate: 0,
  anonymous: 0,
  maxTotalBytes: 0,
  maxMessageSize: 0,
  maxFrameSize: 0,
  idleTimeout: 0,
  connectTimeout: 0,
  maxConnections: 0,
  maxConnectionsPerHost: 0,
  maxSessions: 0,
  maxLinks: 0,
  maxNodes: 0,
  environment: 0,
} satisfies Record<Exclude<keyof EmbeddedBrokerOptions, keyof QueueOptions>, 0>);

/** Checks options and fills in the defaults. Throws `OptionError` for what is unknown or cannot be. */
export function resolveBrokerOptions(options: EmbeddedBrokerOptions): BrokerSettings {
  const names = [...BROKER_OPTION_NAMES, ...Object.keys(DEFAULT_QUEUE)];
  checkNames('a broker', options, names);
  const queue = queueSettings(options, DEFAULT_QUEUE, BROKER_OPTION_NAMES);
  const queues = Object.entries(options.queues ?? {}).map(
    ([address, own]) => [address, queueSettings(own, queue)] as const,
  );
  const environment = environmentOf(options.environment);
  const maxConnections = whole('maxConnections', options.maxConnections ?? 1000, 1);
  return {
    port: whole('port', options.port ?? 5672, 0, 65_535),
    host: options.host ?? '127.0.0.1',
    name: options.name ?? `embedded-broker-${environment.randomUUID()}`,
    queue,
    queues: new Map(queues),
    topics: options.topics ?? ['topic/*', 'topic://*'],
    createNodes: options.createNodes ?? true,
    ignoreFilters: options.ignoreFilters ?? false,
    tls: options.tls,
    authenticator: authenticatorOf(options),
    maxTotalBytes: whole('maxTotalBytes', options.maxTotalBytes ?? 1 << 30, 1),
    limits: limitsOf(options),
    connectTimeout: whole('connectTimeout', options.connectTimeout ?? 10_000, 0, LONGEST_TIMER),
    maxConnections,
    maxConnectionsPerHost: whole(
      'maxConnectionsPerHost',
      options.maxConnectionsPerHost ?? defaultPerHost(maxConnections),
      1,
    ),
    maxLinks: whole('maxLinks', options.maxLinks ?? 1024, 1),
    maxNodes: whole('maxNodes', options.maxNodes ?? 10_000, 1),
    environment,
  };
}

function limitsOf({
  maxMessageSize,
  maxFrameSize,
  idleTimeout,
  maxSessions = 1024,
}: EmbeddedBrokerOptions): TransportLimits {
  return {
    ...DEFAULT_LIMITS,
    maxMessageSize: whole('maxMessageSize', maxMessageSize ?? DEFAULT_LIMITS.maxMessageSize, 1),
    maxFrameSize: whole('maxFrameSize', maxFrameSize ?? DEFAULT_LIMITS.maxFrameSize, 512, 0xffff_ffff),
    idleTimeout: whole('idleTimeout', idleTimeout ?? DEFAULT_LIMITS.idleTimeout, 0, LONGEST_TIMER / 2),
    channelMax: whole('maxSessions', maxSessions, 1, 65_536) - 1,
  };
}

function whole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const upTo = most === Number.MAX_SAFE_INTEGER ? 'up' : `to ${most}`;
  throw new OptionError(`Option ${name} must be a whole number from ${least} ${upTo}.`);
}
