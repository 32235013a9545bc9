/** A destination for the bytes of one client. The session keeps to what `write` returns. The sink never throws. */
export interface EventSink {
  /** The number of bytes that wait to be sent. */
  readonly bufferedBytes: number;
  /** Takes bytes, in any case. False: it has enough for now, and `drained` will be called when it has sent them. */
  write(bytes: Buffer): boolean;
  /** Sends what waits, and ends the response. */
  end(): void;
  /** Drops the bytes that wait, and the connection. */
  destroy(): void;
}
