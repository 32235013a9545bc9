import assert from 'node:assert/strict';
import { describe, expect, it } from 'vitest';
import { SequenceBody, ValueBody, data, sequence, value } from '../../../src/message/body.js';
import { plain } from '../../../src/message/plain.js';
import { Described, described, uuid } from '../../../src/message/typed.js';
import { bytes, messageBytes, received } from './support.js';

const body = { id: 1, list: [{ a: 1 }], nested: { b: null } };

describe('plain', () => {
  it('makes a received body equal to the object that was sent, prototypes included', () => {
    const message = received(messageBytes({ body }));
    expect(message.body).not.toStrictEqual(body);
    expect(plain(message.body)).toStrictEqual(body);
    assert.deepStrictEqual(plain(message.body), body);
    expect(Object.getPrototypeOf(message.body)).toBeNull();
  });

  it('makes text of a map where that is asked for', () => {
    const { properties } = received(messageBytes({ properties: { a: 1 } }));
    expect(() => String(properties as unknown)).toThrow(TypeError);
    expect(String(plain(properties) as unknown)).toBe('[object Object]');
  });

  it('keeps __proto__ as a property, at every depth', () => {
    const key = Buffer.from('__proto__').toString('hex');
    const inner = `c1 0f 02 a109${key} c1 01 00`;
    const message = received(bytes(`005377 c1 1d 02 a109${key} ${inner}`));
    const outer = plain(message.body) as Record<string, object>;
    for (const object of [outer, Object.entries(outer)[0]![1]]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object)).toEqual(['__proto__']);
    }
    expect(messageBytes({ body: outer as never })).toEqual(messageBytes({ body: message.body }));
  });

  it.each<[title: string, sent: unknown]>([
    ['a Map', new Map<unknown, unknown>([[1, { a: 1 }]])],
    ['a described value', described('d', { a: 1 })],
    ['sequences', sequence([{ a: 1 }])],
    ['one value', value({ a: 1 })],
    ['an ordinary object', { a: { b: 1 } }],
  ])('looks into %s', (_, sent) => {
    const bare = withoutPrototypes(sent);
    expect(plain(bare)).toStrictEqual(sent);
    expect(plain(plain(bare))).toStrictEqual(sent);
  });

  it.each([
    ['a Date', new Date(5)],
    ['bytes', Buffer.from('b')],
    ['a uuid', uuid('0f8fad5b-d9cb-469f-a165-70867728950e')],
    ['data sections', data(Buffer.from('a'), Buffer.from('b'))],
    ['text', 'text'],
    ['null', null],
    ['undefined', undefined],
  ])('leaves %s as it is', (_, same) => {
    expect(plain(same)).toBe(same);
  });

  it('is applied by toObject, so that a message can be compared as a whole', () => {
    const sent = { subject: 's', annotations: { a: 1 }, properties: { p: 'x' }, footer: { f: true }, body };
    expect(received(messageBytes(sent)).toObject()).toStrictEqual(sent);
  });
});

describe('a received message in an assertion', () => {
  const message = received(messageBytes({ subject: 's', body: 'bad' }));

  it('matches an object that has some of its fields', () => {
    expect(message).toMatchObject({ body: 'bad' });
    expect([message]).toMatchObject([{ subject: 's' }]);
  });

  it('has a name of its own, so that test runners do not copy it', () => {
    expect(Object.prototype.toString.call(message)).toBe('[object ReceivedMessage]');
  });
});

/** The same value with a null prototype for every object. */
function withoutPrototypes(sent: unknown): unknown {
  const bare = (part: object): object => Object.assign(Object.create(null) as object, part);
  if (sent instanceof Map) return new Map([...sent].map(([key, content]) => [key, bare(content as object)]));
  if (sent instanceof Described) return described('d', bare({ a: 1 }) as never);
  if (sent instanceof SequenceBody) return sequence([bare({ a: 1 }) as never]);
  if (sent instanceof ValueBody) return value(bare({ a: 1 }) as never);
  return bare({ a: bare({ b: 1 }) });
}
