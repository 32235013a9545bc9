import type { HostCredentials, SaslOptions } from '../security/credentials.js';
import type { Environment } from './environment.js';
import type { Failover } from './host-list.js';
import { ByteBudget } from '../wire/byte-budget.js';
import { DEFAULT_LIMITS } from '../wire/limits.js';
import type { TransportLimits } from '../wire/limits.js';
import type { ReconnectPolicy } from './retries.js';
import { createContainer } from '../rhea/rhea-seam.js';
import type { RheaContainer } from '../rhea/rhea-seam.js';
import type { TlsOptions } from '../security/tls.js';

/** The settings that every connection of a messenger shares. Times are in milliseconds. */
export interface ConnectionSettings {
  readonly container: RheaContainer;
  readonly limits: TransportLimits;
  /** For what is received and not paid for by credit, over all connections. */
  readonly budget: ByteBudget;
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  /** How long a peer may leave attaches and messages unanswered. Default by the number of hosts; 0 for ever. */
  readonly answerTimeout?: number | undefined;
  readonly tls: TlsOptions;
  readonly sasl?: SaslOptions;
  /** Credentials by host. */
  readonly credentials?: HostCredentials;
  /** Whether hosts that peers name are dialled. Default false. */
  readonly dialPeerHosts?: boolean;
  /** Whether an address is for the peer that calls itself by its host. Default false. */
  readonly containerIdsAsHosts?: boolean;
  readonly failover?: Failover;
  /** The host that peers are told we want: one for all, or by `host` or `host:port`. Default: the host that is dialled. */
  readonly hostname?: string | Readonly<Record<string, string>>;
  readonly allowInsecureMechs: boolean;
  /** The time for which a connection without links stays open. Default for ever. */
  readonly closeIdleAfter?: number;
  readonly environment: Environment;
}

/** The part of the settings that options decide. */
export type ConnectionTerms = Required<
  Pick<
    ConnectionSettings,
    | 'environment'
    | 'reconnect'
    | 'connectTimeout'
    | 'tls'
    | 'sasl'
    | 'credentials'
    | 'dialPeerHosts'
    | 'containerIdsAsHosts'
    | 'failover'
    | 'hostname'
    | 'allowInsecureMechs'
    | 'closeIdleAfter'
  >
> &
  Pick<ConnectionSettings, 'answerTimeout'> &
  Pick<TransportLimits, 'maxFrameSize' | 'maxMessageSize' | 'idleTimeout'> & {
    /** The bytes of received messages that may wait. */
    readonly maxIncoming: { readonly bytes: number };
  };

/** The settings of connections that a container of this name makes. What options do not decide is as it is everywhere. */
export function connectionSettings(name: string, terms: ConnectionTerms): ConnectionSettings {
  const { maxFrameSize, maxMessageSize, idleTimeout } = terms;
  return {
    container: createContainer(name),
    limits: { ...DEFAULT_LIMITS, maxFrameSize, maxMessageSize, idleTimeout },
    budget: ByteBudget.of(terms.maxIncoming.bytes, maxMessageSize),
    reconnect: terms.reconnect,
    connectTimeout: terms.connectTimeout,
    answerTimeout: terms.answerTimeout,
    tls: terms.tls,
    sasl: terms.sasl,
    credentials: terms.credentials,
    dialPeerHosts: terms.dialPeerHosts,
    containerIdsAsHosts: terms.containerIdsAsHosts,
    failover: terms.failover,
    hostname: terms.hostname,
    allowInsecureMechs: terms.allowInsecureMechs,
    closeIdleAfter: terms.closeIdleAfter,
    environment: terms.environment,
  };
}
