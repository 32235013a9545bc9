import { AuthenticationError, MessagingError, asError } from '../../errors.js';
import type { Messenger } from '../../messenger/messenger.js';
import { EXIT, exitCodeOf } from '../exit.js';
import { spellingFor } from '../rabbitmq-address.js';
import { Deadline } from './deadline.js';
import { errorOf } from './network.js';
import { bad, good } from './step.js';
import type { Step } from './step.js';

const FIXES: Readonly<Record<string, string>> = {
  'amqp:not-found':
    'Create the queue, or check its name. RabbitMQ 4 wants //queues/name behind the host, RabbitMQ 3 //amq/queue/name.',
  'amqp:unauthorized-access': 'Give the user the right to read from it.',
  'amqp:not-allowed': 'The broker does not allow it: look at its policies and at the rights of the user.',
  'amqp:resource-locked': 'Somebody else has it for themselves. Wait, or use another queue.',
  'amqp:resource-limit-exceeded': 'The broker is at a limit: too many links, or a queue that is full.',
  'amqp:not-implemented': 'The broker cannot do that with this address. Check how it names queues.',
};

/** Opens a connection as every messenger does. The messenger has one route, to the peer. */
export async function checkOpen(messenger: Messenger, timeout: number, origin: string | undefined): Promise<Step> {
  const begin = performance.now();
  try {
    await messenger.start({ checkRoutes: true, timeout });
    return good('open', `the connection is open, after ${Math.round(performance.now() - begin)} ms`);
  } catch (error) {
    const { message } = asError(error);
    const isRefused = error instanceof AuthenticationError;
    const isClear = isRefused && message.includes('clear text');
    const fix = isClear
      ? 'Use amqps://. --allow-clear-text sends it all the same.'
      : isRefused
        ? `Check user and password${origin === undefined ? '' : `, which is that of ${origin}`}, and that the user may log in from here.`
        : 'Look into the log of the broker: it has closed the connection.';
    return bad('open', exitCodeOf(error), fix, message);
  }
}

/** Attaches a link to a node, without taking a message. */
export async function checkLink(messenger: Messenger, peer: string, node: string, timeout: number): Promise<Step> {
  const subscription = messenger.subscribe(`${peer}/${node}`, { credit: 0 });
  using deadline = new Deadline(timeout);
  try {
    await deadline.bound(subscription.ready());
    return good('link', 'the node is there and can be received from');
  } catch (error) {
    if (errorOf(error).code === 'ETIMEDOUT') {
      const found = `the peer has not answered within ${timeout} ms`;
      return bad('link', EXIT.timeout, 'Look into the log of the broker.', found);
    }
    const condition = error instanceof MessagingError ? error.condition : undefined;
    const fix = spellingFor(error, node) ?? FIXES[condition ?? ''] ?? 'Look into the log of the broker.';
    return bad('link', exitCodeOf(error), fix, asError(error).message);
  }
}
