import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';

/** The peer has so many milliseconds to end its side, too. */
const LINGER = 1000;

/** Writes to a socket no faster than the other side reads. */
export class SocketOutput {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #patience: number;
  /** While the socket has no room: one wait, which all writers share. */
  #room: Promise<boolean> | undefined;

  /** @param patience - The milliseconds after which a socket that takes nothing is destroyed. */
  constructor(socket: Socket, clock: Clock, patience: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** True while the socket has no room, because the peer does not read. */
  get isBlocked(): boolean {
    return this.#room !== undefined;
  }

  /** Resolves when the socket has room: with false when it never will. */
  ready(): Promise<boolean> {
    return this.#room ?? Promise.resolve(this.#socket.writable);
  }

  /**
   * Writes, and resolves when the socket has room for more: with false when it never will, because it is closed. What
   * was written is not to be written again either way.
   */
  write(text: string): Promise<boolean> {
    if (!this.#socket.writable) return Promise.resolve(false);
    const hasRoom = this.#socket.write(text);
    return hasRoom ? Promise.resolve(true) : (this.#room ??= this.#waitForRoom());
  }

  /**
   * Writes the last there is, ends this side, and lets go of what still comes in, so that the other side reads to the
   * end before the connection breaks. When it does not end its side, the socket is destroyed; one that is blocked, at
   * once. Closing again does nothing.
   */
  close(text = ''): void {
    const socket = this.#socket;
    if (this.isBlocked) socket.destroy();
    if (!socket.writable) return;
    socket.end(text);
    socket.resume();
    const timer = this.#clock.setTimeout(() => socket.destroy(), LINGER);
    socket.once('close', () => this.#clock.clearTimeout(timer));
  }

  #waitForRoom(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(() => this.#socket.destroy(), this.#patience);
      const settle = (hasRoom: boolean): void => {
        this.#clock.clearTimeout(timer);
        this.#socket.off('drain', onDrain);
        this.#socket.off('close', onClose);
        this.#room = undefined;
        resolve(hasRoom);
      };
      const onDrain = (): void => settle(true);
      const onClose = (): void => settle(false);
      this.#socket.on('drain', onDrain);
      this.#socket.on('close', onClose);
    });
  }
}
