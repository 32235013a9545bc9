import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { encodeEvent } from '../../../src/channels/event-encoder.js';
import { EventLog } from '../../../src/channels/event-log.js';
import { Message } from '../../../src/channels/message.js';
import { SseClients } from '../../../src/channels/sse-clients.js';
import { SseSession } from '../../../src/channels/sse-session.js';
import type { SessionSettings } from '../../../src/channels/sse-session.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeSink } from './fake-sink.js';

const PATIENCE = 5000;
const SMALL = 1;
const LARGE = 1e9;

/** A channel without listeners and requests. */
class Stage {
  readonly clock = new FakeClock();
  readonly log: EventLog;
  readonly clients: SseClients;

  constructor(limit = 1000) {
    this.log = new EventLog({ limit, maxBytes: Infinity, maxAge: Infinity }, this.clock);
    this.clients = new SseClients({ log: this.log, clock: this.clock, heartbeat: 15_000 });
  }

  open(sink: FakeSink, lastEventId?: string, settings: Partial<SessionSettings> = {}): SseSession {
    const session: SseSession = new SseSession({
      log: this.log,
      maxBytes: 1000,
      slowClients: 'close',
      retry: 2000,
      filter: undefined,
      onError: () => undefined,
      defer: (callback) => callback(),
      now: () => this.clock.now(),
      changed: () => (session.state === 'closed' ? this.clients.delete(session) : this.clients.changed(session)),
      ...settings,
    });
    this.clients.add(session);
    session.open(sink, lastEventId);
    return session;
  }

  broadcast(...data: string[]): void {
    for (const text of data) {
      const id = this.log.nextId(undefined);
      const message = new Message('message', text);
      const event = { id, type: 'message', bytes: encodeEvent({ id, data: text }), message };
      this.log.append(event);
      this.clients.deliver(event);
    }
  }
}

describe('A client', () => {
  it('gets the time to reconnect and the id of where it stands, before there is an event', () => {
    const stage = new Stage();
    const sink = new FakeSink(LARGE);
    stage.open(sink);
    expect(Buffer.concat(sink.written).toString()).toBe(`retry: 2000\nid: ${stage.log.lastId}\n\n`);
  });

  it('gets the same bytes as every other: an event is encoded once', () => {
    const stage = new Stage();
    const [one, other] = [new FakeSink(LARGE), new FakeSink(LARGE)];
    stage.open(one);
    stage.open(other);
    stage.broadcast('a');
    expect(one.written.at(-1)).toBe(other.written.at(-1));
  });

  it('that reconnects gets the events it missed and then the new ones, each once', () => {
    const stage = new Stage();
    stage.broadcast('a', 'b', 'c');
    const sink = new FakeSink(LARGE);
    stage.open(sink, stage.log.at(1)?.id);
    stage.broadcast('d');
    expect(sink.data).toEqual(['b', 'c', 'd']);
  });

  it('that replays slowly gets the rest as it reads, and then the new events', () => {
    const stage = new Stage();
    stage.broadcast('a');
    const known = stage.log.lastId;
    stage.broadcast('b', 'c');
    const sink = new FakeSink(SMALL);
    // One event at a time.
    const session = stage.open(sink, known, { maxBytes: 1 });
    expect([sink.data, session.state, session.flushed]).toEqual([[], 'replaying', 2]);
    const steps: string[][] = [];
    for (const added of ['d', 'e', '', '', '']) {
      if (added !== '') stage.broadcast(added);
      sink.read();
      session.drained();
      steps.push(sink.data);
    }
    expect(steps[0]).toEqual(['b']);
    expect(steps.at(-1)).toEqual(['b', 'c', 'd', 'e']);
    expect(session.state).toBe('live');
  });

  it('replays in slices of one write, and other clients have their turn in between', () => {
    const stage = new Stage(Infinity);
    stage.broadcast('a');
    const known = stage.log.lastId;
    stage.broadcast(...Array.from({ length: 20_000 }, (_, index) => `${index}`));
    const later: (() => void)[] = [];
    const sink = new FakeSink(Infinity);
    const settings = { maxBytes: 1e9, defer: (callback: () => void) => void later.push(callback) };
    const session = stage.open(sink, known, settings);
    let turns = 0;
    for (let next = later.shift(); next !== undefined; next = later.shift()) {
      expect([later.length, sink.written.length]).toEqual([0, 2 + turns]);
      expect(sink.written.at(-1)!.length).toBeLessThan(66_000);
      turns++;
      next();
    }
    expect(turns).toBeGreaterThan(10);
    expect([session.state, sink.data.length]).toEqual(['live', 20_000]);
  });

  it('whose filter lets nothing through does not delay other clients', () => {
    const stage = new Stage(Infinity);
    stage.broadcast('a');
    const known = stage.log.lastId;
    stage.broadcast(...Array.from({ length: 5000 }, () => 'x'));
    const asked = vi.fn(() => false);
    const later: (() => void)[] = [];
    stage.open(new FakeSink(LARGE), known, { filter: asked, defer: (callback) => void later.push(callback) });
    expect(asked.mock.calls.length).toBeLessThanOrEqual(1000);
    for (let next = later.shift(); next !== undefined; next = later.shift()) next();
    expect(asked).toHaveBeenCalledTimes(5000);
  });

  it('gets resync, and the id to go on from, when the history does not reach back', () => {
    const stage = new Stage(1);
    stage.broadcast('a');
    const lost = stage.log.lastId;
    stage.broadcast('b', 'c', 'c');
    const newest = stage.log.lastId;
    const sink = new FakeSink(LARGE);
    stage.open(sink, lost);
    stage.broadcast('d');
    expect(sink.events).toMatchObject([{ type: 'resync', lastEventId: newest }, { data: 'd' }]);
    expect(JSON.parse(sink.data[0]!)).toEqual({ reason: 'unknown-id', lastEventId: lost });
    const again = new FakeSink(LARGE);
    stage.open(again, sink.events[0]?.lastEventId);
    expect(again.data).toEqual(['d']);
  });

  it('gets the events that its filter lets through, and the heartbeat keeps it within the history', () => {
    const stage = new Stage(1);
    const sink = new FakeSink(LARGE);
    stage.open(sink, undefined, { filter: ({ id }) => id.endsWith('2') });
    stage.broadcast('a', 'b', 'c');
    expect(sink.data).toEqual(['b']);
    stage.clock.advance(15_000);
    expect(sink.written.at(-1)?.toString()).toBe(`:\nid: ${stage.log.lastId}\n\n`);
  });
});

describe('A client that does not read', () => {
  it('holds at most maxClientBytes and one event, and gets the rest from the history as it reads, each event once', () => {
    const stage = new Stage();
    const sink = new FakeSink(SMALL);
    const session = stage.open(sink, undefined, { maxBytes: 500 });
    for (let index = 0; index < 100; index++) {
      stage.broadcast(`${index}`.padEnd(50));
      expect(sink.bufferedBytes).toBeLessThanOrEqual(500);
    }
    expect([sink.state, session.state]).toEqual(['open', 'replaying']);
    while (session.state !== 'live') {
      sink.read();
      session.drained();
      expect(sink.bufferedBytes).toBeLessThan(500 + 100);
    }
    expect(sink.data.map(Number)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('is ended with slowClients: close when the history has forgotten the event it should get next', () => {
    const stage = new Stage(10);
    const sink = new FakeSink(SMALL);
    const { signal } = new AbortController();
    const session = stage.open(sink, undefined, { maxBytes: 500, slowClients: 'close', signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (let index = 0; index < 40; index++) stage.broadcast('x'.repeat(50));
    expect([sink.state, session.state, session.bufferedBytes]).toEqual(['destroyed', 'closed', 0]);
    expect(stage.clients.size).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is ended when the signal says that it has left, also one that was aborted before', () => {
    const stage = new Stage();
    const leaving = new AbortController();
    const session = stage.open(new FakeSink(LARGE), undefined, { signal: leaving.signal });
    expect(session.state).toBe('live');
    leaving.abort();
    const late = stage.open(new FakeSink(LARGE), undefined, { signal: leaving.signal });
    expect([session.state, late.state, stage.clients.size]).toEqual(['closed', 'closed', 0]);
  });

  it('gets one event of any size when nothing waits for it', () => {
    const stage = new Stage();
    const sink = new FakeSink(LARGE);
    stage.open(sink, undefined, { maxBytes: 10 });
    stage.broadcast('x'.repeat(1000));
    expect(sink.data).toHaveLength(1);
  });

  it('gets resync with slowClients: resync when it has missed events', () => {
    const stage = new Stage(10);
    const sink = new FakeSink(SMALL);
    const session = stage.open(sink, undefined, { maxBytes: 200, slowClients: 'resync' });
    for (let index = 0; index < 20; index++) stage.broadcast('x'.repeat(50));
    expect([session.state, session.flushed]).toEqual(['replaying', 1]);
    expect(sink.bufferedBytes).toBeLessThanOrEqual(200);
    const before = sink.events.length;
    sink.read();
    session.drained();
    expect(session.state).toBe('live');
    sink.read();
    session.drained();
    stage.broadcast('y');
    const [resync, next] = sink.events.slice(before);
    expect(resync).toMatchObject({ type: 'resync', data: '{"reason":"too-slow"}' });
    expect(next?.data).toBe('y');
    // The events after the id of resync are those it will get.
    expect(stage.log.positionAfter(resync!.lastEventId)).toBe(stage.log.next - 1);
  });

  it.each(['close', 'resync'] as const)(
    'and falls out of the history while it replays meets the policy %s',
    (policy) => {
      const stage = new Stage(2);
      stage.broadcast('a', 'b');
      const sink = new FakeSink(SMALL);
      const session = stage.open(sink, stage.log.at(1)?.id, { slowClients: policy });
      stage.broadcast('c', 'd', 'e');
      sink.read();
      session.drained();
      expect(session.state).toBe(policy === 'close' ? 'closed' : 'live');
      expect(sink.events.map(({ type }) => type)).toEqual(policy === 'close' ? [] : ['resync']);
    },
  );

  it('holds the channel back until it reads, has gone, or the channel has waited long enough', async () => {
    const stage = new Stage();
    const ready = async (): Promise<string> => {
      const waiting = stage.clients.ready(PATIENCE, undefined).then(() => 'ready');
      return Promise.race([waiting, new Promise<string>((resolve) => setImmediate(() => resolve('waits')))]);
    };
    expect(await ready()).toBe('ready');
    const sink = new FakeSink(SMALL);
    const session = stage.open(sink);
    expect(await ready()).toBe('waits');
    sink.read();
    session.drained();
    expect(await ready()).toBe('ready');
    stage.broadcast('a');
    expect(await ready()).toBe('waits');
    stage.clock.advance(5000);
    expect(await ready()).toBe('waits');
    stage.clock.advance(2);
    expect(await ready()).toBe('ready');
    const other = stage.open(new FakeSink(SMALL));
    expect(await ready()).toBe('waits');
    other.destroy();
    expect(await ready()).toBe('ready');
  });

  it('does not hold back a caller whose signal is aborted', async () => {
    const stage = new Stage();
    stage.open(new FakeSink(SMALL));
    const ending = new AbortController();
    const waiting = stage.clients.ready(PATIENCE, ending.signal);
    ending.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(stage.clients.ready(PATIENCE, ending.signal)).rejects.toThrow('enough');
  });
});

describe('The clients of a channel', () => {
  it('share one timer, which runs only while there is a client', () => {
    const stage = new Stage();
    expect(stage.clock.timers).toBe(0);
    const sinks = Array.from({ length: 1000 }, () => new FakeSink(LARGE));
    const sessions = sinks.map((sink) => stage.open(sink));
    expect(stage.clock.timers).toBe(1);
    stage.clock.advance(15_000);
    expect(sinks.every(({ written }) => written.length === 2)).toBe(true);
    expect(sinks[0]?.written[1]).toBe(sinks[999]?.written[1]);
    expect(stage.clock.timers).toBe(1);
    for (const session of sessions) session.destroy();
    expect([stage.clients.size, stage.clock.timers]).toEqual([0, 0]);
  });

  it('get no heartbeat while events wait for them', () => {
    const stage = new Stage();
    const sink = new FakeSink(SMALL);
    stage.open(sink);
    stage.clock.advance(60_000);
    expect(sink.written).toHaveLength(1);
  });

  it('are ended after the events that wait for them and the last one', async () => {
    const stage = new Stage();
    stage.broadcast('a');
    const known = stage.log.lastId;
    stage.broadcast('b');
    const [live, replaying] = [new FakeSink(LARGE), new FakeSink(SMALL)];
    const sessions = [stage.open(live), stage.open(replaying, known)];
    const finished = stage.clients.finish(encodeEvent({ event: 'closed', data: 'null' }), 5000);
    expect([live.state, replaying.state]).toEqual(['ended', 'open']);
    sessions[0]?.closed();
    replaying.read();
    sessions[1]?.drained();
    replaying.read();
    sessions[1]?.drained();
    expect([replaying.state, replaying.data]).toEqual(['ended', ['b', 'null']]);
    sessions[1]?.closed();
    await finished;
    expect(stage.clock.timers).toBe(0);
  });

  it('lose their connections when they do not read in time', async () => {
    const stage = new Stage();
    const sink = new FakeSink(SMALL);
    stage.open(sink);
    const destroyed = vi.spyOn(sink, 'destroy');
    const finished = stage.clients.finish(undefined, 5000);
    stage.clock.advance(5000);
    await finished;
    expect(destroyed).toHaveBeenCalledOnce();
    expect(stage.clients.size).toBe(0);
  });
});
