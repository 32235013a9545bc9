import { Duplex } from 'node:stream';
import type { DialOptions, Listener, PortOptions } from '../../src/index.js';
import { Pipe } from './pipe.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/** One end of a connection: what the code under test holds. */
class End extends Duplex {
  readonly out: Pipe;
  /** What the other end writes. */
  in!: Pipe;

  constructor(out: Pipe) {
    super({ allowHalfOpen: false, highWaterMark: 65_536 });
    this.out = out;
    out.source = this;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.out.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.out.end();
    done();
  }

  override _read(): void {
    this.in.read();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.out.abort();
    done(error);
  }
}

/** A connection between two machines. */
export class Wire {
  readonly id: number;
  readonly client: string;
  readonly server: string;
  readonly dialled: End;
  readonly accepted: End;
  isAccepted = false;
  /** From who has dialled, and to it. */
  readonly pipes: readonly [Pipe, Pipe];

  constructor(id: number, client: string, server: string, scheduler: Scheduler, random: Random, trace: Trace) {
    this.id = id;
    this.client = client;
    this.server = server;
    const out = new Pipe(scheduler, random, (what) => trace(`wire ${id} > ${what}`));
    const back = new Pipe(scheduler, random, (what) => trace(`wire ${id} < ${what}`));
    this.dialled = new End(out);
    this.accepted = new End(back);
    out.target = this.accepted;
    back.target = this.dialled;
    this.dialled.in = back;
    this.accepted.in = out;
    this.pipes = [out, back];
  }

  get isOver(): boolean {
    return this.dialled.destroyed && this.accepted.destroyed;
  }

  /** Cuts it at any byte: some of what is on its way arrives, and then both ends are told, or find out. */
  cut(random: Random): void {
    for (const pipe of this.pipes) pipe.cut(random);
    this.dialled.destroy(systemError('ECONNRESET'));
    // Whom nobody has accepted yet has nobody to tell.
    this.accepted.destroy(this.isAccepted ? systemError('ECONNRESET') : undefined);
  }

  /** From now on nothing arrives, and nobody is told. */
  vanish(): void {
    for (const pipe of this.pipes) pipe.vanish();
  }
}

type Trace = (line: string) => void;
type Accept = (stream: Duplex) => void;

/** The network between the machines of the world. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #listeners = new Map<string, Accept>();
  readonly #parted = new Set<string>();
  readonly #refusing = new Set<string>();
  #wires: Wire[] = [];
  #count = 0;

  constructor(scheduler: Scheduler, random: Random, trace: Trace) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#trace = trace;
  }

  /** The connections that at least one end has open. */
  get wires(): readonly Wire[] {
    this.#wires = this.#wires.filter((wire) => !wire.isOver);
    return this.#wires;
  }

  /** How a machine of this name connects. */
  dialler(client: string): (options: DialOptions, connected: () => void) => Duplex {
    return ({ host }, connected) => {
      const wire = new Wire(this.#count++, client, host, this.#scheduler, this.#random.fork(), this.#trace);
      this.#wires.push(wire);
      this.#scheduler.at(this.#random.between(0.1, 5), () => this.#arrive(wire, connected));
      return wire.dialled;
    };
  }

  /** How a machine of this name listens. */
  listener(server: string): (options: PortOptions, accept: Accept) => Promise<Listener> {
    return ({ port }, accept) => {
      this.#listeners.set(server, accept);
      const mine = (): readonly Wire[] => this.wires.filter((wire) => wire.server === server);
      const gone = async (): Promise<void> => {
        while (mine().some(({ accepted }) => !accepted.destroyed)) await this.#scheduler.sleep(1);
      };
      return Promise.resolve({
        port,
        close: () => {
          this.#listeners.delete(server);
          return gone();
        },
        destroy: () => mine().forEach(({ accepted }) => accepted.destroy()),
      });
    };
  }

  /** Between the two nothing gets through, until `mend`. */
  part(client: string, server: string): void {
    this.#parted.add(between(client, server));
    this.#stall();
  }

  /** The server takes no connection, until `mend`. */
  refuse(server: string): void {
    this.#refusing.add(server);
  }

  /** Everything works again, but for connections that have vanished. */
  mend(): void {
    this.#parted.clear();
    this.#refusing.clear();
    for (const wire of this.#wires) for (const pipe of wire.pipes) pipe.mend();
    this.#stall();
  }

  #stall(): void {
    for (const { client, server, pipes } of this.#wires) {
      const isParted = this.#parted.has(between(client, server));
      for (const pipe of pipes) pipe.stall('parted', isParted);
    }
  }

  #arrive(wire: Wire, connected: () => void): void {
    const { client, server, dialled, accepted } = wire;
    if (dialled.destroyed) {
      accepted.destroy();
      return;
    }
    if (this.#parted.has(between(client, server))) {
      this.#scheduler.at(100, () => this.#arrive(wire, connected));
      return;
    }
    const accept = this.#listeners.get(server);
    if (accept === undefined || this.#refusing.has(server)) {
      this.#trace(`wire ${wire.id} ${client} → ${server} refused`);
      accepted.destroy();
      dialled.destroy(systemError('ECONNREFUSED'));
      return;
    }
    this.#trace(`wire ${wire.id} ${client} → ${server}`);
    for (const pipe of wire.pipes) pipe.stall('opening', false);
    wire.isAccepted = true;
    accept(accepted);
    this.#scheduler.at(this.#random.between(0.1, 5), () => {
      if (!dialled.destroyed) connected();
    });
  }
}

function between(client: string, server: string): string {
  return `${client} ${server}`;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}
