import { once } from 'node:events';
import type { EmbeddedBroker } from 'amqp-messenger/broker';
import rhea from 'rhea';
import type { Connection, EventContext, Receiver, Source } from 'rhea';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBroker } from '../support/messengers.js';

/** rhea as its README shows it, connected. */
async function connect(broker: EmbeddedBroker, options: object = {}): Promise<Connection> {
  const container = rhea.create_container();
  const connection = container.connect({ port: broker.port, host: '127.0.0.1', reconnect: false, ...options });
  onTestFinished(() => connection.close());
  await once(connection, 'connection_open');
  return connection;
}

async function send(connection: Connection, target: string | object, ...bodies: string[]): Promise<string[]> {
  const sender = connection.open_sender(target);
  await once(sender, 'sendable');
  const outcomes: string[] = [];
  for (const outcome of ['accepted', 'rejected', 'released', 'modified'])
    sender.on(outcome, () => outcomes.push(outcome));
  for (const body of bodies) sender.send({ to: 'relayed', body });
  await expect.poll(() => outcomes.length).toBe(bodies.length);
  sender.close();
  return outcomes;
}

/** A receiver that does with each message, in order, what it is told. */
async function receive(
  connection: Connection,
  source: string | object,
  ...actions: ((context: EventContext) => void)[]
): Promise<{ receiver: Receiver; bodies: unknown[]; counts: unknown[] }> {
  const receiver = connection.open_receiver({ source, credit_window: 0, autoaccept: false } as object);
  await once(receiver, 'receiver_open');
  const bodies: unknown[] = [];
  const counts: unknown[] = [];
  receiver.on('message', (context: EventContext) => {
    bodies.push(context.message?.body);
    counts.push(context.message?.delivery_count ?? 0);
    actions[bodies.length - 1]?.(context);
    if (bodies.length < actions.length) receiver.add_credit(1);
  });
  receiver.add_credit(1);
  await expect.poll(() => bodies.length).toBe(actions.length);
  return { receiver, bodies, counts };
}

const accept = ({ delivery }: EventContext): void => delivery?.accept();

describe('the embedded broker between clients of rhea', () => {
  it('applies the outcomes that they give to messages', async () => {
    const broker = await startBroker();
    const connection = await connect(broker);
    expect(await send(connection, 'q', 'a', 'b', 'c')).toEqual(['accepted', 'accepted', 'accepted']);
    const { bodies, counts } = await receive(
      connection,
      'q',
      ({ delivery }) => delivery?.release(),
      ({ delivery }) => delivery?.modified({ delivery_failed: true, undeliverable_here: false }),
      ({ delivery }) => delivery?.reject(),
      accept,
      accept,
    );
    expect(bodies).toEqual(['a', 'a', 'a', 'b', 'c']);
    expect(counts).toEqual([0, 0, 1, 0, 0]);
    await expect.poll(() => broker.queue('q')).toMatchObject({ accepted: 2, rejected: 1, depth: 0, outstanding: 0 });
    expect(broker.queue('dead-letter').depth).toBe(1);
  });

  it('lets them browse, and drain', async () => {
    const broker = await startBroker();
    const connection = await connect(broker);
    await send(connection, 'q', 'a', 'b');
    const browsed = await receive(connection, { address: 'q', distribution_mode: 'copy' }, accept, accept);
    expect(browsed.bodies).toEqual(['a', 'b']);
    expect(broker.queue('q')).toMatchObject({ depth: 2, browsers: 1 });
    const { receiver } = await receive(connection, 'q', accept);
    receiver.drain = true;
    const drained = once(receiver, 'receiver_drained');
    receiver.add_credit(10);
    await drained;
    expect((receiver as unknown as { credit: number }).credit).toBe(0); // its typings leave it out
    expect(broker.queue('q')).toMatchObject({ depth: 0, outstanding: 1 });
  });

  it('makes dynamic nodes for them, and relays messages to the anonymous terminus by their address', async () => {
    const broker = await startBroker();
    const connection = await connect(broker);
    const receiver = connection.open_receiver({ source: { dynamic: true } as Source });
    await once(receiver, 'receiver_open');
    const message = once(receiver, 'message') as Promise<[EventContext]>;
    await send(connection, receiver.source.address, 'answer');
    const [{ message: answer }] = await message;
    expect(answer?.body).toBe('answer');
    expect(await send(connection, {}, 'x')).toEqual(['accepted']);
    expect(broker.queue('relayed').depth).toBe(1);
  });

  it('logs users in', async () => {
    const broker = await startBroker({ users: { guest: 'guest' } });
    const connection = await connect(broker, { username: 'guest', password: 'guest' });
    expect(await send(connection, 'q', 'a')).toEqual(['accepted']);
  });
});
