import type { RouteRule } from '../address/route-table.js';

/** What a file says of every connection: the options of a messenger that are data, and `hosts`. */
export interface ConnectionsData {
  hosts?: Record<string, string[]>;
  tls?: {
    ca?: string;
    caFile?: string;
    cert?: string;
    certFile?: string;
    key?: string;
    keyFile?: string;
    passphrase?: string;
    servername?: string;
    rejectUnauthorized?: boolean;
  };
  sasl?: {
    mechanisms?: ('EXTERNAL' | 'XOAUTH2' | 'PLAIN' | 'ANONYMOUS')[];
    user?: string;
    password?: string;
    passwordFile?: string;
    token?: string;
  };
  credentials?: Record<string, NonNullable<ConnectionsData['sasl']>>;
  dialPeerHosts?: boolean;
  containerIdsAsHosts?: boolean;
  allowInsecureMechs?: boolean;
  reconnect?: false | { initial?: boolean; delay?: number; maxDelay?: number; retries?: number; refused?: boolean };
  outgoingWindow?: number;
  incomingWindow?: number;
  defaultOutcome?: 'accepted' | 'rejected' | 'released' | 'modified';
  senderSettleMode?: 'unsettled' | 'settled' | 'mixed';
  receiverSettleMode?: 'first' | 'second';
  timeout?: number;
  connectTimeout?: number;
  idleTimeout?: number;
  closeIdleAfter?: number;
  maxFrameSize?: number;
  maxMessageSize?: number;
  maxRedeliveries?: number;
  maxOutgoing?: { messages?: number; bytes?: number };
  maxIncoming?: { bytes?: number };
  listen?: {
    users?: Record<string, string>;
    anonymous?: boolean;
    maxConnections?: number;
    maxSessions?: number;
    maxLinks?: number;
  };
}

/** What a file says once a profile is chosen. */
export interface ConfigData {
  name?: string;
  routes?: { pattern: string; address: string }[];
  rewrites?: { pattern: string; address: string | null }[];
  connections?: ConnectionsData;
}

/** The options of a messenger as a file gives them. */
export type ConfiguredOptions = Omit<ConnectionsData, 'hosts'> & {
  name?: string;
  failover?: Record<string, string[]>;
};

/** A configuration that has been read and checked. */
export interface Config {
  /** The file it is from. */
  readonly path: string;
  /** The profile that was chosen. */
  readonly profile: string | undefined;
  readonly options: ConfiguredOptions;
  readonly routes: readonly (RouteRule & { readonly address: string })[];
  readonly rewrites: readonly RouteRule[];
  /** The line of each route and of each rewrite. */
  readonly lines: { readonly routes: readonly number[]; readonly rewrites: readonly number[] };
  /** What is no mistake, but cannot be meant: rules that never match. Lines of text. */
  readonly warnings: readonly string[];
}

/** Where to look for a configuration. */
export interface ConfigSource {
  /**
   * The profile to lay over the other settings. Default: what the environment variable `AMQP_MESSENGER_PROFILE` says,
   * else none.
   */
  profile?: string | undefined;
  /** What stands for `${NAME}` in the file. Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The folder from which a file is looked for upwards. Default: the current one. */
  cwd?: string | undefined;
}
