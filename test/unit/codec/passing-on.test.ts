import { describe, expect, it } from 'vitest';
import { DecodeError, EncodeError } from '../../../src/errors.js';
import type { Message } from '../../../src/message/message.js';
import { byte, int, symbol, ubyte, uuid } from '../../../src/message/typed.js';
import { bytes, messageBytes, received } from './support.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** As a JMS client sends it: annotations whose types matter, and properties of many. */
const JMS: Message = {
  address: 'from',
  id: uuid(ID),
  durable: true,
  annotations: { 'x-opt-jms-msg-type': byte(5), 'x-opt-jms-dest': byte(0) },
  properties: { small: ubyte(7), count: int(3), kind: symbol('k'), when: new Date(5), bytes: Buffer.from([1]) },
  body: { id: int(1) },
};

describe('with', () => {
  it('returns the same message with another address, byte for byte', () => {
    const message = received(messageBytes(JMS));
    const passed = message.with({ address: 'to' });
    expect(messageBytes(passed)).toEqual(messageBytes({ ...JMS, address: 'to' }));
    expect([message.address, passed.address]).toEqual(['from', 'to']);
    expect(messageBytes(message)).toEqual(messageBytes(JMS));
  });

  it('keeps the AMQP type of every unchanged entry of a map', () => {
    const message = received(messageBytes(JMS));
    const passed = message.with({
      annotations: { ...message.annotations, 'x-opt-hops': 1 },
      properties: { ...message.toObject().properties, count: 4, small: undefined },
    });
    expect(messageBytes(passed)).toEqual(
      messageBytes({
        ...JMS,
        annotations: { ...JMS.annotations, 'x-opt-hops': 1 },
        properties: { ...JMS.properties, count: 4, small: undefined },
      }),
    );
  });

  it('keeps a ulong that is the key of an annotation', () => {
    const message = received(bytes('005372 c10c02 80 0000000000000007 5405 005377 40'));
    expect(message.annotations).toEqual({ 7: 5 });
    const passed = messageBytes(message.with({ annotations: { ...message.annotations, b: true } }));
    expect(passed.toString('hex')).toContain('8000000000000000075405a3016241');
  });

  it('writes a map anew when the received one cannot be read', () => {
    const message = received(bytes('005374 c10201 40 005377 40'));
    expect(() => message.properties).toThrow(DecodeError);
    expect(received(messageBytes(message.with({ properties: { a: 1 } }))).properties).toEqual({ a: 1 });
  });

  it('removes fields that are undefined, and adds missing ones', () => {
    const passed = received(messageBytes(JMS)).with({ durable: undefined, subject: 's', footer: { f: 1 }, body: 'b' });
    expect(passed.toObject()).toMatchObject({ subject: 's', footer: { f: 1 }, body: 'b' });
    expect(passed.durable).toBe(false);
    expect(messageBytes(passed)).toEqual(
      messageBytes({ ...JMS, durable: undefined, subject: 's', footer: { f: 1 }, body: 'b' }),
    );
  });

  it('keeps fields that were set before, and the option for integers', () => {
    const message = received(messageBytes(JMS), { integers: 'bigint' });
    message.subject = 'set';
    const passed = message.with({ ttl: 5, properties: { ...message.properties, long: 2n } });
    message.subject = 'later';
    expect([passed.subject, passed.ttl]).toEqual(['set', 5]);
    expect(received(messageBytes(passed), { integers: 'bigint' }).properties).toMatchObject({ long: 2n });
    expect(messageBytes(passed).includes(bytes('5403'))).toBe(true); // the int
  });

  it('refuses an unknown field', () => {
    const message = received(messageBytes(JMS));
    expect(() => message.with({ to: 'x' } as Message)).toThrow(EncodeError);
    expect(() => message.with({ to: 'x' } as Message)).toThrow(
      'to: a message has no such field; did you mean address?',
    );
    expect(() => message.with({ ...(message as object) })).toThrow(/pass it on as message.with/);
  });

  it('leaves the check of values to put()', () => {
    const wrong = received(messageBytes(JMS)).with({ annotations: { a: 1, é: 2 } });
    expect(() => messageBytes(wrong)).toThrow('annotations["é"]: a symbol is ASCII text.');
    expect(() => messageBytes(wrong.with({ annotations: [] as unknown as Message['annotations'] }))).toThrow(
      'annotations: takes a plain object, not an array.',
    );
  });
});

describe('{ ...message }', () => {
  const message = received(messageBytes(JMS));

  it.each([
    ['with an address', { ...(message as object), address: 'to' }],
    ['with a body', { ...(message as object), body: 'b' }],
    ['by Object.assign', Object.assign({}, message, { address: 'to' })],
  ])('is refused: %s', (_, spread) => {
    expect(() => messageBytes(spread)).toThrow(EncodeError);
    expect(() => messageBytes(spread)).toThrow(
      'message: { ...message } has no field of a received message; pass it on as message.with({ address }).',
    );
  });

  it('is written like toObject(), without AMQP types', () => {
    const out = received(messageBytes({ ...message.toObject(), address: 'to' }));
    expect(out.toObject()).toEqual({ ...message.toObject(), address: 'to' });
  });
});

describe('a header or properties longer than their fields', () => {
  it.each([
    ['without a field', '005373 c003004040'],
    ['with one', '005373 c0050143404040'],
    ['of a header', '005370 c0050141404040'],
  ])('are refused when they are read, %s: put again, the rest would be lost', (_title, hex) => {
    const message = received(bytes(`${hex} 00537740`));
    expect(() => message.toObject()).toThrow(/longer than their fields/);
  });
});
