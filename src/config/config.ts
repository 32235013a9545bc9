import type { RouteRule } from '../address/route-table.js';

/** The settings of every connection: the options of a messenger that are data, and `hosts`. */
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
  hostname?: string | Record<string, string>;
  capabilities?: string[] | Record<string, string[]>;
  senderSettleMode?: 'unsettled' | 'settled' | 'mixed';
  receiverSettleMode?: 'first' | 'second';
  timeout?: number;
  connectTimeout?: number;
  answerTimeout?: number;
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
    maxConnectionsPerHost?: number;
    maxSessions?: number;
    maxLinks?: number;
  };
}

/** The settings of a file with the chosen profile. */
export interface ConfigData {
  name?: string;
  routes?: { pattern: string; address: string }[];
  rewrites?: { pattern: string; address: string | null }[];
  connections?: ConnectionsData;
}

/** The options of a messenger that a file can set. */
export type ConfiguredOptions = Omit<ConnectionsData, 'hosts'> & {
  name?: string;
  failover?: Record<string, string[]>;
};

/** A configuration that has been read and checked. */
export interface Config {
  /** The path of the file. */
  readonly path: string;
  /** The profile that was chosen. */
  readonly profile: string | undefined;
  readonly options: ConfiguredOptions;
  readonly routes: readonly (RouteRule & { readonly address: string })[];
  readonly rewrites: readonly RouteRule[];
  /** The line of each route and of each rewrite. */
  readonly lines: { readonly routes: readonly number[]; readonly rewrites: readonly number[] };
  /** Warnings, as lines of text: rules that are valid but never match. */
  readonly warnings: readonly string[];
}

/** Options for finding and reading a configuration. */
export interface ConfigSource {
  /**
   * The profile to apply over the other settings. Default: the environment variable `AMQP_MESSENGER_PROFILE`, else
   * none.
   */
  profile?: string | undefined;
  /** The variables for `${NAME}` in the file. Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The folder where the search for a file begins, going upwards. Default: the current folder. */
  cwd?: string | undefined;
}
