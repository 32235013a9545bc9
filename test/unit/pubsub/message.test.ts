import { runInNewContext } from 'node:vm';
import { InvalidMessageError, Message, defineMessage, getUniqueNameForMessage } from 'amqp-messenger/pubsub';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';

class OrderPlaced extends defineMessage<{ id: number; at?: Date; lines?: { sku: string }[]; raw?: Uint8Array }>(
  'order.placed',
) {
  get label(): string {
    return `order ${this.id}`;
  }
}
const Anything = defineMessage<Record<string, unknown>>('anything');

/** Whatever a message can hold. */
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$date', '$$x', '$', '__proto__')), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;
const fields = fc
  .dictionary(fc.string(), value, { maxKeys: 6 })
  .filter((record) => Object.keys(record).every((key) => !(key in Message.prototype)));

describe('a message', () => {
  it('has its fields, the methods of its class, and the name of its type', () => {
    const order = new OrderPlaced({ id: 7 });
    expect(Object.entries(order)).toEqual([['id', 7]]);
    expect(order.label).toBe('order 7');
    expect(getUniqueNameForMessage(order)).toBe('order.placed');
    expect(getUniqueNameForMessage(OrderPlaced)).toBe('order.placed');
  });

  it('cannot be changed, however deep', () => {
    const lines = [{ sku: 'a' }];
    const at = new Date(0);
    const raw = new Uint8Array([1]);
    const order = new OrderPlaced({ id: 1, at, lines, raw });
    lines[0]!.sku = 'b';
    lines.push({ sku: 'c' });
    at.setTime(1);
    raw[0] = 2;
    order.at?.setTime(2);
    order.raw?.fill(3);
    expect(() => Object.assign(order, { id: 2 })).toThrow(TypeError);
    expect(() => Object.assign(order.lines![0]!, { sku: 'd' })).toThrow(TypeError);
    expect(() => (order.lines as { sku: string }[]).push({ sku: 'e' })).toThrow(TypeError);
    expect(
      order.equals(new OrderPlaced({ id: 1, at: new Date(0), lines: [{ sku: 'a' }], raw: Buffer.from([1]) })),
    ).toBe(true);
  });

  it('cannot get fields of its own from a class that extends it', () => {
    class Late extends defineMessage('late') {
      field = 1;
    }
    expect(() => new Late()).toThrow(TypeError);
  });

  it('comes back equal from JSON text, with the same hash, whatever it holds', () => {
    fc.assert(
      fc.property(fields, (record) => {
        const message = new Anything(record);
        const text = JSON.stringify(message);
        const back = Anything.fromJSON(JSON.parse(text));
        expect(back.equals(message)).toBe(true);
        expect(back.hash()).toBe(message.hash());
        expect(Object.fromEntries(Object.entries(back))).toEqual(Object.fromEntries(Object.entries(message)));
        expect(JSON.stringify(back)).toBe(text);
      }),
    );
  });

  it('is equal only to messages of the same name with the same fields', () => {
    const order = new OrderPlaced({ id: 1 });
    class Other extends defineMessage<{ id: number }>('other') {}
    expect(order.equals(new OrderPlaced({ id: 1 }))).toBe(true);
    expect(order.equals(order)).toBe(true);
    for (const other of [new OrderPlaced({ id: 2 }), new Other({ id: 1 }), { id: 1 }, null, undefined]) {
      expect(order.equals(other)).toBe(false);
    }
    expect(new Anything({ a: 1, b: 0 }).equals(new Anything({ b: 0, a: 1 }))).toBe(true);
    expect(new Anything({ a: 1 }).equals(new Anything({ a: 1n }))).toBe(false);
    expect(new Anything({ a: 0 }).equals(new Anything({ a: -0 }))).toBe(false);
    expect(order.hash()).not.toBe(new Other({ id: 1 }).hash());
  });

  it('leaves out fields that are undefined', () => {
    expect(new Anything({ a: undefined, b: { c: undefined } }).equals(new Anything({ b: {} }))).toBe(true);
  });

  it('is not changed by a field called __proto__', () => {
    expect(() => Anything.fromJSON(JSON.parse('{"__proto__": {"polluted": true}}'))).toThrow(InvalidMessageError);
    const hostile = Anything.fromJSON(JSON.parse('{"inner": {"__proto__": {"polluted": true}}}'));
    const inner = hostile['inner'] as object;
    expect(Object.keys(inner)).toEqual(['__proto__']);
    expect('polluted' in inner).toBe(false);
  });

  it.each([
    ['a function', { a: () => 1 }, 'a is function'],
    ['a symbol', { a: { b: Symbol('c') } }, 'a.b is symbol'],
    ['an object of a class', { a: new Map() }, 'a is an object of class Map'],
    ['an object of another realm', { a: runInNewContext('({})') as unknown }, 'a is an object of class Object'],
    ['a date without a time', { a: new Date(NaN) }, 'a is a Date without a time'],
    ['a list with undefined in it', { a: [1, undefined] }, 'a.1 is undefined'],
    ['a list with a hole', { a: [1, , 2] }, 'a.1 is undefined'],
    ['a field that would hide a method', { toJSON: 1 }, 'cannot have a field toJSON'],
  ])('refuses %s', (_what, bad, problem) => {
    expect(() => new Anything(bad)).toThrow(InvalidMessageError);
    expect(() => new Anything(bad)).toThrow(problem);
  });

  it('refuses cyclic data and data that is nested too deep', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(() => new Anything(loop)).toThrow('nested deeper than 32 levels');
    let deep: unknown = 0;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => new Anything({ deep })).toThrow('nested deeper than 32 levels');
    const text = `{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => Anything.fromJSON(JSON.parse(text))).toThrow('nested deeper than 32 levels');
  });

  it.each([new Date(0), 1n, new Uint8Array(1), NaN, 1])('reads back %o from as deep as it may be', (leaf) => {
    let value: unknown = leaf;
    for (let level = 0; level < 31; level++) value = [value];
    const deep = new Anything({ value });
    expect(Anything.fromJSON(JSON.parse(JSON.stringify(deep))).equals(deep)).toBe(true);
    expect(() => new Anything({ value: [value] })).toThrow('nested deeper than 32 levels');
  });

  it.each([
    ['a list', []],
    ['text', 'text'],
    ['null', null],
    ['an unknown special value', { a: { $regex: 'x' } }],
    ['a date that is none', { a: { $date: 'yesterday' } }],
    ['a bigint that is none', { a: { $bigint: '1e3' } }],
    ['a bigint that would take long', { a: { $bigint: '9'.repeat(10_001) } }],
    ['bytes that are no base64', { a: { $bytes: '%%' } }],
    ['a number that is none', { a: { $number: 'toString' } }],
    ['a special value among others', { a: { $date: '2020', b: 1 } }],
    ['a field that would hide a method', { equals: 1 }],
  ])('refuses JSON that is %s', (_what, json) => {
    expect(() => Anything.fromJSON(json)).toThrow(InvalidMessageError);
  });
});

describe('the name of a type', () => {
  it('is written in the source, so a minifier does not change it', () => {
    // What a minifier makes of `class OrderPlaced extends defineMessage('order.placed')`.
    const e = class extends defineMessage('order.placed') {};
    expect(getUniqueNameForMessage(e)).toBe(getUniqueNameForMessage(OrderPlaced));
  });

  it('can be given by a class that extends Message itself', () => {
    class Ping extends Message {
      static override readonly messageName = 'ping';
    }
    expect(getUniqueNameForMessage(new Ping())).toBe('ping');
  });

  it('is required', () => {
    class Nameless extends Message {}
    expect(() => getUniqueNameForMessage(Nameless)).toThrow('needs a messageName');
    expect(() => getUniqueNameForMessage(new Nameless())).toThrow(InvalidMessageError);
    // @ts-expect-error Callers in JavaScript give anything.
    expect(() => getUniqueNameForMessage(undefined)).toThrow(InvalidMessageError);
  });

  it.each(['', '.a', 'a b', 'a/b', 'a#', 'ä', 'a'.repeat(201)])('cannot be %j', (name) => {
    expect(() => defineMessage(name)).toThrow(InvalidMessageError);
  });
});
