import type { Socket } from 'node:net';
import type { QueueClock } from '../queue/expiry.js';

/** Writes to a socket no faster than the other side reads. */
export class SocketOutput {
  readonly #socket: Socket;
  readonly #clock: QueueClock;
  readonly #patience: number;
  /** While the socket has no room: one wait, which all writers share. */
  #room: Promise<boolean> | undefined;

  /** @param patience - The milliseconds after which a socket that takes nothing is destroyed. */
  constructor(socket: Socket, clock: QueueClock, patience: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Whether what was written waits for the other side to read. */
  get isBlocked(): boolean {
    return this.#room !== undefined;
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

  /** Writes the last there is, and closes the socket when that is written. One that is blocked is destroyed. */
  close(text = ''): void {
    if (this.isBlocked) this.#socket.destroy();
    if (text !== '' && this.#socket.writable) this.#socket.write(text);
    this.#socket.destroySoon();
    const timer = this.#clock.setTimeout(() => this.#socket.destroy(), this.#patience);
    this.#socket.once('close', () => this.#clock.clearTimeout(timer));
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
