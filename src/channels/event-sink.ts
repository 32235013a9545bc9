/** Where the bytes of one client go. Whoever writes keeps to what `write` says; whatever happens, it never throws. */
export interface EventSink {
  /** The number of bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** Takes bytes, in any case. False: it has enough for now, and `drained` will be called when it has sent them. */
  write(bytes: Buffer): boolean;
  /** Sends what waits, and ends the response. */
  end(): void;
  /** Drops what waits, and the connection. */
  destroy(): void;
}

/** What a sink tells its session. */
export interface EventSinkEvents {
  /** The sink has sent what waited. */
  drained(): void;
  /** The client is gone, or the response has ended. Called once. */
  closed(): void;
}
