import { once } from 'node:events';
import type { ConnectionEvent, EmbeddedBroker, LinkEvent } from 'amqp-messenger/broker';
import rhea from 'rhea';
import { describe, expect, it } from 'vitest';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';

const ERROR = { condition: 'amqp:internal-error', description: 'cannot go on' };

/** A broker with one message in the queue `q`. */
async function brokerWithMessage(): Promise<EmbeddedBroker> {
  const broker = await startBroker();
  const messenger = createTrackingMessenger();
  messenger.put({ address: `${broker.url}/q`, body: 'x' });
  await messenger.send();
  await messenger.close();
  return broker;
}

/** A scripted client to whom the message has been delivered. */
async function holdMessage(broker: EmbeddedBroker): Promise<{ wire: Wire; link: WireLink }> {
  const wire = await Wire.dial(broker.port);
  await wire.begin();
  const link = await wire.attach('receiver', 'q');
  wire.grant(link, 1);
  await wire.read('transfer');
  return { wire, link };
}

/** The delivery-count of the message when it is delivered again. */
async function deliveryCount(broker: EmbeddedBroker): Promise<number> {
  await expect.poll(() => broker.queue('q')).toMatchObject({ depth: 1, consumers: 0 });
  const messenger = createTrackingMessenger();
  messenger.subscribe(`${broker.url}/q`);
  const [delivery] = await receive(messenger, 1);
  const { deliveryCount: count } = delivery!.message;
  delivery!.accept();
  return count;
}

describe('a message that a client has not dealt with', () => {
  it.each<[how: string, leave: (wire: Wire, link: WireLink) => unknown]>([
    ['closes its link', (wire, { handle }) => wire.send('detach', { handle, closed: true })],
    ['detaches its link', (wire, { handle }) => wire.send('detach', { handle })],
    ['ends its session', (wire) => wire.send('end')],
    ['closes its connection', (wire) => wire.send('close')],
    ['closes its connection and hangs up', (wire) => (wire.send('close'), wire.socket.end())],
  ])('has not failed when the client %s', async (_how, leave) => {
    const broker = await brokerWithMessage();
    const { wire, link } = await holdMessage(broker);
    leave(wire, link);
    expect(await deliveryCount(broker)).toBe(0);
    wire.destroy();
  });

  it.each<[how: string, leave: (wire: Wire) => unknown]>([
    ['is cut off', (wire) => wire.destroy()],
    ['hangs up without a word', (wire) => wire.socket.end()],
    ['ends its session with an error', (wire) => wire.send('end', { error: ERROR })],
    ['closes its connection with an error', (wire) => wire.send('close', { error: ERROR })],
    ['breaks the protocol', (wire) => wire.write(Buffer.from([0, 0, 0, 1, 2, 0, 0, 0]))],
  ])('has failed once when the client %s', async (_how, leave) => {
    const broker = await brokerWithMessage();
    const { wire } = await holdMessage(broker);
    leave(wire);
    expect(await deliveryCount(broker)).toBe(1);
    wire.destroy();
  });

  it('has not failed when the broker stops', async () => {
    const broker = await brokerWithMessage();
    await holdMessage(broker);
    await broker.stop();
    await broker.start();
    expect(await deliveryCount(broker)).toBe(0);
  });

  it('stays out of the dead letters, however often rhea looks at it and closes its connection', async () => {
    const broker = await brokerWithMessage();
    for (let look = 0; look < 12; look++) {
      const connection = rhea.create_container().connect({ port: broker.port, host: '127.0.0.1', reconnect: false });
      connection.on('message', () => connection.close());
      connection.open_receiver({ source: 'q', autoaccept: false, credit_window: 1 });
      await once(connection, 'connection_close');
      await expect.poll(() => broker.queue('q').consumers).toBe(0);
    }
    expect(await deliveryCount(broker)).toBe(0);
    expect(broker.queue('q')).toMatchObject({ redelivered: 12, deadLettered: 0 });
  });

  it.each<[how: string, leave: 'close' | 'stop']>([
    ['is closed', 'close'],
    ['stops', 'stop'],
  ])('has not failed when a Messenger that has prefetched it %s', async (_how, leave) => {
    const broker = await brokerWithMessage();
    const messenger = createTrackingMessenger();
    messenger.subscribe(`${broker.url}/q`, { credit: 5 });
    await expect.poll(() => messenger.incoming).toBe(1);
    await messenger[leave]();
    expect(await deliveryCount(broker)).toBe(0);
  });
});

describe('the end of a connection is told by the embedded broker', () => {
  /** The events of a client that leaves, with whether each has an error. */
  async function ends(leave: (wire: Wire) => unknown): Promise<Record<string, boolean>> {
    const broker = await brokerWithMessage();
    const { wire } = await holdMessage(broker);
    const link = new Promise<LinkEvent>((resolve) => broker.once('link', resolve));
    const connection = new Promise<ConnectionEvent>((resolve) => broker.once('connection', resolve));
    leave(wire);
    const [linkEvent, connectionEvent] = await Promise.all([link, connection]);
    expect([linkEvent.state, connectionEvent.state]).toEqual(['ended', 'closed']);
    return { link: linkEvent.error !== undefined, connection: connectionEvent.error !== undefined };
  }

  it('without an error when the client has closed it', async () => {
    expect(await ends((wire) => wire.send('close'))).toEqual({ link: false, connection: false });
  });

  it('with an error when it was lost, or closed with one', async () => {
    expect(await ends((wire) => wire.destroy())).toEqual({ link: true, connection: true });
    expect(await ends((wire) => wire.send('close', { error: ERROR }))).toEqual({ link: true, connection: true });
  });
});
