import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../src/codec/encode-message.js';
import { Output } from '../../../src/codec/output.js';
import { scanValue } from '../../../src/codec/read.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import { DecodeError } from '../../../src/errors.js';
import type { Message } from '../../../src/message/message.js';
import { MessageDice } from './generated-message.js';
import { messageBytes } from './support.js';

const FIELDS = Object.entries(Object.getOwnPropertyDescriptors(ReceivedMessage.prototype))
  .filter(([, property]) => property.get !== undefined)
  .map(([name]) => name as keyof Message | 'bodyType');

/** The same bytes with some flipped, cut off, put in or taken out. */
function mutate(dice: MessageDice, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = dice.below(copy.length + 1);
  switch (dice.below(5)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), dice.bytes(4), copy.subarray(at)]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + dice.below(4))]);
    default:
      for (let flips = 1 + dice.below(3); flips > 0; flips--) {
        const place = dice.below(copy.length);
        copy[place] = copy[place]! ^ (1 << dice.below(8));
      }
      return copy;
  }
}

/** What is thrown must be a `DecodeError`: anything else fails the test. */
function refused(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (thrown) {
    if (thrown instanceof DecodeError) return true;
    throw thrown;
  }
}

describe('40,000 messages with damaged bytes', { timeout: 60_000 }, () => {
  it('are read, or refused with a DecodeError, and never anything else', () => {
    const dice = new MessageDice(7);
    const output = new Output();
    const counts = { whole: 0, refusedField: 0, refusedMessage: 0 };
    for (let round = 0; round < 2_000; round++) {
      const bytes = messageBytes(dice.message());
      for (let turn = 0; turn < 20; turn++) {
        const damaged = mutate(dice, bytes);
        let message: ReceivedMessage | undefined;
        if (refused(() => (message = new ReceivedMessage(damaged, 0, damaged.length)))) counts.refusedMessage++;
        if (message === undefined) continue;
        const read = message;
        const wrong = FIELDS.filter((name) => refused(() => read[name]));
        if (wrong.length > 0) counts.refusedField++;
        else counts.whole++;
        output.open(0);
        if (refused(() => encodeMessage(output, read, 'elsewhere'))) output.abandon();
        refused(() => scanValue(damaged, 0, damaged.length));
      }
    }
    expect(FIELDS).toHaveLength(24);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(2_000);
  });
});
