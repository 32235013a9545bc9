import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the proxy does to the bytes that pass, in both directions. */
export interface Faults {
  /** Pass them on one by one, a turn of the event loop each. */
  singleBytes?: boolean;
  /** Cut both sockets, once, when this many bytes have come from the client. */
  cutAfter?: number | undefined;
  /** Hold each chunk back for this long, in milliseconds. */
  delay?: number;
}

/** Stands between a client and a server and does to their connection what networks do. Gone when the test is. */
export class FaultProxy {
  readonly port: number;
  /** May be changed at any time. */
  readonly faults: Faults;
  /** Connections made so far. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #swallows = false;

  private constructor(server: Server, target: number, faults: Faults) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.faults = faults;
    server.on('connection', (client) => this.#join(client, target));
  }

  /** Listens on a free port of 127.0.0.1 and passes on to `target`, another one. */
  static async listen(target: number, faults: Faults = {}): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new FaultProxy(server, target, faults);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /** Cuts every connection now. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Passes nothing on any more, without closing anything: a peer whose cable is pulled. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Reads nothing any more, so that both sides fill up; `flowOn` ends it. */
  stall(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  flowOn(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #join(client: Socket, target: number): void {
    this.connections++;
    const server = connect(target, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    let fromClient = 0;
    let isCut = false;
    const counted = (chunk: Buffer): Buffer => {
      const { cutAfter = Infinity } = this.faults;
      const passes = isCut ? 0 : Math.min(chunk.length, cutAfter - fromClient);
      fromClient += chunk.length;
      if (!isCut && fromClient >= cutAfter) {
        isCut = true;
        this.faults.cutAfter = undefined;
        setImmediate(() => pair.forEach((socket) => socket.destroy()));
      }
      return chunk.subarray(0, passes);
    };
    this.#pass(client, server, counted);
    this.#pass(server, client, (chunk) => chunk);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        pair.forEach((other) => other.destroy());
      });
    }
  }

  #pass(from: Socket, to: Socket, filter: (chunk: Buffer) => Buffer): void {
    let last: Promise<void> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      if (this.#swallows) return;
      const bytes = filter(chunk);
      if (this.faults.singleBytes !== true && this.faults.delay === undefined) to.write(bytes);
      else last = last.then(() => this.#slowly(bytes, to));
    });
  }

  async #slowly(bytes: Buffer, to: Socket): Promise<void> {
    const { delay = 0, singleBytes = false } = this.faults;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (!singleBytes) {
      to.write(bytes);
      return;
    }
    for (const byte of bytes) {
      to.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
