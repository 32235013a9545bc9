import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** A socket without a network: the test says what comes in by `receive`, and sees what goes out in `written`. */
export class FakeSocket extends EventEmitter {
  readonly written: Buffer[] = [];
  writable = true;
  #isEnded = false;
  #isPaused = false;
  #held: Buffer[] = [];

  /** The same, for what takes a socket. It has all that the link layer uses of one. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  receive(bytes: Buffer): void {
    if (this.#isPaused) this.#held.push(bytes);
    else this.emit('data', bytes);
  }

  pause(): void {
    this.#isPaused = true;
  }

  unshift(bytes: Buffer): void {
    this.#held.unshift(bytes);
  }

  resume(): void {
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.receive(bytes);
  }

  write(bytes: Buffer, done?: () => void): boolean {
    this.written.push(bytes);
    if (done !== undefined) process.nextTick(done);
    return true;
  }

  cork(): void {
    // Nothing is held back.
  }

  uncork(): void {
    // Nothing was held back.
  }

  setNoDelay(): void {
    // There is nothing to delay.
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.writable = false;
    process.nextTick(() => this.emit('close'));
  }
}
