import type { RheaConnection, RheaSocket } from '../../src/link/rhea/rhea-seam.js';
import { QUIET_CONNECTION, SESSION_BUFFER, createContainer } from '../../src/link/rhea/rhea-seam.js';
import { AMQP_HEADER, decodeFrame, encodeFrame } from './wire-frames.js';
import type { Fields, WireFrame } from './wire-frames.js';

/** The socket that rhea is given: a test feeds it frames and sees what rhea writes, and what it uses of a socket. */
export class RheaSide implements RheaSocket {
  readonly encrypted = false;
  readonly authorized = false;
  readonly frames: WireFrame[] = [];
  ended = 0;
  readonly #listeners = new Map<string, (argument?: unknown) => void>();

  on(event: 'data' | 'error' | 'end', listener: (argument?: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  removeAllListeners(): void {
    this.#listeners.clear();
  }

  setNoDelay(): void {
    // Nothing to delay.
  }

  write(bytes: Buffer): void {
    this.frames.push(decodeFrame(bytes));
  }

  end(): void {
    this.ended++;
  }

  destroy(): void {
    this.ended++;
  }

  get_id_string(): string {
    return 'test';
  }

  /** Gives rhea bytes. */
  feed(bytes: Buffer): void {
    this.#listeners.get('data')?.(bytes);
  }

  /** Gives rhea a frame. */
  send(name: string, fields: Fields = {}, channel = 0): void {
    this.feed(encodeFrame(name, fields, channel));
  }

  /** Tells rhea that the socket has ended. */
  finish(): void {
    this.#listeners.get('end')?.();
  }

  /** The frames written since the last look, after rhea has done what it does in the next ticks. */
  async written(): Promise<WireFrame[]> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.frames.splice(0);
  }
}

/** A connection of rhea as this package makes it on the dialling side, and the socket it was given. */
export function dialledConnection(options: object = {}): { rhea: RheaConnection; socket: RheaSide } {
  const socket = new RheaSide();
  const rhea = createContainer('dialler').create_connection({
    ...QUIET_CONNECTION,
    ...options,
    connect: (_port: number, _host: string, _options: object, connected: () => void) => {
      process.nextTick(connected);
      return socket;
    },
  });
  return { rhea, socket };
}

/** The same on the listening side. */
export function acceptedConnection(options: object = {}): { rhea: RheaConnection; socket: RheaSide } {
  const socket = new RheaSide();
  const container = createContainer('listener');
  const rhea = container.create_connection({ ...QUIET_CONNECTION, session_buffer_size: SESSION_BUFFER, ...options });
  rhea.accept(socket);
  return { rhea, socket };
}

/** Brings a dialled connection to where sessions can begin. */
export async function open(rhea: RheaConnection, socket: RheaSide, fields: Fields = {}): Promise<void> {
  rhea.connect();
  await socket.written();
  socket.feed(AMQP_HEADER);
  socket.send('open', { container_id: 'peer', ...fields });
  await socket.written();
}
