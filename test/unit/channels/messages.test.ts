import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/channels/canonical-json.js';
import { Message } from '../../../src/channels/message.js';
import type { SignatureKey } from '../../../src/channels/signature.js';
import { SignedMessage } from '../../../src/channels/signed-message.js';
import { InvalidMessageFormatError, OptionError } from '../../../src/errors.js';

const secret = (id: string): SignatureKey => ({ id, key: createSecretKey(randomBytes(32)) });
const pair = generateKeyPairSync('ed25519');

/** The message as it is on the other side of a wire. */
function overTheWire({ type, payload, id }: Message): SignedMessage {
  return SignedMessage.from(new Message(type, JSON.parse(JSON.stringify(payload)) as unknown, { id }));
}

describe('A Message', () => {
  it('has a type, a payload and perhaps an id, and cannot be changed', () => {
    const message = new Message('news', { text: 'hello' }, { id: '7' });
    expect(message).toMatchObject({ type: 'news', payload: { text: 'hello' }, id: '7' });
    expect(new Message('news')).toMatchObject({ payload: null, id: undefined });
    expect(Object.isFrozen(message)).toBe(true);
  });

  it('equals another one with the same fields', () => {
    expect(new Message('a', [1])).toEqual(new Message('a', [1]));
    expect(new Message('a', [1])).not.toEqual(new Message('b', [1]));
  });

  it.each([
    ['a type that is no text', () => new Message(1 as unknown as string)],
    ['an id that is no text', () => new Message('a', null, { id: 1 as unknown as string })],
    ['an empty id', () => new Message('a', null, { id: '' })],
    ['a sender id that is empty', () => new SignedMessage('', 'a')],
  ])('does not have %s', (_, make) => {
    expect(make).toThrow(InvalidMessageFormatError);
  });
});

describe('A SignedMessage', () => {
  it('wraps the payload with the id of its sender', () => {
    const message = new SignedMessage('alice', 'hello', { n: 1 });
    expect(message).toBeInstanceOf(Message);
    expect(message.type).toBe('hello');
    expect(message.payload).toEqual({ sender_id: 'alice', payload: { n: 1 } });
    expect([message.senderId, message.content, message.signature]).toEqual(['alice', { n: 1 }, undefined]);
    expect(Object.isFrozen(message)).toBe(true);
  });

  it('proves nothing without a signature', () => {
    expect(new SignedMessage('alice', 'hello').verify([secret('k')])).toBe(false);
  });

  it.each([
    ['HMAC-SHA-256', secret('k'), undefined],
    ['Ed25519', { id: 'k', key: pair.privateKey }, { id: 'k', key: pair.publicKey }],
  ])('is verified by %s on the other side of a wire', (_, key, verifying = key) => {
    const signed = new SignedMessage('alice', 'pay', { amount: 10, to: ['bob', { b: 1, a: 2 }] }, { id: '9' }).sign(
      key,
    );
    const received = overTheWire(signed);
    expect(received).toEqual(signed);
    expect(received.verify([verifying])).toBe(true);
    expect(received.verify([secret('other'), verifying])).toBe(true);
  });

  it('is verified when its members have come in another order', () => {
    const key = secret('k');
    const { signature } = new SignedMessage('alice', 'pay', { amount: 10, to: 'bob' }).sign(key);
    expect(new SignedMessage('alice', 'pay', { to: 'bob', amount: 10 }, { signature }).verify([key])).toBe(true);
  });

  it('is not verified when sender, type, content, key or signature are others', () => {
    const key = secret('k');
    const { signature } = new SignedMessage('alice', 'pay', 10).sign(key);
    const verify = (sender: string, type: string, content: unknown, changes = {}): boolean =>
      new SignedMessage(sender, type, content, { signature: { ...signature!, ...changes } }).verify([key]);
    expect(verify('alice', 'pay', 10)).toBe(true);
    expect(verify('mallory', 'pay', 10)).toBe(false);
    expect(verify('alice', 'play', 10)).toBe(false);
    expect(verify('alice', 'pay', 100)).toBe(false);
    expect(verify('alice', 'pay', 10, { key_id: 'other' })).toBe(false);
    expect(verify('alice', 'pay', 10, { value: '' })).toBe(false);
    expect(verify('alice', 'pay', 10, { value: signature!.value.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')) })).toBe(
      false,
    );
    expect(verify('alice', 'pay', 10, { algorithm: 'ed25519' })).toBe(false);
  });

  it('is verified by two keys while a new one replaces the old one, and then by the new one only', () => {
    const [before, after] = [secret('2029'), secret('2030')];
    const signed = new SignedMessage('alice', 'hello').sign(before);
    expect(signed.verify([after, before])).toBe(true);
    expect(signed.verify([after])).toBe(false);
    expect(signed.sign(after).verify([after])).toBe(true);
  });

  it('is not signed, nor verified, by a key that speaks for another sender', () => {
    const shared = secret('k');
    const bound = { ...shared, senderId: 'alice' };
    expect(() => new SignedMessage('mallory', 'hello').sign(bound)).toThrow(OptionError);
    const forged = new SignedMessage('mallory', 'hello').sign(shared);
    expect(forged.verify([shared])).toBe(true);
    expect(forged.verify([bound])).toBe(false);
  });

  it('is not signed by a public key, a short secret, or a key for something else', () => {
    const message = new SignedMessage('alice', 'hello');
    const { privateKey } = generateKeyPairSync('x25519');
    expect(() => message.sign({ id: 'k', key: pair.publicKey })).toThrow(/public/);
    expect(() => message.sign({ id: 'k', key: createSecretKey(randomBytes(31)) })).toThrow(/32 bytes/);
    expect(() => message.sign({ id: 'k', key: privateKey })).toThrow(OptionError);
    expect(() => message.sign({ id: '', key: pair.privateKey })).toThrow(OptionError);
  });

  it.each([
    ['nothing', null],
    ['text', 'x'],
    ['no sender', { payload: 1 }],
    ['a sender that is no text', { sender_id: 1 }],
    ['an empty sender', { sender_id: '' }],
    ['a signature that is null', { sender_id: 'a', signature: null }],
    ['a signature that is text', { sender_id: 'a', signature: 'x' }],
    ['an algorithm nobody knows', { sender_id: 'a', signature: { key_id: 'k', algorithm: 'none', value: '' } }],
    ['a signature without value', { sender_id: 'a', signature: { key_id: 'k', algorithm: 'ed25519' } }],
  ])('is not read from a payload that is or has %s', (_, payload) => {
    expect(() => SignedMessage.from(new Message('a', payload))).toThrow(InvalidMessageFormatError);
  });
});

describe('The canonical JSON text', () => {
  it('is the same for equal values, whatever the order of their members, and means the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        const reversed = (part: unknown): unknown =>
          Array.isArray(part)
            ? part.map(reversed)
            : typeof part === 'object' && part !== null
              ? Object.fromEntries(
                  Object.entries(part)
                    .reverse()
                    .map(([name, member]) => [name, reversed(member)]),
                )
              : part;
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is there only for JSON values', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [1n, cycle, () => 1, Symbol('x')]) {
      expect(() => canonicalJson(value)).toThrow(InvalidMessageFormatError);
    }
    expect(canonicalJson(undefined)).toBe('null');
  });
});
