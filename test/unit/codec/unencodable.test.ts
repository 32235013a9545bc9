import { describe, expect, it } from 'vitest';
import { encodeSymbolMap, encodeValue } from '../../../src/codec/encode-value.js';
import { MAX_DEPTH, MAX_ZERO_WIDTH_ELEMENTS } from '../../../src/codec/limits.js';
import { Output } from '../../../src/codec/output.js';
import { EncodeError } from '../../../src/errors.js';
import { ValueBody } from '../../../src/message/body.js';
import { AmqpArray, Described, Typed } from '../../../src/message/typed.js';
import type { AmqpTypeName, AmqpValue } from '../../../src/message/typed.js';
import { messageBytes, read, valueBytes, written } from './support.js';

/** Callers without TypeScript can pass what no type allows. */
const wrong = (value: unknown): AmqpValue => value as AmqpValue;
const typed = (type: string, value: unknown): AmqpValue => new Typed(type as AmqpTypeName, value);

class Order {
  constructor(readonly id: number) {}
}

const refused: [title: string, value: AmqpValue, message: string | RegExp][] = [
  ['a function', wrong(() => 1), 'value: a function has no AMQP type.'],
  ['a symbol of JavaScript', wrong(Symbol('s')), 'value: a symbol has no AMQP type.'],
  ['an object of a class', wrong(new Order(1)), 'value: an object of class Order has no AMQP type.'],
  ['a Set', wrong(new Set()), 'value: an object of class Set has no AMQP type.'],
  ['a number object', wrong(Object(5)), 'value: an object of class Number has no AMQP type.'],
  ['another typed array', wrong(new Float64Array(1)), 'value: an object of class Float64Array has no AMQP type.'],
  ['an ArrayBuffer', wrong(new ArrayBuffer(1)), 'value: an object of class ArrayBuffer has no AMQP type.'],
  ['a body inside a value', wrong([new ValueBody(1)]), 'value[0]: an object of class ValueBody has no AMQP type.'],
  [
    'an object without constructor',
    wrong(Object.create(Object.create(null) as object)),
    'value: an object has no AMQP type.',
  ],
  ['an invalid date', new Date(NaN), 'value: an invalid Date has no AMQP form.'],
  ['a bigint beyond ulong', 2n ** 64n, /^value: a bigint goes out as long or ulong/],
  ['a bigint below long', -(2n ** 63n) - 1n, /^value: a bigint goes out as long or ulong/],

  ['a ubyte of 256', typed('ubyte', 256), 'value: ubyte takes a whole number from 0 to 255, not 256.'],
  ['a byte of -129', typed('byte', -129n), 'value: byte takes a whole number from -128 to 127, not -129n.'],
  ['a uint of 1.5', typed('uint', 1.5), /^value: uint takes a whole number from 0 to 4294967295, not 1.5/],
  ['a ulong of -1', typed('ulong', -1), /^value: ulong takes a whole number from 0 to 18446744073709551615, not -1/],
  ['a long of text', typed('long', '1'), /^value: long takes a whole number .*, not a string/],
  ['a timestamp of an invalid date', typed('timestamp', new Date(NaN)), /^value: timestamp takes a whole number/],
  ['a float of text', typed('float', '1'), 'value: a string is no float.'],
  ['a char of two', typed('char', 'ab'), 'value: a char is exactly one Unicode character.'],
  ['a char of none', typed('char', ''), 'value: a char is exactly one Unicode character.'],
  ['half a char', typed('char', '\ud800'), 'value: a char is exactly one Unicode character.'],
  ['a symbol that is not ASCII', typed('symbol', 'é'), 'value: a symbol is ASCII text.'],
  ['a long symbol that is not ASCII', typed('symbol', `${'x'.repeat(300)}é`), 'value: a symbol is ASCII text.'],
  ['a uuid that is none', typed('uuid', '0f8fad5b'), 'value: a string is no uuid.'],
  ['a decimal of 5 bytes', typed('decimal32', Buffer.alloc(5)), /^value: an object of class Buffer is no decimal32/],
  ['a binary of text', typed('binary', 'a'), 'value: a string is no binary.'],
  ['a string of null', typed('string', null), 'value: null is no string.'],
  ['a type that is none', typed('int128', 1), 'value: int128 is not the name of an AMQP type.'],
  ['a type of Object', typed('toString', 1), 'value: toString is not the name of an AMQP type.'],

  ['an element of an array', new AmqpArray('int', [1, 'a']), /^value.values\[1\]: int takes a whole number/],
  [
    'an element of another wrapper',
    new AmqpArray('uuid', [new Typed('string', 'a')]),
    /^value.values\[0\]: .* is no uuid/,
  ],
  ['a list that is none', new AmqpArray('list', [[], 1]), 'value.values[1]: 1 is no list.'],
  ['a map that is none', new AmqpArray('map', [[]]), 'value.values[0]: an array is no map.'],
  [
    'an element deep in an array',
    new AmqpArray('list', [[[wrong(Symbol())]]]),
    /^value.values\[0\]\[0\]\[0\]: a symbol/,
  ],
  ['an array that is not null', new AmqpArray('null', [0]), 'value.values[0]: 0 is no null.'],
  [
    'an array of too many nulls',
    new AmqpArray('null', Array<null>(MAX_ZERO_WIDTH_ELEMENTS + 1).fill(null)),
    'value: an array of nulls has at most 1024 elements.',
  ],
  ['a descriptor', new Described(wrong(Symbol()), 1), 'value.descriptor: a symbol has no AMQP type.'],
  ['a negative descriptor', new Described(-1, 1), /^value.descriptor: ulong takes a whole number/],
  ['a described value', new Described(1, wrong(Symbol())), 'value.value: a symbol has no AMQP type.'],
  ['a value in a Map', new Map([['a', wrong(Symbol())]]), 'value.get(a string): a symbol has no AMQP type.'],
  ['a key of a Map', new Map([[wrong(Symbol()), 1]]), 'value.get(a symbol): a symbol has no AMQP type.'],
];

describe('encodeValue', () => {
  it.each(refused)('refuses %s', (_, value, message) => {
    expect(() => valueBytes(value)).toThrow(EncodeError);
    expect(() => valueBytes(value)).toThrow(message);
  });

  it('names the path to a value that it cannot encode', () => {
    const body = { items: [1, 2, 3, { when: wrong(() => 1) }] };
    expect(() => messageBytes({ body })).toThrow('body.items[3].when: a function has no AMQP type.');
    expect(() => messageBytes({ body: { 'a b': [wrong(() => 1)] } })).toThrow('body["a b"][0]: a function');
    expect(() => messageBytes({ properties: { a: 1, when: new Date(NaN) } })).toThrow(
      'properties.when: an invalid Date',
    );
  });

  it('refuses an object that refers to itself', () => {
    const list: AmqpValue[] = [];
    list.push(list);
    const map: Record<string, AmqpValue> = {};
    map['self'] = map;
    for (const value of [list, map]) {
      expect(() => valueBytes(value)).toThrow(EncodeError);
      expect(() => valueBytes(value)).toThrow(`nest deeper than ${MAX_DEPTH} levels, or refer to themselves`);
    }
  });

  const nesters: [string, (inner: AmqpValue) => AmqpValue][] = [
    ['lists', (inner) => [inner]],
    ['maps', (inner) => ({ a: inner })],
    ['described values', (inner) => new Described(1, inner)],
    ['descriptors', (inner) => new Described(inner, 1)],
    ['Maps', (inner) => new Map([[1, inner]])],
  ];

  it.each(nesters)('writes and reads %s as deep as the limit, and no deeper', (_, nest) => {
    let value: AmqpValue = 1;
    for (let depth = 0; depth < MAX_DEPTH; depth++) value = nest(value);
    expect(() => read(valueBytes(value))).not.toThrow();
    expect(() => valueBytes(nest(value))).toThrow(EncodeError);
  });

  it('writes and reads arrays as deep as the limit, and no deeper', () => {
    const around = (depth: number, inner: AmqpValue): AmqpValue => (depth === 0 ? inner : [around(depth - 1, inner)]);
    const array = new AmqpArray('list', [[1]], 'd'); // array, descriptor and list: three levels
    expect(() => read(valueBytes(around(MAX_DEPTH - 3, array)))).not.toThrow();
    expect(() => valueBytes(around(MAX_DEPTH - 2, array))).toThrow(EncodeError);
  });

  it('has the error of a getter as its cause', () => {
    const cause = new TypeError('no such thing');
    const object = {
      get a(): AmqpValue {
        throw cause;
      },
    };
    expect(() => valueBytes(object)).toThrow(expect.objectContaining({ code: 'ERR_ENCODE', cause }));
    expect(() => messageBytes({ body: object })).toThrow(expect.objectContaining({ code: 'ERR_ENCODE', cause }));
  });

  it('does not show text in its errors, which might be secret', () => {
    expect(() => valueBytes(typed('uint', 'hunter2'))).toThrow(/^(?!.*hunter2)/);
    expect(() => valueBytes(typed('uint', 'hunter2'))).toThrow('not a string');
  });

  it('encodes only the own properties of an object', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype['everywhere'] = 1;
    try {
      expect(read(valueBytes({ a: 1 }))).toEqual(Object.assign(Object.create(null), { a: 1 }));
      expect(() => messageBytes({ body: 1 })).not.toThrow();
    } finally {
      delete prototype['everywhere'];
    }
  });

  it('leaves the records before a failed one as they are', () => {
    const output = new Output();
    output.open(0);
    encodeValue(output, 'first');
    const { buffer, start, position } = output;
    const first = buffer.subarray(start, position);
    output.open(4);
    expect(() => encodeValue(output, ['x'.repeat(100_000), wrong(Symbol())])).toThrow(EncodeError);
    output.abandon();
    output.open(0);
    encodeValue(output, 'second');
    expect(read(first)).toBe('first');
    expect(read(output.buffer.subarray(output.start, output.position))).toBe('second');
  });
});

describe('encodeSymbolMap', () => {
  it('writes keys as symbols, keys of digits too, and values as they are', () => {
    const bytes = written((output) => encodeSymbolMap(output, { a: 'b', 7: true, gone: undefined }));
    expect(bytes.toString('hex')).toBe('c10b04a3013741a30161a10162');
  });

  it('writes an empty map', () => {
    expect(written((output) => encodeSymbolMap(output, {})).toString('hex')).toBe('c10100');
  });

  it('writes long keys', () => {
    const key = 'k'.repeat(300);
    const bytes = written((output) => encodeSymbolMap(output, { [key]: true }));
    expect(bytes.toString('hex', 0, 14)).toBe('d100000136'.padEnd(10) + '00000002' + 'b30000012c');
    expect(read(bytes)).toEqual({ [key]: true });
  });

  it('refuses keys that are not ASCII, and values without an AMQP form', () => {
    expect(() => written((output) => encodeSymbolMap(output, { é: 1 }))).toThrow('map["é"]: a symbol is ASCII text.');
    const long = `${'k'.repeat(300)}é`;
    expect(() => written((output) => encodeSymbolMap(output, { [long]: 1 }))).toThrow('a symbol is ASCII text.');
    expect(() => written((output) => encodeSymbolMap(output, { a: wrong(Symbol()) }))).toThrow('map.a: a symbol has');
  });
});
