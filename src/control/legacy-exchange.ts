import { opensStream } from './command.js';
import type { Command } from './command.js';
import type { Controller } from './controller.js';
import { eventText } from './json-line.js';
import { legacyReply } from './legacy-error.js';
import { readLegacyRequest } from './legacy-request.js';
import type { RemoteStream } from './remote-stream.js';
import type { SocketOutput } from './socket-output.js';
import { isToken } from './token.js';
import { authenticationError } from './wire-error.js';

/** The answer of the legacy protocol when there is nothing else to say. */
const ACKNOWLEDGED = 'ack';

/**
 * One connection of the legacy protocol: one request, which ends where the client's side of the connection ends, and one
 * reply, or the events of a stream, a line each.
 */
export class LegacyExchange {
  readonly #controller: Controller;
  readonly #token: string | undefined;
  readonly #output: SocketOutput;
  #stream: RemoteStream | undefined;

  constructor(controller: Controller, token: string | undefined, output: SocketOutput) {
    this.#controller = controller;
    this.#token = token;
    this.#output = output;
  }

  /** Answers a request, and resolves with what is left to say when the stream is over, if it has opened one. */
  async answer(request: Buffer): Promise<string> {
    let command: Command | undefined;
    try {
      const read = readLegacyRequest(request);
      if (this.#token !== undefined && !isToken(this.#token, read.token)) {
        throw authenticationError('The server wants a token. Send it with the key token.');
      }
      command = read.command;
      if (command === undefined) return '';
      if (!opensStream(command)) return (await this.#controller.run(command)) ?? ACKNOWLEDGED;
      this.#stream = this.#controller.open(command);
      await this.#pump(this.#stream);
      return '';
    } catch (error) {
      return legacyReply(error, command);
    } finally {
      this.end();
    }
  }

  /** Ends its stream. */
  end(): void {
    this.#stream?.end();
  }

  async #pump(stream: RemoteStream): Promise<void> {
    let next = await stream.next();
    while (next !== undefined && (await this.#output.write(`${eventText(next.event)}\n`))) next = await stream.next();
  }
}
