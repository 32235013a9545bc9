import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Reader } from '../../../src/codec/reader.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import { DecodeError } from '../../../src/errors.js';
import { described } from '../../../src/message/typed.js';
import type { AmqpValue } from '../../../src/message/typed.js';
import { NO_TEST_DATA, TEST_DATA, messageBytes, readAll } from './support.js';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** What the files hold, one value behind the other, by their names. */
const files: Record<string, AmqpValue[]> = {
  null: [null],
  primitives: [true, false, 42, 42, -42, 12345, -12345, 12345, -12345, 0.125, 0.125],
  strings: [Buffer.from('abc\0defg'), 'abcdefg', 'abcdefg', Buffer.alloc(0), '', ''],
  described: [described('foo-descriptor', 'foo-value'), described(12, 13)],
  described_array: [numbers(0, 10).map((value) => described('int-array', value))],
  arrays: [numbers(0, 100), ['a', 'b', 'c'], []],
  lists: [[32, 'foo', true], []],
  maps: [
    { one: 1, two: 2, three: 3 },
    new Map([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ]),
    {},
  ],
};

function readEach(bytes: Buffer): AmqpValue[] {
  const reader = new Reader();
  const values: AmqpValue[] = [];
  reader.open(bytes, 0, bytes.length, 0, false);
  while (reader.position < bytes.length) values.push(reader.value(0));
  return values;
}

const describeData = NO_TEST_DATA === undefined ? describe : describe.skip;
const reason = NO_TEST_DATA === undefined ? '' : ` (skipped: ${NO_TEST_DATA})`;

describeData(`values that Qpid Proton wrote${reason}`, () => {
  it.each(Object.entries(files))('%s.amqp reads as recorded', (name, values) => {
    expect(readEach(readFileSync(join(TEST_DATA, 'interop', `${name}.amqp`)))).toEqual(values);
  });

  it('message.amqp reads as recorded, and goes out as it came', () => {
    const bytes = readFileSync(join(TEST_DATA, 'interop', 'message.amqp'));
    // The file names the body section and gives it bytes that are themselves an AMQP string.
    const message = new ReceivedMessage(bytes, 0, bytes.length);
    expect(readAll(message)).toMatchObject({ durable: false, priority: 4, firstAcquirer: false, deliveryCount: 0 });
    expect(readAll(message)).toMatchObject({ expiryTime: new Date(0), creationTime: new Date(0), groupSequence: 0 });
    expect(message.body).toEqual(Buffer.from('\xa1\x05hello', 'latin1'));
    expect(messageBytes(message)).toEqual(bytes);
  });

  it('has no file that is not tested', () => {
    expect(readdirSync(join(TEST_DATA, 'interop')).sort()).toEqual(
      [...Object.keys(files), 'message'].map((name) => `${name}.amqp`).sort(),
    );
  });
});

describeData(`bytes that a fuzzer gave to Qpid Proton as messages${reason}`, () => {
  it('are read, or refused with a DecodeError', () => {
    const folder = join(TEST_DATA, 'fuzz', 'message');
    const names = readdirSync(folder);
    let refused = 0;
    for (const name of names) {
      const bytes = readFileSync(join(folder, name));
      try {
        readAll(new ReceivedMessage(bytes, 0, bytes.length));
      } catch (thrown) {
        expect(thrown, name).toBeInstanceOf(DecodeError);
        refused++;
      }
    }
    expect(names.length).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(0);
  });
});
