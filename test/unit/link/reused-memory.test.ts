import fc from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/clock.js';
import { Output } from '../../../src/codec/output.js';
import { TRANSFER_HEADER_SIZE } from '../../../src/codec/transfer.js';
import { LinkError } from '../../../src/errors.js';
import type { RheaLink, RheaSession } from '../../../src/link/rhea/rhea-seam.js';
import { PendingOutput } from '../../../src/link/session/pending-output.js';
import { SenderLink } from '../../../src/link/session/sender-link.js';
import { Session } from '../../../src/link/session/session.js';
import type { SocketWriter } from '../../../src/link/wire/socket-writer.js';
import { ACCEPTED } from '../../../src/message/outcome.js';
import { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { ByteBudget } from '../../../src/link/wire/byte-budget.js';
import { FakeSocket } from '../../support/fake-socket.js';

/** A socket that reads what it was given late: only when the test says so, and byte for byte what it was then. */
class LateSocket extends FakeSocket {
  readonly #unread: { bytes: Buffer; then: Buffer; done: ((error?: Error) => void) | undefined }[] = [];

  override write(bytes: Buffer, done?: (error?: Error) => void): boolean {
    this.#unread.push({ bytes, then: Buffer.from(bytes), done });
    return true;
  }

  /** Reads everything up to the end of a write. */
  readOn(): void {
    for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
      if (next.done === undefined) continue;
      next.done();
      return;
    }
  }

  /** Fails, though the operating system goes on reading. */
  fail(): void {
    for (const { done } of this.#unread) done?.(new Error('reset'));
  }

  check(): void {
    for (const { bytes, then } of this.#unread) expect(bytes.equals(then)).toBe(true);
  }
}

/** One link, whose connections come and go. */
class Sending {
  readonly output = new Output(4096, true);
  readonly slabs = new Set<unknown>();
  readonly link = new SenderLink(
    { name: 'link', address: 'q', dynamic: false, presettled: false, maxMessageSize: 0 },
    { closed: () => undefined },
  );
  readonly sockets: LateSocket[] = [];
  readonly deliveries: { delivery: OutgoingDelivery; body: Buffer }[] = [];
  writer!: SocketWriter;
  sent = 0;
  /** Records begun in memory that was in use before. */
  reused = 0;

  constructor() {
    this.connect();
  }

  connect(): void {
    const socket = new LateSocket();
    this.sockets.push(socket);
    const output = new PendingOutput(socket.asSocket, SYSTEM_CLOCK, 600);
    this.writer = output.writer;
    const session = {
      local: { channel: 0 },
      incoming: { next_transfer_id: 0 },
      outgoing: { next_transfer_id: 0, remote_window: 1e6, remote_next_transfer_id: 0 },
    };
    const rhea = { local: { handle: 0 }, credit: 1e6, delivery_count: 0, on_flow: () => undefined };
    // What is used of them is above.
    this.link.attached(
      new Session(session as unknown as RheaSession, output, new ByteBudget(Infinity), true),
      rhea as unknown as RheaLink,
    );
    this.link.opened();
  }

  put(size: number, presettled: boolean): void {
    const { output } = this;
    output.open(TRANSFER_HEADER_SIZE);
    const body = Buffer.alloc(size, this.sent + 1);
    output.bytes(body, 0, size);
    const { start, position, slab } = output;
    if (output.start === 0 && this.slabs.has(slab)) this.reused++;
    this.slabs.add(slab);
    const owner = { destination: 'q', deliveryEnded: () => undefined };
    const from = start + TRANSFER_HEADER_SIZE;
    const delivery = new OutgoingDelivery(slab, from, position, presettled, ++this.sent, owner);
    this.deliveries.push({ delivery, body });
    this.link.send(delivery);
  }

  /** A message that turns out to have no AMQP form when so much of it is written. */
  abandon(size: number): void {
    const { output } = this;
    output.open(TRANSFER_HEADER_SIZE);
    output.bytes(Buffer.alloc(size, 0xff), 0, size);
    output.abandon();
  }

  write(): void {
    while (this.link.sendPending());
    this.writer.flush();
  }

  check(): void {
    for (const socket of this.sockets) socket.check();
    for (const { delivery, body } of this.deliveries) {
      if (delivery.status !== 'pending') continue;
      expect(delivery.buffer.subarray(delivery.start, delivery.end).equals(body)).toBe(true);
    }
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      put: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 4000, max: 6000 })),
      presettled: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ abandon: fc.integer({ min: 1, max: 6000 }) }) },
  { weight: 3, arbitrary: fc.constant('write' as const) },
  { weight: 3, arbitrary: fc.constant('read' as const) },
  // Peers may say of a message what they like before they have read it.
  { weight: 3, arbitrary: fc.record({ accept: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ expire: fc.nat() }) },
  { weight: 1, arbitrary: fc.constantFrom('reconnect' as const, 'fail' as const) },
);

describe('memory of messages that have left', () => {
  it('is used again, but not while the message waits for its outcome or a socket for its bytes', () => {
    let reused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
        const sending = new Sending();
        for (const next of steps) {
          const socket = sending.sockets.at(-1)!;
          if (next === 'write') {
            sending.write();
          } else if (next === 'read') {
            socket.readOn();
            sending.link.written(sending.writer.appended);
          } else if (next === 'reconnect' || next === 'fail') {
            sending.link.detached();
            if (next === 'fail') socket.fail();
            sending.connect();
          } else if ('put' in next) {
            sending.put(next.put, next.presettled);
          } else if ('abandon' in next) {
            sending.abandon(next.abandon);
          } else if ('accept' in next) {
            sending.link.disposition(0, next.accept, true, ACCEPTED);
          } else if (sending.deliveries.length > 0) {
            const { delivery } = sending.deliveries[next.expire % sending.deliveries.length]!;
            if (delivery.isQueued) delivery.finish('expired', new LinkError('too late'));
          }
          sending.check();
        }
        reused += sending.reused;
      }),
      { numRuns: 40 },
    );
    expect(reused).toBeGreaterThan(100);
  });
});
