/** What a link is asked for when it is attached. */
export interface LinkOptions {
  /** Its name: unique, since peers keep links by it (AMQP 1.0 §2.6.1). */
  readonly name: string;
  /** The node at the peer; `null` for the anonymous node, `undefined` with `dynamic`. */
  readonly address: string | null | undefined;
  /** Whether the peer makes a node of its own for it. */
  readonly dynamic: boolean;
  /** Messages go out, or are wanted, settled. */
  readonly presettled: boolean;
  /** The largest message taken, in bytes. Receivers only. */
  readonly maxMessageSize: number;
}
