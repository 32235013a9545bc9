import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { scanValue, skipValue } from '../../../src/codec/read.js';
import type { Body } from '../../../src/message/body.js';
import { DataBody, SequenceBody } from '../../../src/message/body.js';
import type { Message } from '../../../src/message/message.js';
import {
  AmqpArray,
  Described,
  Typed,
  byte,
  char,
  decimal64,
  double,
  float,
  int,
  short,
  symbol,
  ubyte,
  uint,
  ulong,
  ushort,
  uuid,
} from '../../../src/message/typed.js';
import type { AmqpValue } from '../../../src/message/typed.js';
import { expectSame, messageBytes, read, received, valueBytes } from './support.js';

/** A value, and what it comes in as. */
interface Pair {
  out: AmqpValue;
  back: AmqpValue;
}

const same = <Value extends AmqpValue>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Pair> =>
  arbitrary.map((value) => ({ out: value, back: value }));
const wrapped = <Value extends AmqpValue>(
  arbitrary: fc.Arbitrary<Value>,
  wrap: (value: Value) => AmqpValue,
): fc.Arbitrary<Pair> => arbitrary.map((value) => ({ out: wrap(value), back: value }));

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 60 });
const buffer = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const safe = fc.maxSafeInteger().map((value) => value || 0);
const asLong = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

const scalar: fc.Arbitrary<Pair> = fc.oneof(
  same(fc.constantFrom(null, true, false)),
  same(safe),
  same(fc.double()),
  same(text),
  same(buffer),
  same(fc.date({ noInvalidDate: true })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((value) => ({ out: value, back: asLong(value) })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ out: ulong(value), back: asLong(value) })),
  wrapped(fc.integer({ min: 0, max: 0xff }), ubyte),
  wrapped(fc.integer({ min: 0, max: 0xffff }), ushort),
  wrapped(fc.integer({ min: 0, max: 0xffff_ffff }), uint),
  wrapped(fc.integer({ min: -0x80, max: 0x7f }), byte),
  wrapped(fc.integer({ min: -0x8000, max: 0x7fff }), short),
  wrapped(fc.integer(), int),
  wrapped(fc.float(), float),
  wrapped(safe, double),
  wrapped(ascii, symbol),
  wrapped(
    fc
      .integer({ min: 0, max: 0x10_ffff })
      .filter((point) => point < 0xd800 || point > 0xdfff)
      .map((point) => String.fromCodePoint(point)),
    char,
  ),
  same(fc.uuid().map(uuid)),
  same(fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => decimal64(Buffer.from(bytes)))),
  fc.bigInt({ min: 8_640_000_000_000_001n, max: 2n ** 63n - 1n }).map((value) => {
    return { out: new Typed('timestamp', value), back: new Typed('timestamp', asLong(value)) };
  }),
);

const { value } = fc.letrec<{ value: Pair }>((tie) => {
  const inner = tie('value');
  const pairs = (list: Pair[], part: 'out' | 'back'): AmqpValue[] => list.map((pair) => pair[part]);
  return {
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(inner).map((list) => ({ out: pairs(list, 'out'), back: pairs(list, 'back') })),
      fc.dictionary(text, inner).map((map) => {
        const part = (name: 'out' | 'back'): AmqpValue =>
          Object.assign(
            Object.create(null) as object,
            Object.fromEntries(Object.entries(map).map(([key, pair]) => [key, pair[name]])),
          );
        return { out: part('out'), back: part('back') };
      }),
      fc.array(fc.tuple(fc.integer(), inner)).map((entries) => {
        const unique = [...new Map(entries)];
        if (unique.length === 0) return { out: new Map(), back: {} };
        return {
          out: new Map(unique.map(([key, pair]) => [key, pair.out])),
          back: new Map(unique.map(([key, pair]) => [key, pair.back])),
        };
      }),
      fc.tuple(ascii, inner).map(([descriptor, pair]) => {
        return { out: new Described(symbol(descriptor), pair.out), back: new Described(descriptor, pair.back) };
      }),
      fc.array(fc.integer()).map((list) => ({ out: new AmqpArray('int', list), back: list })),
      fc.array(text).map((list) => ({ out: new AmqpArray('string', list), back: list })),
      fc.array(fc.array(inner)).map((lists) => ({
        out: new AmqpArray(
          'list',
          lists.map((list) => pairs(list, 'out')),
        ),
        back: lists.map((list) => pairs(list, 'back')),
      })),
    ),
  };
});

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const entries = (key: fc.Arbitrary<string>): fc.Arbitrary<Record<string, AmqpValue> | undefined> =>
  optional(fc.dictionary(key, fc.oneof(safe, text, fc.boolean()), { minKeys: 1 }));
const body: fc.Arbitrary<Body> = fc.oneof(
  buffer,
  text,
  safe,
  fc.array(buffer, { minLength: 2 }).map((sections) => new DataBody(sections)),
  fc.array(fc.array(text), { minLength: 1 }).map((sections) => new SequenceBody(sections)),
);
const id = fc.oneof(text, fc.maxSafeNat(), buffer, fc.uuid().map(uuid));
const uints = fc.integer({ min: 0, max: 0xffff_ffff });

const message: fc.Arbitrary<Message> = fc
  .record({
    address: optional(text),
    subject: optional(text),
    replyTo: optional(text),
    id: optional(id),
    correlationId: optional(id),
    userId: optional(buffer),
    contentType: optional(ascii),
    contentEncoding: optional(ascii),
    expiryTime: optional(fc.date({ noInvalidDate: true })),
    creationTime: optional(fc.date({ noInvalidDate: true })),
    groupId: optional(text),
    groupSequence: optional(uints),
    replyToGroupId: optional(text),
    durable: optional(fc.boolean()),
    priority: optional(fc.integer({ min: 0, max: 255 })),
    ttl: optional(uints),
    firstAcquirer: optional(fc.boolean()),
    deliveryCount: optional(uints),
    deliveryAnnotations: entries(ascii),
    annotations: entries(ascii),
    properties: entries(text),
    footer: entries(ascii),
    body,
  })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)));

describe('any value', { timeout: 60_000 }, () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(value, ({ out, back }) => {
        expectSame(read(valueBytes(out)), back);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused whenever it is cut short', () => {
    fc.assert(
      fc.property(value, fc.nat(), ({ out }, cut) => {
        const bytes = valueBytes(out);
        const end = cut % bytes.length;
        for (const hop of [scanValue, skipValue]) expect(() => hop(bytes, 0, end)).toThrow();
      }),
    );
  });
});

describe('any message', { timeout: 60_000 }, () => {
  it('is read as it was written, and written again as it was read', () => {
    fc.assert(
      fc.property(message, (out) => {
        const bytes = messageBytes(out);
        const back = received(bytes);
        expectSame(back.toObject(), out);
        expect(messageBytes(back).equals(bytes)).toBe(true);
        expect(messageBytes(back.toObject()).equals(bytes)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('with fields set is the message that has them, and no other bytes', () => {
    fc.assert(
      fc.property(message, message, optional(text), (first, second, address) => {
        const changed = received(messageBytes(first));
        Object.assign(changed, second);
        expectSame(changed.toObject(), { ...first, ...second });
        const expected = messageBytes({ ...first, ...second, address });
        expect(messageBytes(Object.assign(changed, { address })).equals(expected)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
