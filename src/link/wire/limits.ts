/** The limits of a connection. Sizes are in bytes, times in milliseconds. */
export interface TransportLimits {
  /** The largest frame taken; also told to the peer. */
  readonly maxFrameSize: number;
  /** The largest frame sent, whatever the peer would take: larger ones gain nothing and hold up other links. */
  readonly maxOutgoingFrameSize: number;
  /** The largest message taken. */
  readonly maxMessageSize: number;
  /** The highest channel number used: a connection may have one session more than this. */
  readonly channelMax: number;
  /** A peer that sends nothing for twice this long is taken for dead; 0 to wait for ever. Also told to the peer. */
  readonly idleTimeout: number;
}

/**
 * The largest frame, in bytes, that is neither a transfer nor a disposition: what such a frame says stays in memory as long
 * as the link, session or connection it is about.
 */
export const MAX_CONTROL_FRAME_SIZE = 65_536;

/** The limits that hold unless options say otherwise. */
export const DEFAULT_LIMITS: TransportLimits = Object.freeze({
  maxFrameSize: 1 << 20,
  maxOutgoingFrameSize: 1 << 18,
  maxMessageSize: 16 * (1 << 20),
  channelMax: 8191,
  idleTimeout: 60_000,
});
