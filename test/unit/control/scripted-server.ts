import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SocketClient } from '../../../src/control/socket-client.js';
import type { SocketClientOptions } from '../../../src/control/client-options.js';
import { directory } from './raw-clients.js';
import type { Test } from './raw-clients.js';

/** A client that is closed with the test. */
export function clientOf(test: Test, path: string, options: Partial<SocketClientOptions> = {}): SocketClient {
  const client = new SocketClient({ path, ...options });
  test.onTestFinished(() => client.close());
  return client;
}

/** A server that answers as it is told: each line with the lines the function makes of it. */
export async function scripted(
  test: Test,
  answer: (request: { id: number; verb: string }) => string[],
): Promise<{ path: string; server: Server; sockets: Set<Socket> }> {
  const path = join(directory(test), 'scripted.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const request = JSON.parse(line) as { id: number; verb: string };
      const lines = request.verb === 'hello' ? [ok(request.id, {})] : answer(request);
      for (const text of lines) socket.write(`${text}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  test.onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { path, server, sockets };
}

/** The answer that something was done. */
export const ok = (id: number, result: unknown): string => JSON.stringify({ id, ok: true, result });
