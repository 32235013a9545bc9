import { once } from 'node:events';
import { Messenger } from 'amqp-messenger';
import type { Body, Delivery, Message, ReceivedMessage } from 'amqp-messenger';
import { describe, expect, expectTypeOf, it } from 'vitest';

interface Line {
  sku: string;
  note?: string;
}

interface Order {
  id: number;
  lines: readonly Line[];
  placed: Date;
  parent?: Order;
}

class Basket {
  readonly items: string[] = [];
  total(): number {
    return this.items.length;
  }
}

/** Never called: what is in it compiles, or does not where it says so. */
async function compiles(messenger: Messenger, order: Order, unknown: unknown, delivery: Delivery): Promise<void> {
  messenger.put({ address: 'orders', body: order });
  messenger.put({ address: 'orders', body: { ...order, tags: new Map([['first', order]]) } });
  messenger.put({ address: 'orders', body: [1, 'two', Buffer.from('three'), order] });
  messenger.put({ address: 'orders' });
  const message: Message<Order> = { address: 'orders', body: order };
  messenger.put(message);
  messenger.put(delivery.message);
  messenger.put({ ...delivery.message.toObject(), address: 'elsewhere' });
  messenger.reply(delivery, { body: order });
  expectTypeOf(await messenger.request({ address: 'orders', body: order })).toEqualTypeOf<ReceivedMessage>();
  for await (const received of messenger.receive<Order>()) {
    expectTypeOf(received.message.body).toEqualTypeOf<Order>();
    messenger.put(received.message);
  }
  expectTypeOf(messenger.get<Order>()?.message.body).toEqualTypeOf<Order | undefined>();
  expectTypeOf(messenger.get()?.message.body).toEqualTypeOf<Body>();

  // @ts-expect-error a method cannot be sent, and the error names it
  messenger.put({ address: 'orders', body: { id: 1, run: () => 1 } });
  // @ts-expect-error nor can an object with methods
  messenger.put({ address: 'orders', body: new Basket() });
  // @ts-expect-error nor what nobody knows
  messenger.put({ address: 'orders', body: unknown });
  // @ts-expect-error address is spelled otherwise
  messenger.put({ adress: 'orders', body: 1 });
}

/** Likewise. */
async function listens(messenger: Messenger): Promise<void> {
  // Node's own functions take a messenger for an emitter.
  await once(messenger, 'error');
  messenger.on('error', (error) => expectTypeOf(error.code).toBeString());
  messenger.once('config', ({ needRestart }) => expectTypeOf(needRestart).toEqualTypeOf<readonly string[]>());
  // @ts-expect-error error is spelled otherwise
  messenger.on('eror', () => undefined);
  // @ts-expect-error connection is spelled otherwise
  messenger.once('conection', () => undefined);
  // @ts-expect-error a listener of error gets an error
  messenger.on('error', (error: number) => error);
}

describe('the types of a messenger', () => {
  it('take interfaces for bodies, and no name of an event that there is not', () => {
    // The compiler has looked at them.
    expect([compiles, listens].every((check) => typeof check === 'function')).toBe(true);
    expect(new Messenger().listenerCount('error')).toBe(0);
  });
});
