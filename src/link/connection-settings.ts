import type { Clock } from './clock.js';
import type { SaslOptions } from './credentials.js';
import type { Failover } from './host-list.js';
import type { TransportLimits } from './limits.js';
import type { ReconnectPolicy } from './reconnect.js';
import type { RheaContainer } from './rhea-seam.js';
import type { TlsOptions } from './tls.js';

/** What every connection of a messenger shares. Times are in milliseconds. */
export interface ConnectionSettings {
  readonly container: RheaContainer;
  readonly limits: TransportLimits;
  readonly reconnect: ReconnectPolicy;
  readonly connectTimeout: number;
  readonly tls: TlsOptions;
  readonly sasl?: SaslOptions;
  readonly failover?: Failover;
  readonly allowInsecureMechs: boolean;
  /** How long a connection without links stays open. Default for ever. */
  readonly closeIdleAfter?: number;
  readonly clock: Clock;
  /** A number from 0 up to 1: `Math.random`, unless a test says otherwise. */
  readonly random: () => number;
}
