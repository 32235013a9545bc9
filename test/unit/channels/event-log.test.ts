import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { encodeEvent } from '../../../src/channels/event-encoder.js';
import { EventLog } from '../../../src/channels/event-log.js';
import type { HistorySnapshot } from '../../../src/channels/event-log.js';
import { Message } from '../../../src/channels/message.js';
import { OptionError } from '../../../src/errors.js';
import { FakeClock } from '../../support/fake-clock.js';

const NO_LIMITS = { limit: Infinity, maxBytes: Infinity, maxAge: Infinity };

function createLog(limits: Partial<typeof NO_LIMITS> = {}, clock = new FakeClock(), from?: HistorySnapshot): EventLog {
  return new EventLog({ ...NO_LIMITS, ...limits }, clock, from);
}

function append(log: EventLog, ...ids: string[]): void {
  for (const id of ids) log.append({ id, type: 't', bytes: Buffer.from(`id: ${id}\n\n`), message: new Message('t') });
}

/** What a client gets that has got `id` last; `undefined` when it must begin anew. */
function after(log: EventLog, id: string): (string | undefined)[] | undefined {
  const position = log.positionAfter(id);
  if (position === undefined) return undefined;
  return Array.from({ length: log.next - position }, (_, index) => log.at(position + index)?.id);
}

describe('The history', () => {
  it('gives the events after an id', () => {
    const log = createLog();
    append(log, 'a', 'b', 'c');
    expect([after(log, 'a'), after(log, 'c'), after(log, 'x')]).toEqual([['b', 'c'], [], undefined]);
  });

  it('has an id for where it begins, before there is any event', () => {
    const log = createLog();
    const { lastId } = log;
    append(log, 'a');
    expect(after(log, lastId)).toEqual(['a']);
    expect(createLog().lastId).not.toBe(lastId);
    expect(after(createLog(), 'a')).toBeUndefined();
  });

  it('is bounded by count', () => {
    const log = createLog({ limit: 2 });
    append(log, 'a', 'b', 'c');
    expect([log.size, after(log, 'a'), after(log, 'b'), after(log, 'c')]).toEqual([2, ['b', 'c'], ['c'], []]);
    append(log, 'd');
    expect([log.size, after(log, 'a'), after(log, 'b')]).toEqual([2, undefined, ['c', 'd']]);
  });

  it('is bounded by bytes, even for one event', () => {
    const log = createLog({ maxBytes: 14 });
    append(log, 'a', 'b', 'c');
    expect(log.size).toBe(2);
    append(log, 'x'.repeat(20));
    expect([log.size, after(log, 'c'), after(log, 'x'.repeat(20))]).toEqual([0, undefined, []]);
  });

  it('is bounded by age, with no timer', () => {
    const clock = new FakeClock();
    const log = createLog({ maxAge: 100 }, clock);
    append(log, 'a');
    clock.advance(60);
    append(log, 'b');
    clock.advance(41);
    expect([after(log, 'a'), after(log, 'b'), log.size]).toEqual([['b'], [], 1]);
    clock.advance(1000);
    expect(after(log, 'b')).toEqual([]);
    expect([log.size, clock.timers]).toEqual([0, 0]);
  });

  it('remembers no event with a limit of 0, but knows the newest id', () => {
    const log = createLog({ limit: 0 });
    append(log, 'a', 'b');
    expect([log.size, after(log, 'a'), after(log, 'b')]).toEqual([0, undefined, []]);
  });

  it('finds the newest of several events of one id', () => {
    const log = createLog({ limit: 2 });
    append(log, 'a', 'b', 'a');
    expect([after(log, 'a'), after(log, 'b')]).toEqual([[], ['a']]);
    append(log, 'c');
    expect([log.find('a')?.id, log.find('b')?.id, after(log, 'a')]).toEqual(['a', undefined, ['c']]);
  });

  it('numbers an event whose id a remembered event has, and no other event', () => {
    const log = createLog({ limit: 3 });
    const first = log.nextId(undefined);
    append(log, 'a', 'b');
    expect([log.nextId('a'), log.nextId('c')]).toEqual([log.nextId(undefined), 'c']);
    expect(log.nextId('a')).not.toBe(first);
    append(log, 'd', 'e');
    expect(log.nextId('a')).toBe('a');
    // Somebody has given an event the number of the next.
    append(log, `${first.split('-')[0]}-6`);
    append(log, log.nextId(undefined));
    expect(new Set(log.snapshot().events.map(({ id }) => id)).size).toBe(3);
  });

  it('restores the messages, as filters see them', () => {
    const log = createLog();
    for (const [id, data] of [
      ['a', '{"n":1}'],
      ['b', 'text'],
    ] as const) {
      log.append({ id, type: 't', bytes: encodeEvent({ id, event: 't', data }), message: new Message('t') });
    }
    const restored = createLog({}, new FakeClock(), JSON.parse(JSON.stringify(log.snapshot())) as HistorySnapshot);
    expect([restored.at(1)?.message, restored.at(2)?.message]).toMatchObject([
      { payload: { n: 1 } },
      { payload: 'text' },
    ]);
  });

  it('goes on after a restart where it was, and counts the time between for maxAge', () => {
    const clock = new FakeClock();
    const log = createLog({}, clock);
    append(log, log.nextId(undefined));
    clock.advance(50);
    append(log, 'b', log.nextId(undefined));
    const snapshot = JSON.parse(JSON.stringify(log.snapshot())) as HistorySnapshot;
    const later = new FakeClock();
    later.jump(90);
    const restored = createLog({ maxAge: 60 }, later, snapshot);
    expect([restored.next, restored.nextId(undefined), restored.lastId]).toEqual([
      log.next,
      log.nextId(undefined),
      log.lastId,
    ]);
    expect([restored.size, after(restored, 'b')]).toEqual([2, [log.lastId]]);
    expect(restored.at(2)?.bytes.toString()).toBe('id: b\n\n');
  });

  it.each([
    { epoch: 'x', count: 0, before: 'x', events: [{ id: 'a', type: 't', text: '', time: 0 }] },
    { epoch: 'x', count: 'y', before: 'x', events: [] },
    {},
  ])('is not restored from %j', (snapshot) => {
    expect(() => createLog({}, new FakeClock(), snapshot as HistorySnapshot)).toThrow(OptionError);
  });

  it('replays without gap or double, whatever the bounds, or says that it cannot', () => {
    const bounds = fc.record({ limit: fc.nat(8), maxBytes: fc.nat(60), maxAge: fc.nat(50) });
    fc.assert(
      fc.property(bounds, fc.array(fc.nat(20), { maxLength: 30 }), fc.nat(30), (limits, pauses, known) => {
        const clock = new FakeClock();
        const log = createLog(limits, clock);
        const ids = pauses.map((pause, index) => {
          clock.advance(pause);
          append(log, `${index}`);
          return `${index}`;
        });
        expect([undefined, ids.slice(known + 1)]).toContainEqual(after(log, `${known}`));
        if (known === ids.length - 1) expect(after(log, `${known}`)).toEqual([]);
      }),
    );
  });
});
