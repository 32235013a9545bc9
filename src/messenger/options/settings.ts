import { OptionError } from '../../errors.js';
import { checkNames } from '../../check-options.js';
import { environmentOf } from '../../link/connection/environment.js';
import type { Environment } from '../../link/connection/environment.js';
import { authenticatorOf } from '../../link/security/authentication.js';
import { SASL_MECHANISMS } from '../../link/security/credentials.js';
import type { HostCredentials, SaslOptions } from '../../link/security/credentials.js';
import { checkFailover } from '../../link/connection/host-list.js';
import type { Failover } from '../../link/connection/host-list.js';
import { defaultPerHost } from '../../link/connection/host-limit.js';
import { DEFAULT_LIMITS } from '../../link/wire/limits.js';
import { DEFAULT_RECONNECT } from '../../link/connection/retries.js';
import type { ReconnectPolicy } from '../../link/connection/retries.js';
import type { Authenticator } from '../../link/security/sasl-server.js';
import type { TlsOptions } from '../../link/security/tls.js';
import { LONGEST_TIMER } from '../../clock.js';
import { ACCEPTED, RELEASED } from '../../message/outcome.js';
import type { Outcome } from '../../message/outcome.js';
import { flag, number, oneOf, timeLimit, windowSize } from './option-checks.js';
import { SENDER_SETTLE_MODES } from './options.js';
import { nodeCapabilities } from './node-capabilities.js';
import type { CapabilitiesOf } from './node-capabilities.js';
import type { ListenOptions, MessengerOptions, SenderSettleMode } from './options.js';

/**
 * `MessengerOptions` checked, with the defaults filled in. A property of the messenger sets each field that is not
 * `readonly`.
 */
export interface Settings {
  readonly name: string | undefined;
  readonly environment: Environment;
  outgoingWindow: number;
  incomingWindow: number;
  readonly defaultOutcome: Outcome;
  timeout: number | undefined;
  blocking: boolean;
  passive: boolean;
  readonly maxOutgoing: { readonly messages: number; readonly bytes: number };
  readonly maxIncoming: { readonly bytes: number };
  readonly maxRedeliveries: number;
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  readonly answerTimeout: number | undefined;
  readonly idleTimeout: number;
  readonly maxFrameSize: number;
  readonly maxMessageSize: number;
  readonly closeIdleAfter: number;
  readonly senderSettleMode: SenderSettleMode | undefined;
  readonly receiverSettleMode: 'first' | 'second';
  readonly capabilities: CapabilitiesOf;
  readonly failover: Failover;
  readonly hostname: NonNullable<MessengerOptions['hostname']>;
  readonly sasl: SaslOptions;
  readonly credentials: HostCredentials;
  readonly dialPeerHosts: boolean;
  readonly containerIdsAsHosts: boolean;
  readonly tls: TlsOptions;
  readonly allowInsecureMechs: boolean;
  readonly listen: {
    readonly authenticator: Authenticator;
    /** True if peers must authenticate, by password or certificate. */
    readonly isGuarded: boolean;
    readonly maxConnections: number;
    readonly maxConnectionsPerHost: number;
    readonly maxSessions: number;
    readonly maxLinks: number;
  };
}

const DEFAULT_MAX_OUTGOING = Object.freeze({ messages: 1_000_000, bytes: 1 << 30 });
const DEFAULT_MAX_INCOMING = Object.freeze({ bytes: 1 << 30 });
const DEFAULT_CONNECT_TIMEOUT = 15_000;
const LONGEST_IDLE_TIMEOUT = Math.floor(LONGEST_TIMER / 2);
/** The smallest maximum frame size (AMQP 1.0 §2.4.1). */
const MIN_MAX_FRAME_SIZE = 512;

const OUTCOME_TYPES = ['accepted', 'rejected', 'released', 'modified'] as const;
const DEFAULT_OUTCOMES: Readonly<Record<Outcome['type'], Outcome>> = {
  accepted: ACCEPTED,
  rejected: Object.freeze({ type: 'rejected' }),
  released: RELEASED,
  modified: Object.freeze({ type: 'modified', deliveryFailed: true }),
};

const KNOWN: readonly (keyof MessengerOptions)[] = [
  'name',
  'environment',
  'outgoingWindow',
  'incomingWindow',
  'defaultOutcome',
  'blocking',
  'passive',
  'timeout',
  'maxOutgoing',
  'maxIncoming',
  'maxRedeliveries',
  'reconnect',
  'connectTimeout',
  'answerTimeout',
  'idleTimeout',
  'maxFrameSize',
  'maxMessageSize',
  'closeIdleAfter',
  'senderSettleMode',
  'receiverSettleMode',
  'capabilities',
  'failover',
  'hostname',
  'sasl',
  'tls',
  'listen',
  'allowInsecureMechs',
  'credentials',
  'dialPeerHosts',
  'containerIdsAsHosts',
];

const TLS_OPTIONS: readonly (keyof TlsOptions)[] = [
  ...(['ca', 'caFile', 'cert', 'certFile', 'key', 'keyFile'] as const),
  ...(['passphrase', 'servername', 'rejectUnauthorized'] as const),
];

/** Checks options and fills in the defaults. Throws `OptionError` for an unknown option or an invalid value. */
export function resolveOptions(options: MessengerOptions): Settings {
  checkNames('a messenger', options, KNOWN);
  const { name, reconnect, answerTimeout, maxOutgoing = {}, maxIncoming = {} } = options;
  if (name !== undefined && typeof name !== 'string') throw new OptionError('Option name must be a string.');
  if (typeof reconnect === 'object')
    checkNames('reconnect', reconnect, ['initial', 'delay', 'maxDelay', 'retries', 'refused']);
  checkNames('maxOutgoing', maxOutgoing, ['messages', 'bytes']);
  checkNames('maxIncoming', maxIncoming, ['bytes']);
  return {
    name,
    environment: environmentOf(options.environment),
    outgoingWindow: windowSize('outgoingWindow', options.outgoingWindow ?? 0),
    incomingWindow: windowSize('incomingWindow', options.incomingWindow ?? 0),
    defaultOutcome: DEFAULT_OUTCOMES[oneOf('defaultOutcome', options.defaultOutcome, OUTCOME_TYPES, 'released')],
    blocking: flag('blocking', options.blocking ?? true),
    passive: flag('passive', options.passive ?? false),
    timeout: timeLimit(options.timeout),
    maxOutgoing: {
      messages: number('maxOutgoing.messages', maxOutgoing.messages, DEFAULT_MAX_OUTGOING.messages, 1),
      bytes: number('maxOutgoing.bytes', maxOutgoing.bytes, DEFAULT_MAX_OUTGOING.bytes, 1),
    },
    maxIncoming: { bytes: number('maxIncoming.bytes', maxIncoming.bytes, DEFAULT_MAX_INCOMING.bytes, 1) },
    maxRedeliveries: number('maxRedeliveries', options.maxRedeliveries, Infinity, 0),
    reconnect: reconnectPolicy(reconnect),
    connectTimeout: number('connectTimeout', options.connectTimeout, DEFAULT_CONNECT_TIMEOUT, 1),
    answerTimeout: answerTimeout === undefined ? undefined : number('answerTimeout', answerTimeout, 0, 0),
    // A timer must be able to hold twice that time.
    idleTimeout: Math.min(
      number('idleTimeout', options.idleTimeout, DEFAULT_LIMITS.idleTimeout, 0),
      LONGEST_IDLE_TIMEOUT,
    ),
    maxFrameSize: number('maxFrameSize', options.maxFrameSize, DEFAULT_LIMITS.maxFrameSize, MIN_MAX_FRAME_SIZE),
    maxMessageSize: number('maxMessageSize', options.maxMessageSize, DEFAULT_LIMITS.maxMessageSize, 1),
    closeIdleAfter: number('closeIdleAfter', options.closeIdleAfter, 0, 0),
    senderSettleMode: oneOf('senderSettleMode', options.senderSettleMode, SENDER_SETTLE_MODES, undefined),
    receiverSettleMode: oneOf('receiverSettleMode', options.receiverSettleMode, ['first', 'second'], 'first'),
    capabilities: nodeCapabilities(options.capabilities ?? []),
    failover: failoverOf(options.failover ?? {}),
    hostname: hostnameOf(options.hostname ?? {}),
    sasl: saslOf(options.sasl ?? {}),
    tls: tlsOf(options.tls ?? {}),
    credentials: credentialsOf(options.credentials ?? {}),
    dialPeerHosts: flag('dialPeerHosts', options.dialPeerHosts ?? false),
    containerIdsAsHosts: flag('containerIdsAsHosts', options.containerIdsAsHosts ?? false),
    allowInsecureMechs: flag('allowInsecureMechs', options.allowInsecureMechs ?? false),
    listen: listenOf(options.listen ?? {}),
  };
}

function reconnectPolicy(reconnect: MessengerOptions['reconnect']): ReconnectPolicy {
  if (reconnect === false) return { ...DEFAULT_RECONNECT, retries: 0 };
  const { initial, delay, maxDelay, retries, refused } = reconnect ?? {};
  return {
    initial: flag('reconnect.initial', initial ?? DEFAULT_RECONNECT.initial),
    refused: flag('reconnect.refused', refused ?? DEFAULT_RECONNECT.refused),
    delay: number('reconnect.delay', delay, DEFAULT_RECONNECT.delay, 0),
    maxDelay: number('reconnect.maxDelay', maxDelay, DEFAULT_RECONNECT.maxDelay, 0),
    retries: number('reconnect.retries', retries, DEFAULT_RECONNECT.retries, 0),
  };
}

function failoverOf(failover: Failover): Failover {
  checkFailover(failover);
  return failover;
}

function hostnameOf(hostname: Settings['hostname']): Settings['hostname'] {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (isText(hostname)) return hostname;
  if (typeof hostname === 'object' && Object.values(hostname).every(isText)) return hostname;
  throw new OptionError('Option hostname must be a name, or names by host or host:port.');
}

function listenOf(listen: ListenOptions): Settings['listen'] {
  const limits = ['maxConnections', 'maxConnectionsPerHost', 'maxSessions', 'maxLinks'];
  const names = ['users', 'authenticate', 'anonymous', ...limits];
  checkNames('listen', listen, names);
  const { users, authenticate, maxConnections, maxConnectionsPerHost: perHost, maxSessions, maxLinks } = listen;
  const places = number('listen.maxConnections', maxConnections, 1000, 1);
  return {
    authenticator: authenticatorOf(listen),
    isGuarded: users !== undefined || authenticate !== undefined,
    maxConnections: places,
    maxConnectionsPerHost: number('listen.maxConnectionsPerHost', perHost, defaultPerHost(places), 1),
    maxSessions: Math.min(number('listen.maxSessions', maxSessions, 1024, 1), 65_536),
    maxLinks: number('listen.maxLinks', maxLinks, 1024, 1),
  };
}

function credentialsOf(credentials: HostCredentials): HostCredentials {
  for (const [host, sasl] of Object.entries(credentials)) saslOf(sasl, `credentials.${host}`);
  return credentials;
}

function saslOf(sasl: SaslOptions, name = 'sasl'): SaslOptions {
  checkNames(name, sasl, ['mechanisms', 'user', 'password', 'passwordFile', 'token']);
  for (const mechanism of sasl.mechanisms ?? []) oneOf(`${name}.mechanisms`, mechanism, SASL_MECHANISMS, undefined);
  return sasl;
}

/** A copy, because properties such as `certificate` set its fields. */
function tlsOf(tls: TlsOptions): TlsOptions {
  checkNames('tls', tls, TLS_OPTIONS);
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (tls[name] === undefined || tls[`${name}File`] === undefined) continue;
    throw new OptionError(`Give tls.${name} or tls.${name}File, not both.`);
  }
  return { ...tls };
}
