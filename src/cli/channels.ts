import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { Command } from 'commander';
import type { SseChannelContainer } from '../channels/sse-channel-container.js';
import { SseChannel } from '../channels/sse-channel.js';
import { SocketServer } from '../control/socket-server.js';
import { ListenError, asError } from '../errors.js';
import { CommandError, EXIT, wholeNumber } from './exit.js';

/** The path of the events of a channel. */
const CHANNEL = /^\/channels\/([^/?]+)(?:\?.*)?$/;

interface ChannelsOptions {
  socket: string;
  tokenFile?: string;
  http?: number;
  host?: string;
}

/** `amqp-messenger channels`: serves channels to other processes until it is interrupted. */
export function channelsCommand(): Command {
  return new Command('channels')
    .description('Hold channels that other processes act on over a Unix socket.')
    .requiredOption('-s, --socket <path>', 'the path of the socket')
    .option('--token-file <path>', 'a file with the token that clients must show')
    .option('--http <port>', 'serve the channels as server-sent events at /channels/<id>; 0 takes any', wholeNumber)
    .option('--host <host>', 'the address to serve them on; needs --http (default: 127.0.0.1)')
    .action(run);
}

async function run(options: ChannelsOptions): Promise<void> {
  if (options.host !== undefined && options.http === undefined) {
    throw new CommandError('--host has no effect without --http, which serves the channels there.', EXIT.usage);
  }
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await using server = new SocketServer({ path: options.socket, tokenFile: options.tokenFile });
  await server.start();
  process.stdout.write(`Listening on ${options.socket}. Ctrl-C stops it, and its channels are gone then.\n`);
  if (options.http === undefined) {
    await interrupted;
    return;
  }
  const http = await serve(server.container, options.http, options.host ?? '127.0.0.1');
  try {
    await interrupted;
  } finally {
    http.close();
    await server.container.close();
    http.closeAllConnections();
  }
}

async function serve(container: SseChannelContainer, port: number, host: string): Promise<Server> {
  const http = createServer((request, response) => {
    const channel = find(container, request.url ?? '');
    if (channel === undefined) answerNotFound(response);
    else channel.handler()(request, response);
  });
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (error) {
    throw new ListenError(`${host}:${port} cannot be listened on: ${asError(error).message}.`, { cause: error });
  }
  const address = http.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  process.stdout.write(
    `Serving channels at http://${host.includes(':') ? `[${host}]` : host}:${bound}/channels/<id>.\n`,
  );
  return http;
}

function find(container: SseChannelContainer, url: string): SseChannel | undefined {
  const encoded = CHANNEL.exec(url)?.[1];
  if (encoded === undefined) return undefined;
  let id: string;
  try {
    id = decodeURIComponent(encoded);
  } catch {
    // No channel has an id with an invalid encoding.
    return undefined;
  }
  const channel = container.has(id) ? container.get(id) : undefined;
  return channel instanceof SseChannel ? channel : undefined;
}

function answerNotFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'text/plain' });
  response.end('There is no such channel.\n');
}
