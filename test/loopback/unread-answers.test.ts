import { Duplex } from 'node:stream';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import type { Environment } from 'amqp-messenger';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createTrackingMessenger, startBroker } from '../support/messengers.js';
import { Wire } from '../support/wire.js';
import { encodeFrame } from '../support/wire-frames.js';

const MIB = 1 << 20;

/** Links that come and go, each with a long name, which the answer repeats, and its own: an old one may not be gone yet. */
const LINKS = Array.from({ length: 200 }, (_, number) => {
  const name = `${number}`.padEnd(4000, 'x');
  const attach = { name, handle: 5, role: true, source: { address: 'q' }, target: {} };
  return Buffer.concat([encodeFrame('attach', attach), encodeFrame('detach', { handle: 5, closed: true })]);
});

/** Writes this again and again until it has written so much or is cut off. Returns the most memory that was in use meanwhile. */
async function flood(
  wire: Wire,
  frames: readonly Buffer[],
  most: number,
): Promise<{ wasCut: boolean; memory: number }> {
  const before = memoryInUse();
  let memory = 0;
  const chunk = Buffer.concat(frames);
  for (let sent = 0; sent < most && !wire.socket.destroyed; sent += chunk.length) {
    if (!wire.socket.write(chunk)) {
      await Promise.race([wire.closed, new Promise((resolve) => wire.socket.once('drain', resolve))]);
      wire.socket.removeAllListeners('drain');
    }
    memory = Math.max(memory, memoryInUse() - before);
  }
  return { wasCut: wire.socket.destroyed, memory };
}

describe('a peer that asks and never reads the answers', () => {
  it('gets no answers to pile up, and is cut off', async () => {
    const broker = await startBroker({ idleTimeout: 500 });
    const closed = new Promise<Error | undefined>((resolve) =>
      broker.on('connection', ({ state, error }) => state === 'closed' && resolve(error)),
    );
    const wire = await Wire.dial(broker.port);
    await wire.begin();
    wire.socket.pause();
    const { wasCut, memory } = await flood(wire, LINKS, 64 * MIB);
    expect(wasCut).toBe(true);
    expect(memory).toBeLessThan(8 * MIB);
    expect((await closed)?.message).toMatch(/read none of the many answers/);
  });

  it('is served for any number of requests when it reads the answers', async () => {
    const broker = await startBroker();
    const wire = await Wire.dial(broker.port);
    await wire.begin();
    wire.socket.pause();
    const rounds = 15;
    for (let round = 0; round < rounds; round++) wire.write(...LINKS);
    // Until nothing more is taken: the answers do not fit between the two.
    for (let left = Infinity, turns = 0; turns < 500; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (wire.socket.writableLength < left) turns = 0;
      left = wire.socket.writableLength;
    }
    expect(wire.socket.writableLength).toBeGreaterThan(0);
    wire.socket.resume();
    await wire.until(() => wire.unread.filter(({ name }) => name === 'detach').length === rounds * LINKS.length);
  });
});

/** Two ends of a connection that takes so few bytes before whoever writes has to wait. */
function pipe(capacity: number): [Duplex, Duplex] {
  const ends: Duplex[] = [0, 1].map((end) => {
    let resume: (() => void) | undefined;
    return Object.assign(
      new Duplex({
        allowHalfOpen: false,
        readableHighWaterMark: capacity,
        read: () => {
          const goOn = (ends[1 - end] as Duplex & { resumeWrite: () => void }).resumeWrite;
          setImmediate(goOn);
        },
        write: (chunk: Buffer, _encoding, done) => {
          let sent = 0;
          const finish = (): void => {
            resume = undefined;
            done();
          };
          const next = (): void => {
            resume = undefined;
            while (sent < chunk.length) {
              const piece = Buffer.from(chunk.subarray(sent, (sent += capacity)));
              if (!ends[1 - end]!.push(piece) && sent < chunk.length) {
                resume = next;
                return;
              }
            }
            const isFull = ends[1 - end]!.readableLength >= capacity;
            if (isFull) resume = finish;
            else finish();
          };
          next();
        },
        final: (done) => {
          ends[1 - end]!.push(null);
          done();
        },
        destroy: (error, done) => {
          if (!ends[1 - end]!.destroyed) setImmediate(() => ends[1 - end]!.destroy());
          done(error);
        },
      }),
      { resumeWrite: () => resume?.() },
    );
  });
  return [ends[0]!, ends[1]!];
}

/** A network of such connections. */
function narrowNetwork(capacity: number): Pick<Environment, 'dial' | 'listen'> {
  let accept: (stream: Duplex) => void = () => undefined;
  const streams: Duplex[] = [];
  return {
    listen: (_options, taken) => {
      accept = taken;
      const close = (): Promise<void> => Promise.resolve();
      return Promise.resolve({ port: 1, close, destroy: () => streams.forEach((stream) => stream.destroy()) });
    },
    dial: (_options, connected) => {
      const [near, far] = pipe(capacity);
      streams.push(near, far);
      setImmediate(() => {
        accept(far);
        connected();
      });
      return near;
    },
  };
}

describe('two peers that send each other more than the sockets buffer', () => {
  it.each([
    ['100 MB in messages of 10 kB', 10_000, 10_000],
    ['100,000 tiny messages, each with an answer of its own', 100_000, 10],
  ])('never wait for each other: %s', { timeout: 60_000 }, async (_what, count, size) => {
    const environment = narrowNetwork(4096);
    // Nobody is cut off for it, either.
    const broker = await new EmbeddedBroker({ port: 0, environment, idleTimeout: 0 }).start();
    onTestFinished(() => broker.stop());
    const messenger = createTrackingMessenger({ environment, idleTimeout: 0 });
    const subscription = messenger.subscribe('amqp://narrow/q');
    let received = 0;
    const taking = (async () => {
      for await (const delivery of messenger.receive({ subscription })) {
        // Neighbours with different outcomes are not told in one frame.
        if (received % 2 === 0) delivery.accept();
        else delivery.reject();
        if (++received === count) break;
      }
    })();
    const body = Buffer.alloc(size);
    for (let index = 0; index < count; index++) {
      if (index % 1000 === 0) await messenger.ready();
      messenger.put({ address: 'amqp://narrow/q', body });
    }
    await messenger.send();
    await taking;
    expect(received).toBe(count);
  });
});
