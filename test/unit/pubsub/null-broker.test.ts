import { BrokerClosedError, NullBroker, defineMessage } from 'amqp-messenger/pubsub';
import { expect, it, vi } from 'vitest';

class Ping extends defineMessage('ping') {}

it('NullBroker swallows everything, and is checked and closed as any broker', async () => {
  const broker = new NullBroker();
  const handler = vi.fn();
  const direct = await broker.subscribe(Ping, handler).ready();
  const queued = await broker.subscribeAsync(Ping, handler, 'work').ready();
  await broker.publish(new Ping());
  await expect(broker.publish({} as never)).rejects.toMatchObject({ code: 'ERR_MESSAGE' });
  await broker.close();
  await expect(broker.publish(new Ping())).rejects.toThrow(BrokerClosedError);
  expect([direct.closed, queued.closed]).toEqual([true, true]);
  expect(handler).not.toHaveBeenCalled();
});
