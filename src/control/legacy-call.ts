import { TimeoutError, asError } from '../errors.js';
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
  const giveUp = (error: Error): void => void socket.destroy(error);
  const onAbort = (): void => giveUp(asError(signal?.reason));
  const timer = settings.clock.setTimeout(() => giveUp(new TimeoutError(`No reply for ${timeout} ms.`)), timeout);
  signal?.addEventListener('abort', onAbort);
  try {
    if (signal?.aborted === true) onAbort();
    socket.end(JSON.stringify(token === undefined ? payload : { ...payload, token }));
    let reply = '';
    for await (const piece of socket.setEncoding('utf8')) reply += String(piece);
    return reply;
  } finally {
    settings.clock.clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}
