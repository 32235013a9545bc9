import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on a free port, or on `port`. It is closed, with every connection, when the test is over. */
export async function serve(
  listener: RequestListener,
  port = 0,
): Promise<{ server: Server; url: string; port: number }> {
  const server = createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // It listens on TCP.
  const { port: taken } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${taken}/`, port: taken };
}

/** A response that is not read until the test does. It is destroyed when the test is over. */
export async function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<IncomingMessage> {
  const request = get(url, { headers, method, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  onTestFinished(() => void response.destroy());
  return response;
}

/** Reads until the text is there. Returns everything read. */
export async function readUntil(response: IncomingMessage, text: string): Promise<string> {
  let read = '';
  while (!read.includes(text)) {
    // Node's streams give null when there is nothing.
    const chunk = response.read() as Buffer | null;
    if (chunk !== null) read += chunk.toString();
    else if (response.readableEnded) throw new Error(`The response has ended without ${text}: ${read}`);
    else await readableOrEnd(response);
  }
  return read;
}

async function readableOrEnd(response: IncomingMessage): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(response, 'readable', { signal }), once(response, 'end', { signal })]);
  waiting.abort();
}

/** Resolves when it is so. Looks at every turn of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
