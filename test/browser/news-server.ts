import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Messenger } from 'amqp-messenger';
import { SseChannel, messageOf } from 'amqp-messenger/channels';
import type { Feed, HistorySnapshot, SseChannelOptions } from 'amqp-messenger/channels';
import { PAGE } from './page.js';

/** What `NewsServer` needs besides how its channel is. */
export interface NewsServerOptions {
  /** What to feed from. */
  readonly address: string;
  readonly port: number;
  /** Called with every message that is broadcast. */
  readonly onMessage: () => void;
}

/** A web server in front of a queue: the page, and the events. */
export class NewsServer {
  readonly channel: SseChannel;
  /** The responses of clients that were let in. */
  readonly responses: ServerResponse[] = [];
  readonly #messenger = new Messenger({ incomingWindow: -1 });
  readonly #server: Server;
  readonly #feed: Feed;

  private constructor({ address, onMessage }: NewsServerOptions, channel: SseChannel) {
    this.channel = channel;
    this.#server = createServer((request, response) => {
      if (request.url !== '/events') {
        response.setHeader('content-type', 'text/html').end(PAGE);
        return;
      }
      this.responses.push(response);
      void channel.attach(request, response);
    });
    const subscription = this.#messenger.subscribe(address, { credit: 200 });
    const source = this.#messenger.receive({ subscription });
    this.#feed = channel.feed(source, {
      map: (message) => {
        onMessage();
        return messageOf(message);
      },
    });
  }

  static async start(options: NewsServerOptions, channel: SseChannelOptions): Promise<NewsServer> {
    const started = new NewsServer(options, new SseChannel(channel));
    started.#server.listen(options.port, '127.0.0.1');
    await once(started.#server, 'listening');
    return started;
  }

  get port(): number {
    // It listens on TCP.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends like a process that is told to: nobody is told the end, and what was not sent goes back to the queue. */
  async stop(): Promise<HistorySnapshot> {
    await this.#feed.stop();
    const snapshot = this.channel.snapshot();
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#messenger.close();
    return snapshot;
  }
}
