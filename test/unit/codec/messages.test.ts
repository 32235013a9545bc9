import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../../src/errors.js';
import type { Body } from '../../../src/message/body.js';
import { DataBody, SequenceBody, data, sequence, value } from '../../../src/message/body.js';
import type { Message } from '../../../src/message/message.js';
import { array, int, symbol, ulong, uuid } from '../../../src/message/typed.js';
import { messageBytes } from './support.js';

const NULL_BODY = '0053 77 40';
const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** Callers without TypeScript can pass what no type allows. */
const wrong = (message: object): Message => message;

const sections: [title: string, message: Message, hex: string][] = [
  ['nothing', {}, NULL_BODY],
  [
    'fields that are undefined or null',
    wrong({ subject: undefined, ttl: null, properties: null, body: null }),
    NULL_BODY,
  ],

  ['durable', { durable: true }, `005370 c0 02 01 41 ${NULL_BODY}`],
  ['durable: false, when it is said', { durable: false }, `005370 c0 02 01 42 ${NULL_BODY}`],
  ['a priority', { priority: 9 }, `005370 c0 04 02 40 5009 ${NULL_BODY}`],
  ['a time to live', { ttl: 60_000 }, `005370 c0 08 03 4040 70 0000ea60 ${NULL_BODY}`],
  ['a time to live of 0', { ttl: 0 }, `005370 c0 04 03 4040 43 ${NULL_BODY}`],
  ['first acquirer', { firstAcquirer: true }, `005370 c0 05 04 404040 41 ${NULL_BODY}`],
  ['a delivery count', { deliveryCount: 255 }, `005370 c0 07 05 40404040 52ff ${NULL_BODY}`],
  [
    'a whole header',
    { durable: true, priority: 4, ttl: 1, firstAcquirer: false, deliveryCount: 0 },
    `005370 c0 08 05 41 5004 5201 42 43 ${NULL_BODY}`,
  ],

  ['delivery annotations', { deliveryAnnotations: { a: 1 } }, `005371 c1 06 02 a30161 5501 ${NULL_BODY}`],
  [
    'annotations',
    { annotations: { 'x-opt': 'v', 5: true } },
    `005372 c1 0f 04 a30135 41 a305 782d6f7074 a10176 ${NULL_BODY}`,
  ],
  ['annotations that are empty', { annotations: {}, properties: {}, footer: { a: undefined } }, NULL_BODY],

  ['an id of text', { id: 'a' }, `005373 c0 04 01 a10161 ${NULL_BODY}`],
  ['an id of a number', { id: 0 }, `005373 c0 02 01 44 ${NULL_BODY}`],
  ['an id of a greater number', { id: 256 }, `005373 c0 0a 01 80 0000000000000100 ${NULL_BODY}`],
  ['an id of a bigint', { id: 2n ** 64n - 1n }, `005373 c0 0a 01 80 ffffffffffffffff ${NULL_BODY}`],
  ['an id of a small bigint', { id: 5n }, `005373 c0 03 01 5305 ${NULL_BODY}`],
  ['an id of a ulong', { id: ulong(5) }, `005373 c0 03 01 5305 ${NULL_BODY}`],
  ['an id of bytes', { id: new Uint8Array([1]) }, `005373 c0 04 01 a00101 ${NULL_BODY}`],
  ['an id of a uuid', { id: uuid(ID) }, `005373 c0 12 01 98 ${ID.replaceAll('-', '')} ${NULL_BODY}`],
  ['a user id', { userId: Buffer.from('me') }, `005373 c0 06 02 40 a0026d65 ${NULL_BODY}`],
  ['an address', { address: 'q' }, `005373 c0 06 03 4040 a10171 ${NULL_BODY}`],
  ['a subject', { subject: 's' }, `005373 c0 07 04 404040 a10173 ${NULL_BODY}`],
  ['an address to reply to', { replyTo: 'r' }, `005373 c0 08 05 40404040 a10172 ${NULL_BODY}`],
  ['a correlation id', { correlationId: 'c' }, `005373 c0 09 06 4040404040 a10163 ${NULL_BODY}`],
  ['a content type', { contentType: 't' }, `005373 c0 0a 07 404040404040 a30174 ${NULL_BODY}`],
  ['a content encoding', { contentEncoding: 'e' }, `005373 c0 0b 08 40404040404040 a30165 ${NULL_BODY}`],
  ['an expiry time', { expiryTime: 1 }, `005373 c0 12 09 ${'40'.repeat(8)} 83 0000000000000001 ${NULL_BODY}`],
  [
    'a creation time',
    { creationTime: new Date(1) },
    `005373 c0 13 0a ${'40'.repeat(9)} 83 0000000000000001 ${NULL_BODY}`,
  ],
  ['a group id', { groupId: 'g' }, `005373 c0 0e 0b ${'40'.repeat(10)} a10167 ${NULL_BODY}`],
  ['a group sequence', { groupSequence: 1 }, `005373 c0 0e 0c ${'40'.repeat(11)} 5201 ${NULL_BODY}`],
  ['a group to reply to', { replyToGroupId: 'g' }, `005373 c0 10 0d ${'40'.repeat(12)} a10167 ${NULL_BODY}`],
  [
    'properties of more than 255 bytes',
    { subject: 'x'.repeat(300) },
    `005373 d0 00000138 00000004 404040 b10000012c ${'78'.repeat(300)} ${NULL_BODY}`,
  ],

  [
    'application properties',
    { properties: { a: 1, b: 'c' } },
    `005374 c1 0c 04 a10161 5501 a10162 a10163 ${NULL_BODY}`,
  ],
  [
    'application properties of wrappers',
    { properties: { a: int(1), b: null, c: new Date(0), d: Buffer.from([1]) } },
    `005374 c1 1c 08 a10161 5401 a10162 40 a10163 83 0000000000000000 a10164 a00101 ${NULL_BODY}`,
  ],
  ['a footer', { footer: { hash: 'h' } }, `${NULL_BODY} 005378 c1 0a 02 a30468617368 a10168`],

  ['a body of text', { body: 'a' }, '005377 a10161'],
  ['a body of false', { body: false }, '005377 42'],
  ['a body of a list', { body: [1] }, '005377 c0 03 01 5501'],
  ['a body of bytes', { body: Buffer.from([1, 2]) }, '005375 a0020102'],
  ['a body of no bytes', { body: new Uint8Array(0) }, '005375 a000'],
  ['a body of data sections', { body: data(Buffer.from([1]), new Uint8Array([2])) }, '005375 a00101 005375 a00102'],
  ['a body of sequences', { body: sequence([1], []) }, '005376 c0 03 01 5501 005376 45'],
  ['a body of bytes as a value', { body: value(Buffer.from([1])) }, '005377 a00101'],
  ['a body of an AMQP array', { body: array('ubyte', [1]) }, '005377 e0 03 01 50 01'],
  [
    'all sections, in their order',
    {
      footer: { f: 1 },
      body: 1,
      properties: { p: 1 },
      subject: 's',
      annotations: { m: 1 },
      deliveryAnnotations: { d: 1 },
      durable: true,
    },
    '005370 c0 02 01 41 005371 c1 06 02 a30164 5501 005372 c1 06 02 a3016d 5501 005373 c0 07 04 404040 a10173' +
      '005374 c1 06 02 a10170 5501 005377 5501 005378 c1 06 02 a30166 5501',
  ],
];

const refused: [title: string, message: object, error: string | RegExp][] = [
  ['a subject that is a number', { subject: 5 }, 'subject: takes a string, not 5.'],
  ['an address to reply to that is an object', { replyTo: {} }, 'replyTo: takes a string, not an object.'],
  ['a group id that is a boolean', { groupId: true }, 'groupId: takes a string, not true.'],
  ['a ttl below 0', { ttl: -1 }, 'ttl: takes a whole number from 0 to 4294967295, not -1.'],
  ['a ttl with a fraction', { ttl: 1.5 }, 'ttl: takes a whole number from 0 to 4294967295, not 1.5.'],
  ['a ttl beyond uint', { ttl: 2 ** 32 }, 'ttl: takes a whole number from 0 to 4294967295, not 4294967296.'],
  ['a ttl that is NaN', { ttl: NaN }, /^ttl: .* not NaN/],
  ['a ttl that is text', { ttl: '5' }, /^ttl: .* not a string/],
  ['a priority of 300', { priority: 300 }, 'priority: takes a whole number from 0 to 255, not 300.'],
  ['durable: yes', { durable: 'yes' }, 'durable: takes true or false, not a string.'],
  ['firstAcquirer: 1', { firstAcquirer: 1 }, 'firstAcquirer: takes true or false, not 1.'],
  ['a delivery count below 0', { deliveryCount: -1 }, /^deliveryCount: takes a whole number/],
  ['a group sequence that is a bigint', { groupSequence: 1n }, /^groupSequence: takes a whole number .* not 1n/],
  [
    'an id below 0',
    { id: -1 },
    /^id: takes a string, a whole number from 0 on \(ulong\), a uuid\(\) or a Uint8Array, not -1/,
  ],
  ['an id that is not safe', { id: 2 ** 53 }, /^id: takes a string/],
  ['an id beyond ulong', { id: 2n ** 64n }, /^id: takes a string/],
  ['an id of another type', { id: int(5) }, /^id: takes a string, .* not an object of class Typed/],
  ['a correlation id that is a boolean', { correlationId: true }, /^correlationId: takes a string/],
  ['a user id that is text', { userId: 'me' }, 'userId: takes a Uint8Array, not a string.'],
  ['a content type that is not ASCII', { contentType: 'é' }, 'contentType: a symbol is ASCII text.'],
  ['a content encoding that is a number', { contentEncoding: 1 }, 'contentEncoding: takes a string, not 1.'],
  ['an invalid date', { creationTime: new Date(NaN) }, /^creationTime: takes a valid Date, or whole milliseconds/],
  ['half a millisecond', { expiryTime: 0.5 }, /^expiryTime: .* not 0.5/],
  ['a time that is text', { expiryTime: '2030-01-01' }, /^expiryTime: .* not a string/],
  [
    'properties that are a Map',
    { properties: new Map() },
    'properties: takes a plain object, not an object of class Map.',
  ],
  ['properties that are a list', { properties: [1] }, 'properties: takes a plain object, not an array.'],
  ['annotations that are text', { annotations: 'a' }, 'annotations: takes a plain object, not a string.'],
  [
    'a property that is a list',
    { properties: { a: [] } },
    'properties.a: an application property is a simple value, not an array.',
  ],
  [
    'a property that is an object',
    { properties: { a: {} } },
    /^properties.a: an application property is a simple value/,
  ],
  ['a property that is an array', { properties: { a: array('int', []) } }, /^properties.a: an application property/],
  ['an annotation key that is not ASCII', { annotations: { é: 1 } }, 'annotations["é"]: a symbol is ASCII text.'],
  ['a footer with a function', { footer: { a: () => 1 } }, 'footer.a: a function has no AMQP type.'],
  ['a body without sections', { body: new DataBody([]) }, 'body: a body has at least one section.'],
  [
    'a data section of text',
    { body: new DataBody(['a'] as never) },
    'body.sections[0]: a data section takes a Uint8Array, not a string.',
  ],
  ['a sequence without sections', { body: new SequenceBody([]) }, 'body: a body has at least one section.'],
  [
    'a sequence of text',
    { body: new SequenceBody(['a'] as never) },
    'body.sections[0]: a sequence section takes an array, not a string.',
  ],
  [
    'a function in a sequence',
    { body: sequence([], [1, (() => 1) as never]) },
    'body.sections[1][1]: a function has no AMQP type.',
  ],
  ['a function in a value', { body: value((() => 1) as never) }, 'body: a function has no AMQP type.'],
];

const unknown: [name: string, meant: string | undefined][] = [
  ['adress', 'address'],
  ['to', 'address'],
  ['subjct', 'subject'],
  ['Subject', 'subject'],
  ['reply_to', 'replyTo'],
  ['replyto', 'replyTo'],
  ['messageId', 'id'],
  ['message_id', 'id'],
  ['correlation_id', 'correlationId'],
  ['user_id', 'userId'],
  ['content_type', 'contentType'],
  ['absolute_expiry_time', 'expiryTime'],
  ['creation_time', 'creationTime'],
  ['group_id', 'groupId'],
  ['reply_to_group_id', 'replyToGroupId'],
  ['first_acquirer', 'firstAcquirer'],
  ['delivery_annotations', 'deliveryAnnotations'],
  ['message_annotations', 'annotations'],
  ['applicationProperties', 'properties'],
  ['application_properties', 'properties'],
  ['timeToLive', 'ttl'],
  ['payload', 'body'],
  ['toString', undefined],
  ['colour', undefined],
];

describe('encodeMessage', () => {
  it.each(sections)('writes %s', (_, message, hex) => {
    expect(messageBytes(message).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  it('writes the address it is given as `to`, not that of the message', () => {
    const hex = `005373 c0 06 03 4040 a10171 ${NULL_BODY}`.replaceAll(' ', '');
    expect(messageBytes({ address: 'elsewhere' }, 'q').toString('hex')).toBe(hex);
  });

  it.each(refused)('refuses %s', (_, message, error) => {
    expect(() => messageBytes(wrong(message))).toThrow(EncodeError);
    expect(() => messageBytes(wrong(message))).toThrow(error);
  });

  it.each([
    ['null', null, 'message: takes a plain object, not null.'],
    ['text', 'hello', 'message: takes a plain object, not a string.'],
    ['undefined', undefined, 'message: takes a plain object, not undefined.'],
  ])('refuses %s as a message', (_, message, error) => {
    expect(() => messageBytes(message as unknown as Message, 'q')).toThrow(error);
  });

  it.each(unknown)('refuses the field %s, since it means %s', (name, meant) => {
    const error = `${name}: a message has no such field${meant === undefined ? '.' : `; did you mean ${meant}?`}`;
    expect(() => messageBytes(wrong({ [name]: 'a' }))).toThrow(EncodeError);
    expect(() => messageBytes(wrong({ [name]: 'a' }))).toThrow(error);
  });

  it('knows every field of Message', () => {
    const message: Required<Message> = {
      address: 'a',
      subject: 'a',
      replyTo: 'a',
      id: 'a',
      correlationId: 'a',
      userId: Buffer.from('a'),
      contentType: 'a',
      contentEncoding: 'a',
      expiryTime: 1,
      creationTime: 1,
      groupId: 'a',
      groupSequence: 1,
      replyToGroupId: 'a',
      durable: true,
      priority: 1,
      ttl: 1,
      firstAcquirer: true,
      deliveryCount: 1,
      deliveryAnnotations: { a: 1 },
      annotations: { a: 1 },
      properties: { a: 1 },
      footer: { a: 1 },
      body: 'a',
    };
    expect(() => messageBytes(message)).not.toThrow();
    for (const name of Object.keys(message)) {
      expect(() => messageBytes(wrong({ [`${name}x`]: 1 }))).toThrow(`did you mean ${name}?`);
    }
  });

  it('reads the fields of an object of a class as well', () => {
    class Created {
      subject = 'created';
      body: Body = symbol('a');
    }
    const hex = `005373 c0 0d 04 404040 a107 ${Buffer.from('created').toString('hex')} 005377 a30161`.replaceAll(
      ' ',
      '',
    );
    expect(messageBytes(new Created()).toString('hex')).toBe(hex);
  });
});
