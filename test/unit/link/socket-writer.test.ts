import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import fc from '../../support/property.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { SocketWriter } from '../../../src/link/wire/socket-writer.js';
import { FakeSocket } from '../../support/fake-socket.js';

/** A socket that says what was written together, and is done with it only when told. */
class SlowSocket extends FakeSocket {
  /** Pieces that were written in one go. */
  readonly batches: Buffer[][] = [];
  #isCorked = false;
  #pending: (() => void)[] = [];

  override write(bytes: Buffer, done?: () => void): boolean {
    if (this.#isCorked && this.batches.length > 0) this.batches[this.batches.length - 1]!.push(bytes);
    else this.batches.push([bytes]);
    if (done !== undefined) this.#pending.push(done);
    return true;
  }

  override cork(): void {
    this.#isCorked = true;
    this.batches.push([]);
  }

  override uncork(): void {
    this.#isCorked = false;
  }

  /** The operating system has taken the next write. */
  finishWrite(): void {
    this.#pending.shift()?.();
  }
}

const MIB = 1 << 20;
let socket: SlowSocket;
let writer: SocketWriter;
let told: (number | 'unblocked')[];

beforeEach(() => {
  socket = new SlowSocket();
  told = [];
  writer = new SocketWriter(socket.asSocket, SYSTEM_CLOCK, {
    written: (total) => told.push(total),
    unblocked: () => told.push('unblocked'),
  });
});

const append = (bytes: Buffer): void => writer.append(bytes, 0, bytes.length);
const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('SocketWriter', () => {
  it('writes what one turn appends in one go, in order', async () => {
    for (const text of ['one ', 'two ', 'three']) append(Buffer.from(text));
    expect(socket.batches).toEqual([]);
    await nextTick();
    expect(socket.batches).toHaveLength(1);
    expect(Buffer.concat(socket.batches[0]!).toString()).toBe('one two three');
  });

  it('makes one piece of neighbours in the same buffer, without a copy', () => {
    const slab = Buffer.from('abcdefghij');
    writer.append(slab, 1, 4);
    writer.append(slab, 4, 6);
    writer.append(slab, 6, 9);
    writer.flush();
    expect(socket.batches.map((pieces) => pieces.map(String))).toEqual([['bcdefghi']]);
    expect(socket.batches[0]![0]!.buffer).toBe(slab.buffer);
  });

  it('copies small frames beside each other, and leaves large ones where they are', () => {
    for (const text of ['ab', 'cd', 'x'.repeat(2000), 'ef']) writer.copy(Buffer.from(text));
    writer.flush();
    writer.copy(Buffer.from('gh'));
    writer.flush();
    expect(socket.batches.map((pieces) => pieces.map(String))).toEqual([['abcd', 'x'.repeat(2000), 'ef'], ['gh']]);
  });

  it('takes more memory for small frames when what there is is full', () => {
    const frames = Array.from({ length: 500 }, (_, number) => Buffer.alloc(100, number));
    for (const frame of frames) writer.copy(frame);
    writer.flush();
    const [pieces] = socket.batches;
    expect(Buffer.concat(pieces!).equals(Buffer.concat(frames))).toBe(true);
    expect(pieces!.length).toBe(13);
  });

  it('keeps apart what does not touch', () => {
    const slab = Buffer.from('abcdefghij');
    writer.append(slab, 0, 2);
    writer.append(slab, 3, 5);
    writer.append(Buffer.from('XY'), 0, 2);
    writer.append(slab, 5, 6);
    writer.flush();
    expect(socket.batches.map((pieces) => pieces.map(String))).toEqual([['ab', 'de', 'XY', 'f']]);
  });

  it('opens no piece again that has been written', () => {
    const slab = Buffer.from('abcdef');
    writer.append(slab, 0, 3);
    writer.flush();
    writer.append(slab, 3, 6);
    writer.flush();
    expect(socket.batches.map((pieces) => pieces.map(String))).toEqual([['abc'], ['def']]);
  });

  it('writes every byte once and in order, however it is appended and flushed', () => {
    const step = fc.record({
      slab: fc.nat(2),
      size: fc.integer({ min: 0, max: 50 }),
      skip: fc.nat(3),
      flushes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const slow = new SlowSocket();
        const gathered = new SocketWriter(slow.asSocket, SYSTEM_CLOCK, {
          written: () => undefined,
          unblocked: () => undefined,
        });
        const slabs = [0, 1, 2].map((slab) =>
          Buffer.from(Array.from({ length: 4000 }, (_, index) => (slab + index) % 251)),
        );
        const ends = [0, 0, 0];
        const expected: Buffer[] = [];
        for (const { slab, size, skip, flushes } of steps) {
          const start = ends[slab]! + skip;
          ends[slab] = start + size;
          gathered.append(slabs[slab]!, start, start + size);
          expected.push(slabs[slab]!.subarray(start, start + size));
          if (flushes) gathered.flush();
        }
        gathered.flush();
        expect(Buffer.concat(slow.batches.flat()).equals(Buffer.concat(expected))).toBe(true);
        expect(gathered.appended).toBe(Buffer.concat(expected).length);
      }),
    );
  });

  it('tells what has left, by the count of bytes', () => {
    append(Buffer.alloc(10));
    writer.flush();
    append(Buffer.alloc(5));
    writer.flush();
    expect(told).toEqual([]);
    socket.finishWrite();
    expect(told).toEqual([10]);
    socket.finishWrite();
    expect(told).toEqual([10, 15]);
  });

  it('is blocked while a mebibyte waits, and says when there is room again', () => {
    append(Buffer.alloc(MIB - 1));
    expect(writer.blocked).toBe(false);
    append(Buffer.alloc(1));
    expect(writer.blocked).toBe(true);
    writer.flush();
    append(Buffer.alloc(10));
    writer.flush();
    expect(writer.blocked).toBe(true);
    socket.finishWrite();
    expect(writer.blocked).toBe(false);
    expect(told).toEqual([MIB, 'unblocked']);
    socket.finishWrite();
    expect(told).toEqual([MIB, 'unblocked', MIB + 10]);
  });

  it('says nothing of room when nobody had to wait', () => {
    append(Buffer.alloc(2 * MIB));
    writer.flush();
    socket.finishWrite();
    expect(told).toEqual([2 * MIB]);
  });

  it('drops what a socket that is gone cannot take', async () => {
    append(Buffer.from('lost'));
    socket.destroy();
    await nextTick();
    expect(socket.batches).toEqual([]);
    expect(told).toEqual([]);
  });

  it('does not count as written what is cut short when the socket is destroyed here', async () => {
    let accepted: Socket | undefined;
    const server = createServer({ pauseOnConnect: true }, (other) => (accepted = other)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const real = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await Promise.all([once(server, 'connection'), once(real, 'connect')]);
    let released = 0;
    // More than any buffer between the two takes.
    const memory = { buffer: Buffer.alloc(64 * MIB), hold: () => undefined, release: () => released++ };
    const cut = new SocketWriter(real, SYSTEM_CLOCK, {
      written: (total) => told.push(total),
      unblocked: () => undefined,
    });
    cut.append(memory.buffer, 0, 64 * MIB, memory);
    cut.flush();
    real.destroy();
    await once(real, 'close');
    accepted?.destroy();
    server.close();
    expect([told, released]).toEqual([[], 0]);
  });

  it('writes nothing when there is nothing', async () => {
    writer.flush();
    writer.schedule();
    await nextTick();
    expect(socket.batches).toEqual([]);
  });
});
