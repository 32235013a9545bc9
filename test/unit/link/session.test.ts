import fc from '../../support/property.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import type { Outcome } from '../../../src/message/outcome.js';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import type { RheaSession } from '../../../src/link/rhea/rhea-seam.js';
import { PendingOutput } from '../../../src/link/session/pending-output.js';
import { Session } from '../../../src/link/session/session.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { decodeFrame } from '../../support/wire-frames.js';
import type { Fields } from '../../support/wire-frames.js';

const ID_COUNT = 2 ** 32;
const REJECTED: Outcome = { type: 'rejected' };

let socket: FakeSocket;
let session: Session;
let output: PendingOutput;

beforeEach(() => {
  socket = new FakeSocket();
  output = new PendingOutput(socket.asSocket, SYSTEM_CLOCK, 4096);
  // What is looked at here is the channel.
  session = new Session({ local: { channel: 3 } } as unknown as RheaSession, output, new ByteBudget(Infinity), true);
});

/** The disposition frames written since the last look. */
function dispositions(): Fields[] {
  session.writeDispositions();
  output.writer.flush();
  const bytes = Buffer.concat(socket.written.splice(0));
  const frames: Fields[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const frame = decodeFrame(bytes.subarray(at, at + bytes.readUInt32BE(at)));
    expect(frame).toMatchObject({ name: 'disposition', channel: 3, fields: { settled: true } });
    frames.push(frame.fields);
  }
  return frames;
}

const outcomeOf = (fields: Fields): string | undefined => (fields['state'] as { type: string } | undefined)?.type;

describe('what a session says of deliveries', () => {
  it('covers each of them once, with its outcome, in the fewest ranges', () => {
    const outcome = fc.constantFrom<Outcome | undefined>(ACCEPTED, ACCEPTED, RELEASED, REJECTED, undefined);
    const said = fc.uniqueArray(fc.tuple(fc.nat(40), outcome), { selector: ([id]) => id, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(0, 1000, ID_COUNT - 1, ID_COUNT - 20), said, (start, settlements) => {
        for (const [id, result] of settlements)
          session.settleReceived({ id: (start + id) % ID_COUNT, result, settled: true });
        const told = new Map<number, string | undefined>();
        const frames = dispositions();
        for (const fields of frames) {
          expect(fields['role']).toBe(true);
          const [first, last] = [fields['first'] as number, fields['last'] as number];
          for (let step = 0; step <= (last - first + ID_COUNT) % ID_COUNT; step++) {
            const id = (first + step) % ID_COUNT;
            expect(told.has(id)).toBe(false);
            told.set(id, outcomeOf(fields));
          }
        }
        expect(told).toEqual(new Map(settlements.map(([id, result]) => [(start + id) % ID_COUNT, result?.type])));

        const sorted = [...settlements].sort(([a], [b]) => a - b);
        const breaks = sorted.filter(([id, result], index) => {
          const before = sorted[index - 1];
          return before === undefined || before[0] + 1 !== id || before[1] !== result;
        });
        expect(frames).toHaveLength(breaks.length);
      }),
    );
  });

  it('writes nothing when there is nothing to say', () => {
    expect(dispositions()).toEqual([]);
  });

  it('is said once', () => {
    session.settleReceived({ id: 1, result: ACCEPTED, settled: true });
    expect(dispositions()).toHaveLength(1);
    expect(dispositions()).toEqual([]);
  });

  it('says as the sender what is final of its own deliveries', () => {
    for (const id of [3, 1, 2]) session.settleSent(id, ACCEPTED);
    const [fields, ...more] = dispositions();
    expect(fields).toMatchObject({ role: false, first: 1, last: 3, settled: true });
    expect(more).toEqual([]);
  });
});

describe('delivery-ids', () => {
  it('count up from nought', () => {
    expect([session.takeDeliveryId(), session.takeDeliveryId()]).toEqual([0, 1]);
  });

  it('of the peer must rise, over the wrap too, and may leave gaps', () => {
    for (const id of [ID_COUNT - 10, ID_COUNT - 1, 0, 1, 100, 0x7fff_0000, 0xff00_0000]) session.expectDeliveryId(id);
    for (const id of [0xff00_0000, 0xfe00_0000, 0x8000_0000]) {
      expect(() => session.expectDeliveryId(id)).toThrow(/after delivery/);
    }
  });

  it('of the peer must be there', () => {
    expect(() => session.expectDeliveryId(-1)).toThrow(/without a delivery-id/);
  });
});
