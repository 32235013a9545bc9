import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import type { SocketServerOptions } from '../../../src/control/server-options.js';
import { SocketServer } from '../../../src/control/socket-server.js';

/** What ends with a test. */
export type Test = Pick<TestContext, 'onTestFinished'>;

/** A new directory that goes with the test. */
export function directory({ onTestFinished }: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'control-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A server on a socket of its own, which stops with the test. */
export async function startServer(
  test: Test,
  options: Partial<SocketServerOptions> = {},
): Promise<{ server: SocketServer; path: string }> {
  const path = join(directory(test), 'control.sock');
  const server = await new SocketServer({ ...(options.port === undefined ? { path } : {}), ...options }).start();
  test.onTestFinished(() => server.stop());
  return { server, path };
}

/** Waits until a server has no more than so many connections. */
export async function gone(server: { connections: number }, left = 0): Promise<void> {
  while (server.connections > left) await setImmediate();
}

/** A plain socket, as any language has it. */
export async function dial({ onTestFinished }: Test, to: string | NetConnectOpts): Promise<Socket> {
  const socket = connect(typeof to === 'string' ? { path: to, allowHalfOpen: true } : to);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  // A server that hangs up while something is being written to it is a reset; the test looks at what was read.
  socket.on('error', () => undefined);
  return socket;
}

/** One legacy request: written, the side ended, the reply read to its end. */
export async function ask(test: Test, path: string, request: string | Buffer | object): Promise<string> {
  const socket = await dial(test, path);
  socket.end(typeof request === 'string' || Buffer.isBuffer(request) ? request : JSON.stringify(request));
  return text(socket);
}

/** A legacy stream, line by line. */
export async function listen(test: Test, path: string, request: object): Promise<AsyncIterator<string>> {
  const socket = await dial(test, path);
  socket.end(JSON.stringify(request));
  return createInterface({ input: socket })[Symbol.asyncIterator]();
}

/** A client of lines that does nothing by itself. */
export class RawClient {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async open(test: Test, to: string | NetConnectOpts): Promise<RawClient> {
    return new RawClient(await dial(test, to));
  }

  /** Sends objects as lines, and text as it is. */
  send(...requests: (object | string)[]): this {
    for (const request of requests) {
      this.socket.write(typeof request === 'string' ? request : `${JSON.stringify(request)}\n`);
    }
    return this;
  }

  /** The next line; `undefined` when there is none any more. */
  async read(): Promise<unknown> {
    const line = await this.#lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as unknown);
  }

  async ask(request: object): Promise<unknown> {
    this.send(request);
    return this.read();
  }
}
