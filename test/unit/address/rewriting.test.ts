import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/address/address.js';
import { defaultRewrite } from '../../../src/address/default-rewrite.js';
import { expandReplyTo } from '../../../src/address/reply-to.js';

describe('defaultRewrite', () => {
  it.each([
    ['amqps://u:p@[fe80::1%25eth0]:5671/q', 'amqps://[fe80::1%25eth0]:5671/q'],
    ['u:p@~h:1', '~h:1'],
    ['amqp://u:p@host:/a@b', 'amqp://host:/a@b'],
    ['amqp://h/a@b', 'amqp://h/a@b'],
  ])('turns %s into %s', (address, rewritten) => {
    expect(defaultRewrite(address)).toBe(rewritten);
  });

  it('leaves every address without user and password alone', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '/', '@', '[', ']', '~'), minLength: 1 });
    fc.assert(
      fc.property(text, (address) => {
        expect(defaultRewrite(address) === address).toBe(parseAddress(address).user === undefined);
      }),
    );
  });

  it('cuts exactly user and password', () => {
    fc.assert(
      fc.property(fc.webAuthority({ withUserInfo: false, withPort: true }), fc.string(), (authority, name) => {
        expect(defaultRewrite(`amqp://us%40er:p:w@${authority}/${name}`)).toBe(`amqp://${authority}/${name}`);
      }),
    );
  });
});

describe('expandReplyTo', () => {
  it.each([
    ['~', 'amqp://me'],
    ['~/', 'amqp://me/'],
    ['~/a/b', 'amqp://me/a/b'],
    ['~//x', 'amqp://me//x'],
    ['~x', '~x'],
    ['~~', '~~'],
    ['', ''],
    ['amqp://h/~', 'amqp://h/~'],
    ['amqp://shop:secret@h:5672/answers', 'amqp://h:5672/answers'],
    ['AMQPS://shop@h/answers', 'AMQPS://h/answers'],
    ['amqp://h/answers@eu', 'amqp://h/answers@eu'],
    ['answers@eu', 'answers@eu'],
    ['shop:secret@h', 'shop:secret@h'],
  ])('turns %j into %j', (replyTo, expanded) => {
    expect(expandReplyTo(replyTo, 'me')).toBe(expanded);
  });
});
