import type { Socket } from 'node:net';
import { following, wait } from '../wait.js';
import { dial } from './client-connection.js';
import type { RequestOptions } from './client-connection.js';
import type { ClientSettings } from './client-options.js';
import type { JsonObject } from './json-line.js';
import { readToken } from './token.js';

/** Sends one request in the legacy protocol, and resolves with everything the server has to say to it. */
export async function sendLegacy(
  settings: ClientSettings,
  payload: JsonObject,
  { timeout = settings.timeout, signal }: RequestOptions,
): Promise<string> {
  signal?.throwIfAborted();
  const token = await readToken(settings.tokenOptions);
  const socket = await dial(settings);
  try {
    const limits = { timeout, signal, onTimeout: () => `No reply for ${timeout} ms.` };
    const request = JSON.stringify(token === undefined ? payload : { ...payload, token });
    return await wait(settings.clock, limits, (settle) => following(exchange(socket, request))(settle));
  } finally {
    socket.destroy();
  }
}

/** Writes a request and reads the reply to its end. */
async function exchange(socket: Socket, request: string): Promise<string> {
  socket.end(request);
  let reply = '';
  for await (const piece of socket.setEncoding('utf8')) reply += String(piece);
  return reply;
}
