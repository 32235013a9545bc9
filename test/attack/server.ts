import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What may be attacked. */
export type Role = 'broker' | 'listener';

const program = fileURLToPath(new URL('server.mjs', import.meta.url));

/** A broker or a listener in a process of its own. */
export class Server {
  readonly role: Role;
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(role: Role, child: ChildProcess, port: number) {
    this.role = role;
    this.#child = child;
    this.port = port;
  }

  static async start(role: Role): Promise<Server> {
    const child = fork(program, [role], { execArgv: ['--expose-gc'] });
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    return new Server(role, child, port);
  }

  /** The bytes of memory that are in use, garbage aside. Throws when it is dead. */
  memory(): Promise<number> {
    return this.#ask('memory');
  }

  /** The milliseconds that the processor has worked for it, once it has nothing left to do. Throws likewise. */
  time(): Promise<number> {
    return this.#ask('time');
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(what: string): Promise<number> {
    if (this.#child.exitCode !== null) throw new Error(`The ${this.role} has ended with ${this.#child.exitCode}.`);
    this.#child.send(what);
    const [answer] = (await once(this.#child, 'message')) as [number];
    return answer;
  }
}
