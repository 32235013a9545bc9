import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/codec/encode-message.js';
import { Output } from '../../../src/codec/output.js';
import type { ReceivedMessage } from '../../../src/codec/received-message.js';
import { DecodeError, EncodeError } from '../../../src/errors.js';
import { DataBody, SequenceBody, ValueBody, data, sequence, value } from '../../../src/message/body.js';
import type { Message } from '../../../src/message/message.js';
import { Typed, described, int, symbol, timestamp, ubyte, ulong, uuid } from '../../../src/message/typed.js';
import { bytes, messageBytes, readAll, received, valueBytes, written } from './support.js';

const NULL_BODY = '005377 40';
const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

const full: Required<Message> = {
  address: 'amqp://h/q',
  subject: 'created',
  replyTo: 'replies',
  id: uuid(ID),
  correlationId: 7,
  userId: Buffer.from('me'),
  contentType: 'text/plain',
  contentEncoding: 'gzip',
  expiryTime: new Date(2_000_000_000_000),
  creationTime: new Date(1_700_000_000_000),
  groupId: 'g',
  groupSequence: 300,
  replyToGroupId: 'rg',
  durable: true,
  priority: 9,
  ttl: 60_000,
  firstAcquirer: true,
  deliveryCount: 2,
  deliveryAnnotations: { 'x-d': 1 },
  annotations: { 'x-opt-m': symbol('v') },
  properties: { tenant: 'acme', attempt: int(1), hot: true },
  footer: { hash: 'h' },
  body: { id: 1, items: [ubyte(1), 'a'] },
};

/** What comes in of it: wrappers whose types JavaScript has come in as its own values. */
const fullIn = {
  ...full,
  annotations: { 'x-opt-m': 'v' },
  properties: { tenant: 'acme', attempt: 1, hot: true },
  body: { id: 1, items: [1, 'a'] },
};

const hex = (text: string): string => text.replaceAll(' ', '');
const fromHex = (...sections: string[]): ReceivedMessage => received(bytes(sections.join('')));

/** Puts a received message again. */
function again(message: ReceivedMessage, address = message.address): Buffer {
  return messageBytes(message, address);
}

describe('a received message', () => {
  it('has every field that was sent', () => {
    const message = received(messageBytes(full));
    for (const name of Object.keys(full) as (keyof Message)[]) {
      expect(message[name], name).toEqual(fullIn[name]);
      expect(message[name], `${name} once more`).toEqual(fullIn[name]);
    }
    expect(message.bodyType).toBe('value');
  });

  it('has defaults for the header, and undefined for other missing fields', () => {
    const message = fromHex(NULL_BODY);
    expect(message).toMatchObject({ durable: false, priority: 4, firstAcquirer: false, deliveryCount: 0 });
    expect(message.ttl).toBeUndefined();
    expect(message.subject).toBeUndefined();
    expect(message.properties).toBeUndefined();
    expect(message.footer).toBeUndefined();
    expect(message.body).toBeNull();
    expect(message.toObject()).toEqual({ body: null });
  });

  it('reads null and a list that ends early as missing fields', () => {
    const message = fromHex('005370 c0 02 01 40', '005373 c0 05 04 40404040', NULL_BODY);
    expect(message.durable).toBe(false);
    expect(message.subject).toBeUndefined();
    expect(message.toObject()).toEqual({ body: null });
    expect(fromHex('005370 45', '005373 45', NULL_BODY).address).toBeUndefined();
  });

  it('reads ids of all four types', () => {
    const id = (value: string): unknown =>
      fromHex(`005373 c0 ${(value.length / 2 + 1).toString(16).padStart(2, '0')} 01 ${value}`, NULL_BODY).id;
    expect(id('a10161')).toBe('a');
    expect(id('5305')).toBe(5);
    expect(id('80ffffffffffffffff')).toBe(2n ** 64n - 1n);
    expect(id('a00101')).toEqual(Buffer.from([1]));
    expect(id(`98${ID.replaceAll('-', '')}`)).toEqual(uuid(ID));
  });

  it('reads 64-bit integers as bigint when asked to', () => {
    const fromBigints = (section: string): ReceivedMessage =>
      received(bytes(section + NULL_BODY), { integers: 'bigint' });
    const message = received(messageBytes({ id: 5, properties: { a: 1 }, body: [1], ttl: 5 }), { integers: 'bigint' });
    expect(() => fromBigints('005373 c0 03 01 55ff').id).toThrow(/id has a wrong type/);
    expect(fromBigints('005370 c0 05 03 4040 5305').ttl).toBe(5);
    expect(message.toObject()).toEqual({ id: 5n, properties: { a: 1n }, body: [1n], ttl: 5 });
  });

  it('clamps times outside the range of Date to the safe integers', () => {
    const never = received(
      Buffer.concat([
        bytes(`005373 c0 13 0a ${'40'.repeat(9)}`),
        valueBytes(timestamp(2n ** 63n - 1n)),
        bytes(NULL_BODY),
      ]),
    );
    expect(never.creationTime).toBe(Number.MAX_SAFE_INTEGER);
    expect(never.expiryTime).toBeUndefined();
    expect(() => messageBytes(never.toObject())).not.toThrow();
  });

  it('reads annotations with ulong keys as their digits', () => {
    const message = fromHex('005372 c1 08 04 5305 41 a30161 41', NULL_BODY);
    expect(message.annotations).toEqual({ 5: true, a: true });
  });

  it('keeps the key __proto__ as data', () => {
    const message = fromHex('005374 c1 0e 02 a1095f5f70726f746f5f5f 5501', NULL_BODY);
    expect(Object.getPrototypeOf(message.properties)).toBeNull();
    expect(Object.keys(message.properties ?? {})).toEqual(['__proto__']);
    expect(again(message).toString('hex')).toBe(hex(`005374 c1 0e 02 a1095f5f70726f746f5f5f 5501 ${NULL_BODY}`));
    message.properties = { ...message.properties, a: 1 };
    expect(received(again(message)).properties).toEqual(message.properties);
  });

  it('accepts a string where a symbol belongs', () => {
    expect(fromHex('005373 c0 0a 07 404040404040 a10174', NULL_BODY).contentType).toBe('t');
  });

  it.each([
    ['a value', 'hello', 'hello', 'value'],
    ['bytes', Buffer.from([1]), Buffer.from([1]), 'data'],
    ['several data sections', data(Buffer.from([1]), Buffer.alloc(0)), data(Buffer.from([1]), Buffer.alloc(0)), 'data'],
    ['a sequence', sequence([1, 'a']), sequence([1, 'a']), 'sequence'],
    ['several sequences', sequence([1], []), sequence([1], []), 'sequence'],
    ['bytes as a value', value(Buffer.from([1])), Buffer.from([1]), 'value'],
    ['a described value', described(1, 2), described(1, 2), 'value'],
  ])('reads a body of %s', (_, body, back, type) => {
    const message = received(messageBytes({ body, footer: { f: 1 } }));
    expect(message.bodyType).toBe(type);
    expect(message.body).toEqual(back);
    expect(message.body).toBe(message.body);
    expect(received(messageBytes(message.toObject())).bodyType).toBe(type);
  });

  it('accepts a message without a body, which some peers send, and writes one when it is put again', () => {
    const message = fromHex('005373 c0 07 04 404040 a10173');
    expect(message).toMatchObject({ subject: 's', body: null, bodyType: 'value' });
    expect(again(message).toString('hex')).toBe(hex(`005373 c0 07 04 404040 a10173 ${NULL_BODY}`));
    expect(again(fromHex('')).toString('hex')).toBe(hex(NULL_BODY));
    const footer = '005378 c1 06 02 a30166 5501';
    expect(again(fromHex(footer)).toString('hex')).toBe(hex(NULL_BODY + footer));
  });

  it('accepts a footer before the body, where rhea writes it', () => {
    const annotations = '005372 c1 04 02 a30041';
    const footer = '005378 c1 06 02 a30166 5501';
    const message = fromHex(annotations, footer, '005375 a00101 005375 a00102');
    expect(message.body).toEqual(data(Buffer.from([1]), Buffer.from([2])));
    expect(message.footer).toEqual({ f: 1 });
    expect(again(message).toString('hex')).toBe(hex(`${annotations}${footer} 005375 a00101 005375 a00102`));
    message.body = null;
    message.durable = true;
    const properties = '005373 c0 06 03 4040 a10171';
    const out = `005370 c0 02 01 41 ${annotations}${properties}${footer}${NULL_BODY}`;
    expect(again(message, 'q').toString('hex')).toBe(hex(out));
  });

  it('reads its parts in any order, between the parts of another message', () => {
    const names = ['durable', 'annotations', 'subject', 'properties', 'body', 'footer'] as const;
    const make = (text: string): Message => ({
      durable: true,
      annotations: { text },
      subject: text,
      properties: { text },
      body: [text],
      footer: { text },
    });
    const [one, other] = [messageBytes(make('one')), messageBytes(make('other'))];
    for (const first of names) {
      for (const second of names) {
        const [a, b] = [received(one), received(other)];
        expect([a[first], a[second], b[second], b[first]]).toEqual([
          make('one')[first],
          make('one')[second],
          make('other')[second],
          make('other')[first],
        ]);
      }
    }
    // rhea writes the footer before the body.
    for (const [body, value] of [
      ['005375 a00101', Buffer.from([1])],
      ['005377 40', null],
    ] as const) {
      const early = (): ReceivedMessage => fromHex('005372 c1 04 02 a30041', '005378 c1 06 02 a30166 5501', body);
      const [one, two, three] = [early(), early(), early()];
      expect([one.footer, one.body, one.annotations]).toEqual([{ f: 1 }, value, { '': true }]);
      expect([two.body, two.footer]).toEqual([value, { f: 1 }]);
      expect([three.bodyType, three.footer, three.body]).toEqual([value === null ? 'value' : 'data', { f: 1 }, value]);
    }
  });

  it('accepts null as the bytes of a data section', () => {
    expect(fromHex('005375 40').body).toEqual(Buffer.alloc(0));
  });

  it('knows sections by symbols and by ulongs in full', () => {
    const sections: [string, string, string][] = [
      ['amqp:header:list', '70', 'c0 02 01 41'],
      ['amqp:delivery-annotations:map', '71', 'c1 04 02 a30041'],
      ['amqp:message-annotations:map', '72', 'c1 04 02 a30041'],
      ['amqp:properties:list', '73', 'c0 06 03 4040 a10171'],
      ['amqp:application-properties:map', '74', 'c1 04 02 a10041'],
      ['amqp:amqp-value:*', '77', 'a10161'],
      ['amqp:footer:map', '78', 'c1 04 02 a30041'],
    ];
    const bySymbol = sections.map(([name, , content]) => `00${valueBytes(symbol(name)).toString('hex')}${content}`);
    const byUlong = sections.map(([, code, content]) => `0080 00000000000000${code}${content}`);
    const usual = fromHex(...sections.map(([, code, content]) => `0053${code}${content}`)).toObject();
    expect(usual).toMatchObject({ durable: true, address: 'q', body: 'a' });
    expect(fromHex(...bySymbol).toObject()).toEqual(usual);
    expect(fromHex(...byUlong).toObject()).toEqual(usual);
    expect(fromHex(`00${valueBytes(symbol('amqp:data:binary')).toString('hex')} a00101`).body).toEqual(
      Buffer.from([1]),
    );
    expect(fromHex(`00${valueBytes(symbol('amqp:amqp-sequence:list')).toString('hex')} 45`).body).toEqual(sequence([]));
  });
});

describe('bytes that are not a message', () => {
  it.each([
    ['a value that is not described', '40', /not a section \(byte 0\)/],
    ['an unknown section', `005379 40`, /not a section/],
    ['a performative', '005314 45', /not a section/],
    ['an unknown symbol', '00a30161 40', /not a section/],
    ['a ulong that only ends like a section', '0080 0000000100000077 40', /not a section/],
    ['a descriptor that is a string', '00a10161 40', /not a section/],
    ['a described descriptor', '00005377 4040', /not a section/],
    ['a lone zero', '00', /not a section/],
    ['a descriptor without a value', '005377', /\(byte 3\)/],
    ['a section that is cut short', `005370 c0 05 01 41`, /\(byte 3\)/],
    ['a header behind the properties', `005373 45 005370 45 ${NULL_BODY}`, /allows none of its kind \(byte 4\)/],
    ['two headers', `005370 45 005370 45 ${NULL_BODY}`, /allows none/],
    ['two values', `${NULL_BODY}${NULL_BODY}`, /allows none/],
    ['data and a value', `005375 a000 ${NULL_BODY}`, /allows none/],
    ['data and a sequence', `005375 a000 005376 45`, /allows none/],
    ['properties behind the footer', `005378 c10100 005373 45 ${NULL_BODY}`, /allows none/],
    ['annotations behind the body', `${NULL_BODY} 005372 c10100`, /allows none/],
    ['a footer between two data sections', `005375 a000 005378 c10100 005375 a000`, /allows none/],
    ['two footers', `${NULL_BODY} 005378 c10100 005378 c10100`, /allows none/],
    ['something behind the last section', `${NULL_BODY} 40`, /not a section \(byte 4\)/],
  ])('refuses %s', (_, message, error) => {
    expect(() => fromHex(message)).toThrow(DecodeError);
    expect(() => fromHex(message)).toThrow(error);
  });

  it.each<[string, string, (message: ReceivedMessage) => unknown, RegExp]>([
    ['a header that is a map', '005370 c10100', (message) => message.durable, /are lists \(byte 3\)/],
    ['properties that are null', '005373 40', (message) => message.subject, /are lists/],
    ['a header with too many fields', '005370 c0 07 06 404040404040', (message) => message.ttl, /too many fields/],
    ['a list of fields that overruns', '005370 c0 03 05 4040', (message) => message.deliveryCount, /\(byte 8\)/],
    [
      'durable as a number',
      '005370 c0 03 01 5401',
      (message) => message.durable,
      /durable has a wrong type \(byte 6\)/,
    ],
    ['a ttl below 0', '005370 c0 05 03 4040 54ff', (message) => message.ttl, /ttl has a wrong type/],
    ['a subject as a number', '005373 c0 06 04 404040 5401', (message) => message.subject, /subject has a wrong type/],
    ['an id as a boolean', '005373 c0 02 01 41', (message) => message.id, /id has a wrong type/],
    ['an id below 0', '005373 c0 03 01 55ff', (message) => message.id, /id has a wrong type/],
    ['a user id as a string', '005373 c0 05 02 40 a10161', (message) => message.userId, /userId has a wrong type/],
    ['a time as a number', '005373 c0 0a 09 4040404040404040 43', (message) => message.expiryTime, /\(byte/],
    ['a subject that is not UTF-8', '005373 c0 07 04 404040 a101ff', (message) => message.subject, /UTF-8 \(byte 11\)/],
    ['application properties that are a list', '005374 45', (message) => message.properties, /properties is not a map/],
    [
      'annotations with a boolean key',
      '005372 c1 03 02 4141',
      (message) => message.annotations,
      /neither text nor ulong/,
    ],
    ['a map that ends early', '005374 c1 03 04 4141', (message) => message.properties, /fewer bytes/],
  ])('refuses %s when it is read', (_, section, get, error) => {
    const message = fromHex(section, NULL_BODY);
    expect(() => get(message)).toThrow(DecodeError);
    expect(() => get(message)).toThrow(error);
    expect(message.body).toBeNull(); // the other sections can be read all the same
  });

  it.each([
    ['data that is text', '005375 a10161', /is not binary/],
    ['a sequence that is a map', '005376 c10100', /is not a list/],
    ['a value with a wrong count', '005377 c0 01 05', /fewer bytes/],
    ['a value with an array of millions of nulls', '005377 f0 00000005 004c4b40 40', /of no bytes/],
  ])('refuses a body of %s when it is read', (_, body, error) => {
    const message = fromHex(body);
    expect(() => message.body).toThrow(DecodeError);
    expect(() => message.body).toThrow(error);
  });
});

describe('a received message that is put again', () => {
  const odd =
    // durable: false in two bytes, a whole uint, list32 where list8 would do, and a timestamp, an int and a symbol inside
    '005370 d0 00000010 00000005 5600 5004 70 00000005 40 52 00' +
    '005372 d1 00000009 00000002 a30161 5401' +
    '005373 d0 00000018 00000008 5307 40 b1 00000001 71 40 40 a10163 a30174 a30165' +
    '005374 c1 0d 04 a10161 71 00000001 a10162 41' +
    '005377 c0 09 03 61 0001 a3 0173 5401' +
    '005378 c1 06 02 a30166 5401';

  it('is the same bytes when nothing has been set', () => {
    const message = fromHex(odd);
    readAll(message);
    expect(message.address).toBe('q');
    expect(again(message).toString('hex')).toBe(hex(odd));
  });

  it('changes only `to` for another address', () => {
    const message = fromHex(odd);
    const out = again(message, 'elsewhere').toString('hex');
    const properties = hex('005373 c0 1a 08 5307 40 a109 656c73657768657265 40 40 a10163 a30174 a30165');
    expect(out).toBe(hex(odd).replace(/005373d0.*(?=005374)/, properties));
  });

  it('removes `to` when there is no address', () => {
    const out = received(written((output) => encodeMessage(output, fromHex(odd), undefined)));
    expect(out.address).toBeUndefined();
    expect(out.id).toBe(7);
  });

  it('gets properties when it had none', () => {
    const header = '005370 c0 02 01 41';
    const out = again(fromHex(header, NULL_BODY), 'q').toString('hex');
    expect(out).toBe(hex(`${header} 005373 c0 06 03 4040 a10171 ${NULL_BODY}`));
  });

  it('encodes anew only what has been set', () => {
    const message = fromHex(odd);
    message.ttl = 7;
    message.subject = 's';
    message.footer = { g: 1 };
    const out = received(again(message));
    expect(out.toObject()).toEqual({ ...fromHex(odd).toObject(), ttl: 7, subject: 's', footer: { g: 1 } });
    const text = again(message).toString('hex');
    expect(text).toContain(hex('005370 c0')); // the header is written anew, its other fields keep their bytes:
    expect(text).toContain(hex('5600 5004 5207'));
    expect(text).toContain(hex('005372 d1 00000009 00000002 a30161 5401'));
    expect(text).toContain(hex('a10161 71 00000001'));
  });

  it('removes fields that were set to undefined', () => {
    const message = received(messageBytes(full));
    for (const name of Object.keys(full) as (keyof Message)[]) message[name] = undefined;
    expect(message.subject).toBeUndefined();
    expect(message.properties).toBeUndefined();
    expect(message.durable).toBe(false);
    expect(messageBytes(message, undefined).toString('hex')).toBe(hex(NULL_BODY));
  });

  it('returns a value that was set, for every field', () => {
    const message = fromHex(NULL_BODY);
    Object.assign(message, full);
    for (const name of Object.keys(full) as (keyof Message)[]) expect(message[name]).toEqual(full[name]);
    expect(again(message)).toEqual(messageBytes(full));
  });

  it.each([
    ['text', 'a', 'value'],
    ['bytes', Buffer.from([1]), 'data'],
    ['data sections', new DataBody([Buffer.from([1]), Buffer.from([2])]), 'data'],
    ['sequences', new SequenceBody([[1], [2]]), 'sequence'],
    ['a value', new ValueBody(Buffer.from([1])), 'value'],
    ['null', null, 'value'],
  ])('sends a body that was set to %s', (_, body, type) => {
    const message = received(messageBytes({ ...full, body: data(Buffer.from([1]), Buffer.from([2])) }));
    message.body = body;
    expect(message.bodyType).toBe(type);
    expect(again(message)).toEqual(messageBytes({ ...full, body }));
  });

  it('refuses a wrong value that was set', () => {
    const message = fromHex(odd);
    message.ttl = -1;
    expect(() => again(message)).toThrow(EncodeError);
    expect(() => again(message)).toThrow('ttl: takes a whole number from 0 to 4294967295, not -1.');
  });

  it('refuses to change a section that cannot be read', () => {
    const message = fromHex('005373 40', NULL_BODY);
    expect(() => again(message, 'q')).toThrow(DecodeError);
  });

  it('writes itself behind the existing bytes of the record', () => {
    const output = new Output(64);
    output.open(10);
    fromHex(odd).writeTo(output, 'q');
    expect(output.buffer.subarray(output.start + 10, output.position).toString('hex')).toBe(hex(odd));
  });
});

describe('a received message as an object', () => {
  it('has the fields that were sent, and can be spread', () => {
    const message = received(messageBytes(full));
    expect(message.toObject()).toEqual(fullIn);
    expect(Object.keys(message)).toEqual([]);
    const changed = { ...message.toObject(), subject: 'x' };
    expect(received(messageBytes(changed)).toObject()).toEqual({ ...fullIn, subject: 'x' });
  });

  it('includes what has been set', () => {
    const message = fromHex(NULL_BODY);
    message.subject = 's';
    message.body = 'b';
    expect(message.toObject()).toEqual({ subject: 's', body: 'b' });
  });

  it('turns into JSON, whatever values it has', () => {
    const message = received(
      messageBytes({
        id: 2n ** 64n - 1n,
        correlationId: uuid(ID),
        creationTime: new Date(0),
        body: [new Map([[1, 2n ** 60n]]), { a: 2n ** 60n }, described(1, 2n ** 60n), ulong(1), Buffer.from([1])],
      }),
    );
    expect(JSON.parse(JSON.stringify(message))).toEqual({
      id: '18446744073709551615',
      correlationId: ID,
      creationTime: '1970-01-01T00:00:00.000Z',
      body: [
        [[1, '1152921504606846976']],
        { a: '1152921504606846976' },
        { descriptor: 1, value: '1152921504606846976' },
        1,
        { type: 'Buffer', data: [1] },
      ],
    });
    const parts = received(messageBytes({ body: sequence([2n ** 60n], [new Typed('uuid', ID)]) }));
    expect(JSON.parse(JSON.stringify(parts))).toEqual({ body: { sections: [['1152921504606846976'], [ID]] } });
  });

  it('shows its fields in console.log', () => {
    expect(inspect(received(messageBytes({ subject: 's', body: 'b' })))).toBe(
      "ReceivedMessage { subject: 's', body: 'b' }",
    );
  });

  it('shows in console.log why it cannot be read, and does not throw', () => {
    expect(inspect(fromHex('005373 40', NULL_BODY))).toMatch(
      /^ReceivedMessage <The header and the properties are lists/,
    );
  });
});
