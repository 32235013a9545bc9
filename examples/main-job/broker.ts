import { LinkError, Messenger } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { ADDRESSES, addRoutes } from './routes.js';

/**
 * What stands between a broker and the name of a queue: the path RabbitMQ 4 wants, the one RabbitMQ 3 wants, and that of
 * all others. A path of the broker's own begins with a slash, after the one that ends the host.
 */
const PATHS = ['//queues', '//amq/queue', ''];

/** A broker that the job can use. */
export interface Broker extends AsyncDisposable {
  /** What comes before the slash and the name of a queue. */
  readonly base: string;
  /** How many messages it still holds in the queues of the job; `undefined` when it cannot be asked. */
  left(): number | undefined;
}

/** Starts a broker in this process. */
export async function startBroker(): Promise<Broker> {
  const broker = await new EmbeddedBroker({ port: 0 }).start();
  return {
    base: broker.url,
    left: () =>
      broker.queues
        .filter(({ name }) => name !== 'dead-letter')
        .reduce((sum, { depth, outstanding }) => sum + depth + outstanding, 0),
    [Symbol.asyncDispose]: () => broker.stop(),
  };
}

/**
 * Finds out, by asking, how a broker that runs already wants its queues addressed.
 *
 * @throws MessagingError when it cannot be reached, Error when it has not all the queues.
 */
export async function findBroker(url: string): Promise<Broker> {
  const server = url.replace(/\/+$/, '');
  let refusal: LinkError | undefined;
  for (const path of PATHS) {
    const base = `${server}${path}`;
    refusal = await refusalOf(base);
    if (refusal === undefined) {
      return { base, left: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
    }
    // RabbitMQ names the queue without the path when it knows paths of this form: what is missing is the queue. Asked for
    // the name alone, 4.0 would make one.
    if (refusal.message.includes("no queue '")) break;
  }
  throw new Error(
    'The broker has not all the queues of this job: orders-eu, orders-us and refunds. ' +
      `RabbitMQ and Qpid make no queue by themselves; declare the three, and start again. ${refusal?.message ?? ''}`,
    { cause: refusal },
  );
}

/** What a broker has against these addresses. */
async function refusalOf(base: string): Promise<LinkError | undefined> {
  await using messenger = new Messenger({ timeout: 10_000 });
  addRoutes(messenger, base);
  try {
    // No message comes: that takes recv().
    for (const address of ADDRESSES) await messenger.subscribe(address).ready();
    return undefined;
  } catch (error) {
    if (error instanceof LinkError) return error;
    throw error;
  }
}
