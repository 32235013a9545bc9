import type { Socket } from 'node:net';
import type { Timer } from '../clock.js';
import { AuthenticationError, TimeoutError, asError } from '../errors.js';
import type { Controller } from './controller.js';
import { fieldOf, readObject } from './json-line.js';
import { LegacyExchange } from './legacy-exchange.js';
import { legacyReply } from './legacy-error.js';
import { LineSession, farewell } from './line-session.js';
import { LineSplitter, protocolError } from './line-splitter.js';
import type { ServerSettings } from './server-options.js';
import { SocketOutput } from './socket-output.js';

const LINE_FEED = 0x0a;

/** The protocol of a connection. It is `undecided` until the first line has come. */
type Mode = 'undecided' | 'legacy' | 'lines';

/** One client of a server, from its first byte to its last. */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #settings: ServerSettings;
  readonly #output: SocketOutput;
  readonly #session: LineSession;
  readonly #exchange: LegacyExchange;
  readonly #splitter: LineSplitter;
  #mode: Mode;
  /** All that has come so far, until it is known to be lines. */
  #collected: Buffer[] = [];
  #collectedLength = 0;
  #timer: Timer | undefined;

  constructor(socket: Socket, controller: Controller, settings: ServerSettings) {
    const { clock, idleTimeout, protocol, maxFrameSize, token, probeInterval } = settings;
    this.#socket = socket;
    this.#settings = settings;
    this.#output = new SocketOutput(socket, clock, idleTimeout);
    this.#session = new LineSession(controller, settings, this.#output);
    this.#exchange = new LegacyExchange(controller, token, this.#output);
    this.#splitter = new LineSplitter(maxFrameSize);
    this.#mode = protocol === 'auto' ? 'undecided' : protocol;
    // Only TCP knows these.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, probeInterval);
  }

  /** Serves the client until it has gone, or was sent away. Never rejects. */
  async serve(): Promise<void> {
    // The loop below throws the errors of the socket, if it still reads, and `close` follows them.
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => void this.#release());
    this.#expect(this.#settings.handshakeTimeout);
    try {
      // Reads on only when the last piece is dealt with. Kept open at the end: the reply comes after it.
      for await (const piece of this.#socket.iterator({ destroyOnReturn: false })) {
        // A socket without an encoding gives buffers.
        await this.#receive(piece as Buffer);
      }
      await this.#finish();
    } catch (error) {
      // A wrong token has been answered; to a socket that is broken nothing can be said.
      this.#output.close(error instanceof AuthenticationError ? '' : this.#lastWords(asError(error)));
    }
  }

  /** Ends its streams and closes it. Resolves when it is closed. */
  async end(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    // A stream that is blocked cannot say that it has ended.
    if (this.#output.isBlocked) this.#socket.destroy();
    await this.#release();
    this.#output.close();
    await closed;
  }

  async #release(): Promise<void> {
    this.#cancelTimer();
    this.#exchange.end();
    await this.#session.end();
  }

  async #receive(piece: Buffer): Promise<void> {
    // The server has closed the connection, and the client has not noticed yet.
    if (!this.#socket.writable) return;
    if (this.#mode === 'lines') return this.#handleLines(piece);
    this.#collected.push(piece);
    this.#collectedLength += piece.length;
    if (this.#mode === 'undecided' && piece.includes(LINE_FEED)) {
      const bytes = this.#takeCollected();
      this.#decide(bytes.subarray(0, bytes.indexOf(LINE_FEED)));
      if (this.#isLines()) return this.#handleLines(bytes);
      this.#collected.push(bytes);
    }
    const { maxFrameSize } = this.#settings;
    if (this.#collectedLength > maxFrameSize) {
      throw protocolError(`The request has more than ${maxFrameSize} bytes. Send less, or raise maxFrameSize.`);
    }
  }

  /** The client has ended its side. With lines that is its farewell; otherwise the request is whole now. */
  async #finish(): Promise<void> {
    if (!this.#socket.writable) return;
    const bytes = this.#mode === 'lines' ? this.#splitter.rest() : this.#takeCollected();
    if (this.#mode === 'undecided') this.#decide(bytes);
    if (this.#isLines()) {
      if (bytes.length > 0) await this.#handle(bytes);
      await this.#release();
      this.#output.close();
    } else {
      this.#probe();
      this.#output.close(await this.#exchange.answer(bytes));
    }
  }

  async #handleLines(piece: Buffer): Promise<void> {
    for (const line of this.#splitter.push(piece)) await this.#handle(line);
  }

  async #handle(line: Buffer): Promise<void> {
    await this.#session.handle(line);
    if (this.#session.isWelcome) this.#expect(this.#settings.idleTimeout);
  }

  #decide(firstLine: Buffer): void {
    this.#mode = isRequest(firstLine) ? 'lines' : 'legacy';
  }

  /** A method, since the compiler does not see that `#decide` changes the mode. */
  #isLines(): boolean {
    return this.#mode === 'lines';
  }

  #takeCollected(): Buffer {
    return Buffer.concat(this.#collected.splice(0));
  }

  /** Disconnects the client if it sends no request for so many milliseconds. */
  #expect(milliseconds: number): void {
    this.#setTimer(milliseconds, () => {
      if (this.#session.isInUse) this.#expect(milliseconds);
      else this.#output.close(this.#lastWords(new TimeoutError(`No whole request came for ${milliseconds} ms.`)));
    });
  }

  /** Writes nothing now and then: the system says so when nobody is there to read it. */
  #probe(): void {
    this.#setTimer(this.#settings.probeInterval, () => {
      this.#socket.write('');
      this.#probe();
    });
  }

  #setTimer(milliseconds: number, callback: () => void): void {
    this.#cancelTimer();
    if (this.#socket.closed) return;
    this.#timer = this.#settings.clock.setTimeout(callback, milliseconds);
  }

  #cancelTimer(): void {
    if (this.#timer !== undefined) this.#settings.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Tells the client why it is sent away, in the protocol it speaks. */
  #lastWords(error: Error): string {
    return this.#isLines() ? farewell(error) : legacyReply(error, undefined);
  }
}

/**
 * True when a connection that begins with this line speaks lines: the line is a JSON object with an id, which legacy
 * requests lack.
 */
function isRequest(line: Buffer): boolean {
  try {
    return (fieldOf(readObject(line), 'id') ?? null) !== null;
  } catch {
    return false;
  }
}
