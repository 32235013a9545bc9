import { InvalidMessageError, MemoryBroker, defineMessage } from 'amqp-messenger/pubsub';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { receiveMessage } from '../../../src/pubsub/check-message.js';

const ZodOrder = defineMessage(
  'zod.order',
  z.object({ id: z.number().positive(), currency: z.string().default('EUR') }),
);
const ValibotOrder = defineMessage('valibot.order', v.object({ id: v.pipe(v.number(), v.minValue(1)) }));
const SlowOrder = defineMessage(
  'slow.order',
  z.object({ id: z.number().refine((id) => Promise.resolve(id > 0), 'must be positive') }),
);

async function refusal(published: Promise<void>): Promise<InvalidMessageError> {
  const error: unknown = await published.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidMessageError);
  return error as InvalidMessageError; // as just seen
}

describe('a schema', () => {
  it('gives a message the types of its fields', () => {
    expectTypeOf(new ZodOrder({ id: 1, currency: 'USD' }).id).toEqualTypeOf<number>();
    // @ts-expect-error There is no such field.
    expect(new ValibotOrder({ id: 1 }).currency).toBeUndefined();
  });

  it('types the argument of the constructor: a default may be left out, and a converted field has its input type', async () => {
    await using broker = new MemoryBroker();
    const Stamped = defineMessage('stamped', z.object({ at: z.coerce.date(), note: z.string().optional() }));
    const seen: unknown[] = [];
    broker.subscribe(ZodOrder, ({ currency }) => void seen.push(currency));
    broker.subscribe(Stamped, ({ at }) => void seen.push(at.getTime()));
    await broker.publish(new ZodOrder({ id: 1 }));
    await broker.publish(new Stamped({ at: '2030-01-01T00:00:00Z' }));
    expect(seen).toEqual(['EUR', Date.UTC(2030, 0)]);
    // @ts-expect-error The schema takes no text there.
    expect(() => new ZodOrder({ id: '1' })).not.toThrow();
    // @ts-expect-error The schema demands it.
    expect(() => new ZodOrder({})).not.toThrow();
    expectTypeOf(new Stamped({ at: 1 }).at).toEqualTypeOf<Date>();
    const AllDefaults = defineMessage('all.defaults', z.object({ n: z.number().default(1) }));
    expect(new AllDefaults().equals(new AllDefaults({}))).toBe(true);
  });

  it('that refuses its own output fails publish, with what to do', async () => {
    await using broker = new MemoryBroker();
    const Report = defineMessage('report', z.object({ at: z.string().transform((text) => new Date(text)) }));
    const { message, issues } = await refusal(broker.publish(new Report({ at: '2030-01-01' })));
    expect(message).toMatch(/schema of report does not take what it gives.*at: .*Transform in the handler/);
    expect(issues).toMatchObject([{ path: ['at'] }]);
  });

  it('may be that of a union, whose class is used as it is', async () => {
    await using broker = new MemoryBroker();
    const Shape = defineMessage('shape', z.union([z.object({ radius: z.number() }), z.object({ side: z.number() })]));
    const Plain = defineMessage<{ kind: 'a'; x: number } | { kind: 'b'; y: string }>('plain.union');
    const seen: unknown[] = [];
    broker.subscribe(Shape, (shape) => void seen.push('radius' in shape ? shape.radius : shape.side));
    broker.subscribe(Plain, (plain) => void seen.push(plain.kind === 'a' ? plain.x : plain.y));
    await broker.publish(new Shape({ side: 2 }));
    await broker.publish(new Plain({ kind: 'b', y: 'text' }));
    expect(seen).toEqual([2, 'text']);
  });

  it('that does not change a message is called once', async () => {
    await using broker = new MemoryBroker();
    const validate = vi.fn((value: unknown) => ({ value: { ...(value as object) } }));
    const Counted = defineMessage('counted', { '~standard': { version: 1, vendor: 'test', validate } });
    await broker.publish(new Counted({ at: new Date(0), bytes: new Uint8Array(2), list: [{ a: [1] }], zero: -0 }));
    expect(validate).toHaveBeenCalledOnce();
  });

  it('of zod or valibot lets a good message pass', async () => {
    await using broker = new MemoryBroker();
    const handler = vi.fn();
    broker.subscribe(ZodOrder, handler);
    broker.subscribe(ValibotOrder, handler);
    await broker.publish(new ZodOrder({ id: 1, currency: 'USD' }));
    await broker.publish(new ValibotOrder({ id: 1 }));
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('refuses an invalid message at publish, and names problem and field', async () => {
    await using broker = new MemoryBroker();
    const handler = vi.fn();
    broker.subscribe(ZodOrder, handler);
    const { message, issues, code } = await refusal(broker.publish(new ZodOrder({ id: -1, currency: 'USD' })));
    expect(code).toBe('ERR_MESSAGE');
    expect(message).toMatch(/zod\.order pass\. id: /);
    expect(issues).toMatchObject([{ path: ['id'] }]);
    await refusal(broker.publish(new ValibotOrder({ id: 0 })));
    expect(handler).not.toHaveBeenCalled();
  });

  it('may be asynchronous', async () => {
    await using broker = new MemoryBroker();
    const handler = vi.fn();
    broker.subscribe(SlowOrder, handler);
    const { issues } = await refusal(broker.publish(new SlowOrder({ id: -1 })));
    expect(issues).toMatchObject([{ message: 'must be positive' }]);
    await broker.publish(new SlowOrder({ id: 1 }));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('fills in defaults for messages of an older sender', async () => {
    const received = await receiveMessage(ZodOrder, { id: 1 });
    expect(received.currency).toBe('EUR');
    expect(received).toBeInstanceOf(ZodOrder);
    await expect((async () => receiveMessage(ZodOrder, { id: 'x' }))()).rejects.toThrow(InvalidMessageError);
  });

  it('fails publish when it throws, at once or later, or gives no object', async () => {
    await using broker = new MemoryBroker();
    const schema = (validate: () => never) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as const;
    const Throwing = defineMessage(
      'throwing',
      schema(() => {
        throw new RangeError('broken');
      }),
    );
    const Rejecting = defineMessage(
      'rejecting',
      schema(() => Promise.reject(new RangeError('broken')) as never),
    );
    const Odd = defineMessage(
      'odd',
      schema(() => ({ value: 1 }) as never),
    );
    expect((await refusal(broker.publish(new Throwing({})))).cause).toEqual(new RangeError('broken'));
    expect((await refusal(broker.publish(new Rejecting({})))).cause).toEqual(new RangeError('broken'));
    expect((await refusal(broker.publish(new Odd({})))).message).toContain('gives something else than an object');
  });
});
