import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SseChannelContainer } from '../channels/sse-channel-container.js';
import { ListenError, StateError, asError } from '../errors.js';
import { Controller } from './controller.js';
import { listening } from './listening.js';
import { ServerConnection } from './server-connection.js';
import { resolveServerOptions } from './server-options.js';
import type { ResolvedAddress, ServerSettings, SocketServerOptions } from './server-options.js';
import { listenOnFile } from './socket-file.js';
import type { SocketFile } from './socket-file.js';
import { addressText, isPipe } from './socket-path.js';
import { readToken } from './token.js';

/** The state of a server. */
type State = 'new' | 'listening' | 'stopped';

/**
 * Lets other processes act on the channels of this one, over a Unix socket: make channels and listeners, dispatch,
 * broadcast, listen, watch. It speaks the protocol of eric-sse, one request a connection, and one of lines, in which a
 * connection carries many requests and streams. Servers share nothing but the container they are given.
 *
 * The file of the socket is open to its owner only. A file that a dead server has left is replaced; anything else that
 * has its name is not.
 */
export class SocketServer implements AsyncDisposable {
  readonly #options: SocketServerOptions;
  readonly #settings: Omit<ServerSettings, 'token'>;
  readonly #connections = new Set<ServerConnection>();
  // Half open: with the legacy protocol the client ends its side before the reply.
  readonly #server: Server = createServer({ allowHalfOpen: true });
  #state: State = 'new';
  #file: SocketFile | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws OptionError for an option that cannot be. */
  constructor(options: SocketServerOptions) {
    this.#options = options;
    this.#settings = resolveServerOptions(options);
    this.#server.maxConnections = this.#settings.maxConnections;
    // `start` throws the errors that come before the server listens. A later error means that a client could not be
    // accepted, for want of a file descriptor, say: that client loses its connection, and the others go on.
    this.#server.on('error', () => undefined);
  }

  /** The channels that clients act on. */
  get container(): SseChannelContainer {
    return this.#settings.container;
  }

  /** The number of connected clients. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * The address where it listens: the path, or the host and the port. A port that was given as 0 is known after
   * `start`.
   */
  get address(): ResolvedAddress {
    const { address } = this.#settings;
    const bound = this.#server.address();
    if ('path' in address || bound === null || typeof bound === 'string') return address;
    return { host: address.host, port: bound.port };
  }

  /**
   * Begins to listen. Starting again does nothing.
   *
   * @throws ListenError when the path or port is taken or cannot be used; OptionError when the token cannot be read, or
   * the path is too long; StateError after `stop`.
   */
  async start(): Promise<this> {
    if (this.#state === 'stopped') throw new StateError('The server was stopped. Make a new one.');
    this.#starting ??= this.#listen();
    await this.#starting;
    return this;
  }

  /**
   * Stops listening, removes its socket file, ends all streams, and closes all connections; the channels, too, when it
   * has made the container itself. Stopping again does nothing.
   */
  async stop(): Promise<void> {
    this.#stopping ??= this.#close();
    await this.#stopping;
  }

  /** Stops it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen(): Promise<void> {
    try {
      const settings: ServerSettings = { ...this.#settings, token: await readToken(this.#options) };
      const controller = new Controller(settings.container);
      this.#server.on('connection', (socket) =>
        this.#serve(new ServerConnection(socket, controller, settings), socket),
      );
      this.#file = await open(this.#server, settings.address);
      this.#state = 'listening';
    } catch (error) {
      this.#state = 'stopped';
      throw error;
    }
  }

  #serve(connection: ServerConnection, socket: Socket): void {
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    void connection.serve();
  }

  async #close(): Promise<void> {
    // A server must have opened before it can be closed. `start` throws the reason when it could not.
    await this.#starting?.catch(() => undefined);
    const wasListening = this.#state === 'listening';
    this.#state = 'stopped';
    // First of all: as long as the socket is open, no other file can have got its inode number.
    await this.#file?.remove();
    const closed = wasListening && new Promise((resolve) => this.#server.close(resolve));
    await Promise.all(Array.from(this.#connections, (connection) => connection.end()));
    await closed;
    if (this.#settings.ownsContainer) await this.container.close();
  }
}

async function open(server: Server, address: ResolvedAddress): Promise<SocketFile | undefined> {
  if ('path' in address && !isPipe(address.path)) return listenOnFile(server, address.path);
  try {
    await listening(server, { ...address, exclusive: true });
    return undefined;
  } catch (error) {
    throw new ListenError(`${addressText(address)} cannot be listened on: ${asError(error).message}.`, {
      cause: error,
    });
  }
}
