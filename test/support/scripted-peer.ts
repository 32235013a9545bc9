import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { Wire } from './wire.js';

/** Listens as a broker would; each connection is a `Wire` that the test plays. Gone when the test is. */
export class ScriptedPeer {
  readonly port: number;
  readonly #server: Server;
  readonly #wires: Wire[] = [];
  readonly #arrived: Wire[] = [];
  readonly #waiting: ((wire: Wire) => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => {
      const wire = new Wire(socket);
      this.#wires.push(wire);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#arrived.push(wire);
      else waiting(wire);
    });
  }

  /** Listens on a free port of 127.0.0.1. */
  static async listen(): Promise<ScriptedPeer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = new ScriptedPeer(server);
    onTestFinished(() => peer.close());
    return peer;
  }

  /** The address of a node here. */
  address(node: string): string {
    return `amqp://127.0.0.1:${this.port}/${node}`;
  }

  /** Connections made so far. */
  get connections(): number {
    return this.#wires.length;
  }

  /** The next connection, when it comes. */
  accept(): Promise<Wire> {
    const wire = this.#arrived.shift();
    return wire === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(wire);
  }

  /** Cuts all connections and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const wire of this.#wires) wire.destroy();
    await closed;
  }
}
