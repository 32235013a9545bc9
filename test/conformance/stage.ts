import { InterruptError, Messenger } from 'amqp-messenger';
import { onTestFinished } from 'vitest';
import type { Awaitable, Party, PartyDelivery } from './party.js';

/** How to make the messengers of one side. */
export interface Side {
  readonly isOurs: boolean;
  /** A port to listen on. */
  port(): Awaitable<number>;
  create(name: string): Party;
  /** Takes a messenger away when the test is over. */
  dispose(party: Party): Awaitable<void>;
}

/** Messengers of ours. The time-outs only bound a test that fails, or a resolver that does not answer. */
export const OURS: Side = {
  isOurs: true,
  port: () => 0,
  create: (name) =>
    new Messenger({ name, timeout: 15_000, connectTimeout: 5000, dialPeerHosts: true, containerIdsAsHosts: true }),
  dispose: (party) => (party instanceof Messenger ? party.close() : undefined),
};

/** What a server has seen, in order. */
export type Seen = PartyDelivery['message'][];

/** Where one check runs: a client, a server, and who plays them. They are stopped when the test is over. */
export class Stage {
  readonly clients: Side;
  readonly servers: Side;
  readonly client: Party;
  readonly server: Party;
  /** Where the server listens, up to the path. */
  address = '';
  #endLoop: (() => Promise<void>) | undefined;

  constructor(clients: Side, servers: Side) {
    this.clients = clients;
    this.servers = servers;
    this.server = this.create(servers, 'server');
    // Hooks run last first: clients go while the server still answers, and its loop ends before it goes itself.
    onTestFinished(() => this.#endLoop?.());
    this.client = this.create(clients, 'client');
  }

  /** One more messenger. */
  create(side: Side, name: string): Party {
    const party = side.create(name);
    onTestFinished(() => side.dispose(party));
    return party;
  }

  /** Lets the server listen. The path of a message goes behind what this resolves with. */
  async listen(scheme: 'amqp' | 'amqps' = 'amqp'): Promise<string> {
    const subscription = this.server.subscribe(`${scheme}://~127.0.0.1:${await this.servers.port()}`);
    await subscription.ready();
    this.address = `${scheme}://127.0.0.1:${subscription.port ?? 0}`;
    return this.address;
  }

  /** Listens and then serves, as the server of most checks does: see `serve`. */
  async start(handle: Handle = answer): Promise<Seen> {
    await this.listen();
    return this.serve(handle);
  }

  /**
   * Lets the server receive, so many messages at a time, until the test is over. Each is given to `handle`.
   * Returns what it has seen; the list grows.
   */
  serve(handle: Handle = answer, credit = 10): Seen {
    return this.#run(handle, () => this.server.recv(credit));
  }

  /** As `serve`, but asks for messages only once, and then just works. */
  serveOnce(credit: number): Seen {
    let isAsked = false;
    return this.#run(answer, () => {
      if (isAsked) return this.server.work();
      isAsked = true;
      return this.server.recv(credit);
    });
  }

  #run(handle: Handle, wait: () => Promise<unknown>): Seen {
    const seen: Seen = [];
    const { server } = this;
    const { isOurs } = this.servers;
    let isRunning = true;
    let isEnding = false;
    const run = async (): Promise<void> => {
      // An interruption ends our call that waits, or else the next. C's may miss it when a message is there already.
      while (isOurs || !isEnding) {
        await wait();
        for (let next = await server.get(); next !== undefined; next = await server.get()) {
          seen.push(next.message);
          await handle(server, next);
        }
      }
    };
    const ended = run()
      .catch((error: unknown) => {
        if (!(error instanceof InterruptError)) throw error;
      })
      .finally(() => (isRunning = false));
    // Told by the hook that awaits it.
    ended.catch(() => undefined);
    this.#endLoop = () => {
      isEnding = true;
      if (isRunning) server.interrupt();
      return ended;
    };
    return seen;
  }
}

/** What a server does with a message. */
export type Handle = (server: Party, delivery: PartyDelivery) => Promise<void>;

/** The body of a message that `answer` rejects. */
export const REJECT_ME = '*REJECT-ME*';

/** Accepts or rejects a message, and sends it back to where it wants its answer. */
export const answer: Handle = async (server, { message }) => {
  if (message.body === REJECT_ME) await server.reject();
  else await server.accept();
  await reply(server, message);
};

/** Sends a message back to where it wants its answer. */
export async function reply(server: Party, { replyTo, subject, body }: PartyDelivery['message']): Promise<void> {
  if (replyTo === undefined) return;
  await server.put({ address: replyTo, subject, body });
  await server.settle();
}

/** Takes this many messages, each given to `look` as it is got. Asks for no more than are left. */
export async function receive(
  party: Party,
  count: number,
  look?: (delivery: PartyDelivery) => Awaitable<void>,
): Promise<PartyDelivery[]> {
  const received: PartyDelivery[] = [];
  while (received.length < count) {
    await party.recv(count - received.length);
    for (let next = await party.get(); next !== undefined; next = await party.get()) {
      await look?.(next);
      received.push(next);
    }
  }
  return received;
}

/** Lets messengers work until something holds. What never holds ends with the time limit of the test. */
export async function until(holds: () => Awaitable<boolean>, ...parties: Party[]): Promise<void> {
  while (!(await holds())) await Promise.all(parties.map((party) => party.work(10)));
}
