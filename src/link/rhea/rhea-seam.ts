/**
 * All that this package uses of rhea, in one place: what its own typings leave untyped, and the few plain fields that
 * the data plane shares with it. `test/unit/link/rhea-seam.test.ts` checks each of them against the pinned version,
 * so an upgrade of rhea that changes one fails there and nowhere else.
 *
 * rhea keeps the connection, SASL, sessions, attach and detach, and reads flow frames. Transfers and dispositions never
 * reach it, and flow frames are written here; the data plane moves rhea's counters as rhea would have, since rhea takes
 * what flow frames say of a session by them.
 */
import rhea from 'rhea';

/** An AMQP error as rhea reads and writes it. */
export interface RheaError {
  condition?: string;
  description?: string;
  info?: Readonly<Record<string, unknown>>;
}

/** A source or target as rhea reads and writes it. */
export interface RheaTerminus {
  address?: string | null;
  durable?: number;
  expiry_policy?: string;
  timeout?: number;
  dynamic?: boolean;
  /** Of a node made for the link (AMQP 1.0 §3.5.3). */
  dynamic_node_properties?: Readonly<Record<string, unknown>>;
  distribution_mode?: string;
  default_outcome?: unknown;
  outcomes?: string | readonly string[];
  filter?: Readonly<Record<string, unknown>>;
  capabilities?: string | readonly string[];
}

/** The argument that rhea hands to a listener. */
export interface RheaContext {
  connection: RheaConnection;
  session?: RheaSession;
  sender?: RheaLink;
  receiver?: RheaLink;
  error?: RheaError & Error;
}

interface RheaEmitter {
  on(event: string, listener: (context: RheaContext) => void): void;
}

/** The fields of a flow performative (AMQP 1.0 §2.7.4). */
export interface RheaFlow {
  handle?: number;
  delivery_count?: number;
  link_credit?: number;
  drain?: boolean;
  echo?: boolean;
}

/** A sender or receiver of rhea. */
export interface RheaLink extends RheaEmitter {
  readonly name: string;
  readonly session: RheaSession;
  readonly source: RheaTerminus | undefined;
  readonly target: RheaTerminus | undefined;
  readonly error: RheaError | undefined;
  readonly local: {
    handle: number;
    attach: {
      name: string;
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      max_message_size?: number;
      source?: unknown;
      target?: unknown;
    };
  };
  readonly remote: {
    attach?: { handle: number; initial_delivery_count?: number; snd_settle_mode?: number; rcv_settle_mode?: number };
    detach?: { closed?: boolean };
  };
  /** The largest message the peer takes; 0 or nothing for any. */
  readonly max_message_size: unknown;
  /** Shared: how many deliveries the receiver has asked for. */
  credit: number;
  /** Shared: how many deliveries the sender has made, modulo 2³². */
  delivery_count: number;
  set_source(terminus: RheaTerminus): void;
  set_target(terminus: RheaTerminus): void;
  is_receiver(): boolean;
  close(error?: RheaError): void;
  /** As `close`, but what is durable at the peer stays (AMQP 1.0 §2.6.4). */
  detach(): void;
  /** Replaced per link: the data plane reads flow frames itself, with serial-number arithmetic. */
  on_flow(frame: { performative: RheaFlow }): void;
}

/** The rest of a link that has gone. */
interface GoneLink {
  readonly remote: { readonly detach: object };
  on_flow(): void;
}

/** A session of rhea. */
export interface RheaSession extends RheaEmitter {
  readonly error: RheaError | undefined;
  /** `handles` has every link that is attached here, by its handle: rhea gives a new one the lowest that is free. */
  readonly local: { channel: number; readonly handles: Readonly<Record<number, RheaLink>> };
  /** `handles` has every link the peer has attached, by its handle; `GONE` for those that have gone. */
  readonly remote: {
    channel?: number;
    readonly handles: Record<number, RheaLink | GoneLink>;
    readonly begin?: { readonly handle_max?: number | undefined };
  };
  readonly incoming: {
    /** Shared: the transfer-id expected next. */
    next_transfer_id: number;
  };
  readonly outgoing: {
    /** Shared: the transfer-id of the next transfer frame. */
    next_transfer_id: number;
    /** The number of transfer frames that the peer takes, counted from the id below. */
    remote_window: number | undefined;
    remote_next_transfer_id: number | undefined;
  };
  begin(): void;
  /** Replaced per session: a second detach of a link is passed over. */
  on_detach(frame: { performative: { handle: number } }): void;
  /** Replaced per session: it would keep the link by the peer's handle. */
  remove_link(link: RheaLink): void;
  close(error?: RheaError): void;
  attach_sender(options: object): RheaLink;
  attach_receiver(options: object): RheaLink;
}

/** A connection of rhea. */
export interface RheaConnection extends RheaEmitter {
  readonly container_id: string | undefined;
  readonly max_frame_size: number | undefined;
  readonly channel_max: number | undefined;
  readonly properties: Readonly<Record<string, unknown>> | undefined;
  readonly offered_capabilities: unknown;
  readonly error: RheaError | undefined;
  /** Shared: the idle time-outs, by which rhea would watch the peer and send heartbeats. */
  readonly local: { open: { readonly idle_time_out?: number | undefined } };
  readonly remote: { readonly open?: { idle_time_out?: number | undefined } };
  /** Replaced: see `setNoTimers`. */
  _write_open(): void;
  /** Writes a frame, on a channel. */
  _write_frame(channel: number, performative: object): void;
  /** Shared: what is on each channel. rhea begins a session on the lowest that is free. */
  readonly local_channel_map: Record<number, unknown>;
  /** What is on each channel of the peer. */
  readonly remote_channel_map: Readonly<Record<number, unknown>>;
  /** Replaced per connection: a second end of a session is passed over. */
  on_end(frame: { channel: number }): void;
  connect(): void;
  accept(socket: RheaSocket): void;
  /** Replaced per connection: rhea gives back the channel of a session that is over on both sides. */
  remove_session(session: RheaSession): void;
  /** Replaced on connections that are accepted: see `rhea-attach.ts`. */
  create_session(bufferSize?: object): RheaSession;
  /** Does nothing when it is open already. */
  open(): void;
  close(error?: RheaError): void;
}

/** The part of a socket that rhea uses. */
export interface RheaSocket {
  readonly encrypted: boolean;
  readonly authorized: boolean;
  on(event: 'data' | 'error' | 'end', listener: (argument?: unknown) => void): void;
  removeAllListeners(event?: string): void;
  setNoDelay(noDelay?: boolean): void;
  write(bytes: Buffer): void;
  end(): void;
  destroy(): void;
  get_id_string(): string;
}

/** A container of rhea: what connections are made from. */
export interface RheaContainer extends RheaEmitter {
  create_connection(options: object): RheaConnection;
}

/** Makes a container of its own for one messenger or broker. Its id is the AMQP container-id. */
export function createContainer(id: string): RheaContainer {
  // rhea's typings leave out the fields above; the contract test stands in for the compiler here.
  const container = rhea.create_container({ id }) as unknown as RheaContainer;
  // rhea throws an `error` that nobody listens to into the process.
  container.on('error', () => undefined);
  return container;
}

/** The options every connection has: nothing in rhea may answer, print, or reconnect by itself. */
export const QUIET_CONNECTION: Readonly<Record<string, unknown>> = Object.freeze({
  reconnect: false,
  // Inherited by every link a peer attaches: credit and outcomes are the data plane's.
  credit_window: 0,
  autoaccept: false,
  autosettle: false,
  treat_modified_as_released: false,
});

/**
 * The size of rhea's own rings. They stay empty, but rhea advertises what is free in them as its session window when the
 * session begins (AMQP 1.0 §2.5.6). It must never be what stops a peer: link credit is. Every flow frame renews it.
 */
export const SESSION_BUFFER: Readonly<{ incoming: number; outgoing: number }> = Object.freeze({
  incoming: 0x7fff_ffff,
  outgoing: 2048,
});

/**
 * Takes the idle time-outs of a connection out of rhea's hands, before it opens. Its timers know no clock but the machine's,
 * and its watch over the peer knows nothing of transfers. The open frame still tells the peer of ours.
 */
export function setNoTimers(connection: RheaConnection): void {
  const { open } = connection.local;
  connection.local.open = Object.create(open, { idle_time_out: { value: undefined } }) as typeof open; // a mask over it
  connection._write_open = () => connection._write_frame(0, open);
}

/** The idle time-out of a peer that has opened, in milliseconds, or 0. rhea, which would send heartbeats, is left without. */
export function takeIdleTimeout({ remote: { open } }: RheaConnection): number {
  const timeout = open?.idle_time_out ?? 0;
  if (open !== undefined) open.idle_time_out = undefined;
  return timeout;
}

/** The link that stands at the handle of each that has gone: it is detached, and what the peer still says of it is late. */
const GONE: GoneLink = Object.freeze({ remote: { detach: {} }, on_flow: () => undefined });

/**
 * Some peers answer our answer to their detach with another one. rhea takes that for a violation, which would cost the whole
 * connection. And rhea never forgets a link by the peer's handle: a peer that takes a new handle for each would have 10 kB
 * of every link kept.
 */
export function passOverSecondDetach<Session extends RheaSession>(session: Session): Session {
  const { handles } = session.remote;
  const onDetach = session.on_detach.bind(session);
  session.on_detach = (frame) => {
    if (handles[frame.performative.handle]?.remote.detach === undefined) onDetach(frame);
  };
  const removeLink = session.remove_link.bind(session);
  session.remove_link = (link) => {
    removeLink(link);
    const { handle } = link.remote.attach ?? {};
    if (handle !== undefined && handles[handle] === link) handles[handle] = GONE;
  };
  return session;
}

/** Likewise for a session: an end on a channel without a session says nothing that is not known. */
export function passOverSecondEnd(connection: RheaConnection): void {
  const onEnd = connection.on_end.bind(connection);
  connection.on_end = (frame) => {
    if (connection.remote_channel_map[frame.channel] !== undefined) onEnd(frame);
  };
}

/** Calls back when rhea has given back the channel of a session, which it has ended on both sides. */
export function onSessionRemoved(connection: RheaConnection, removed: (session: RheaSession) => void): void {
  const remove = connection.remove_session.bind(connection);
  connection.remove_session = (session) => {
    remove(session);
    removed(session);
  };
}

/** Makes a session, on the lowest channel that is free and not to be avoided. */
export function createSession(connection: RheaConnection, avoided: readonly number[]): RheaSession {
  const { local_channel_map: channels } = connection;
  const free = avoided.filter((channel) => channels[channel] === undefined);
  for (const channel of free) channels[channel] = 'avoided';
  try {
    return connection.create_session(SESSION_BUFFER);
  } finally {
    for (const channel of free) Reflect.deleteProperty(channels, channel);
  }
}

/** A value as rhea takes it in a map, made from its AMQP encoding, so that it goes out as exactly that type. */
export function typedValue(encoded: Buffer): object {
  // rhea's typings leave out the reader.
  const { Reader } = rhea.types as unknown as { Reader: new (bytes: Buffer) => { read(): object } };
  return new Reader(encoded).read();
}

/** Counts the transfer frames that the peer's session window still takes (AMQP 1.0 §2.5.6). */
export function transferWindow(session: RheaSession): number {
  const { remote_window: window, remote_next_transfer_id: base, next_transfer_id: next } = session.outgoing;
  if (window === undefined) return 0;
  return window - ((next - (base ?? 0)) >>> 0);
}
