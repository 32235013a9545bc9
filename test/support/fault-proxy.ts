import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Which way bytes go: `out` from the client to the server, `in` back. */
export type Way = 'out' | 'in';

/** Where a connection is cut: when this many bytes have come from one side. What comes after is lost. */
export interface Cut {
  readonly way: Way;
  readonly after: number;
}

/** What the proxy does to the bytes that pass, in both directions. */
export interface Faults {
  /** Pass them on one by one, a turn of the event loop each. */
  singleBytes?: boolean;
  /** Cut both sockets, once, when this many bytes have come from the client. */
  cutAfter?: number | undefined;
  /** Where to cut each connection, counted from 0; `undefined` for those that are left alone. */
  cuts?: (connection: number) => Cut | undefined;
  /** Hold each chunk back for this long, in milliseconds. */
  delay?: number;
}

/** Stands between a client and a server and does to their connection what networks do. Gone when the test is. */
export class FaultProxy {
  readonly port: number;
  /** May be changed at any time. */
  readonly faults: Faults;
  /** Where to pass connections on to. May be changed at any time, for those that come. */
  target: number;
  /** Whether connections that come are dropped at once, as where nobody listens. */
  refuses = false;
  /** Connections made so far. */
  connections = 0;
  /** Connections that it has cut at a byte. */
  cutConnections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #swallows = false;

  private constructor(server: Server, target: number, faults: Faults) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.target = target;
    this.faults = faults;
    server.on('connection', (client) => {
      if (this.refuses) client.destroy();
      else this.#join(client);
    });
  }

  /** Listens on a free port of 127.0.0.1 and passes on to `target`, another one. */
  static async listen(target: number, faults: Faults = {}): Promise<FaultProxy> {
    const proxy = await FaultProxy.open(target, faults);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /** The same, outside of a test: for whoever closes it by himself. */
  static async open(target: number, faults: Faults = {}): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target, faults);
  }

  /** Cuts every connection now. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** Passes nothing on any more, without closing anything: a peer whose cable is pulled. */
  swallow(): void {
    this.#swallows = true;
  }

  /** Passes on again, what comes from now on. What was swallowed is lost. */
  passOn(): void {
    this.#swallows = false;
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

  #join(client: Socket): void {
    const cut = this.faults.cuts?.(this.connections) ?? this.#cutOnce();
    this.connections++;
    const server = connect(this.target, '127.0.0.1');
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const limit = cut === undefined ? undefined : new CutAt(cut, () => this.#sever(pair));
    this.#pass(client, server, (chunk) => limit?.take('out', chunk) ?? chunk);
    this.#pass(server, client, (chunk) => limit?.take('in', chunk) ?? chunk);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        pair.forEach((other) => other.destroy());
      });
    }
  }

  /** What `cutAfter` asks for. It holds for the first connection that gets so far. */
  #cutOnce(): Cut | undefined {
    const { cutAfter } = this.faults;
    return cutAfter === undefined ? undefined : { way: 'out', after: cutAfter };
  }

  #sever(pair: readonly Socket[]): void {
    this.cutConnections++;
    this.faults.cutAfter = undefined;
    // What stood before the cut gets through first.
    setImmediate(() => pair.forEach((socket) => socket.destroy()));
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

/** Counts what passes on one connection, and ends it at its byte. */
class CutAt {
  readonly #cut: Cut;
  readonly #reached: () => void;
  #passed = 0;
  #isReached = false;

  constructor(cut: Cut, reached: () => void) {
    this.#cut = cut;
    this.#reached = reached;
  }

  /** What of a chunk gets through. */
  take(way: Way, chunk: Buffer): Buffer {
    if (this.#isReached) return chunk.subarray(0, 0);
    if (way !== this.#cut.way) return chunk;
    const left = this.#cut.after - this.#passed;
    this.#passed += chunk.length;
    if (this.#passed < this.#cut.after) return chunk;
    this.#isReached = true;
    this.#reached();
    return chunk.subarray(0, left);
  }
}
