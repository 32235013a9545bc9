import type { MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { memoryInUse } from '../support/memory.js';
import { createTrackingMessenger, listen, receive, startBroker } from '../support/messengers.js';
import { Wire } from '../support/wire.js';
import type { WireLink } from '../support/wire.js';
import { payload } from '../support/wire-frames.js';

const MIB = 1 << 20;
const TOO_MUCH = 'amqp:resource-limit-exceeded';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A peer with so many links, on each of which it has written so much of a message. Resolves when it has been read. */
async function writeParts(wire: Wire, links: number, parts: number, part: Buffer): Promise<WireLink[]> {
  await wire.begin();
  const attached: WireLink[] = [];
  for (let number = 0; number < links; number++) attached.push(await wire.attach('sender', 'q'));
  for (let number = 0; number < parts; number++) {
    for (const [id, link] of attached.entries()) {
      wire.transfer(link, number === 0 ? id : undefined, part, { more: true });
      if (wire.socket.writableNeedDrain && !wire.socket.destroyed) {
        await Promise.race([wire.closed, new Promise((resolve) => wire.socket.once('drain', resolve))]);
      }
    }
  }
  await echo(wire, attached[0]!);
  return attached;
}

/** Resolves when all that was written has been read: a session answers a flow on a link that is attached. */
async function echo(wire: Wire, known: WireLink): Promise<void> {
  const link = await wire.attach('receiver', 'other', {}, known.channel);
  wire.send('detach', { handle: link.handle, closed: true }, known.channel);
  await wire.read('detach', ({ fields }) => fields['error'] === undefined);
}

it('the default size limit of a message is 16 MiB, and peers are told so', async () => {
  const listener = createTrackingMessenger();
  const broker = await startBroker();
  for (const port of [Number(new URL(await listen(listener)).port), broker.port]) {
    const wire = await Wire.dial(port);
    await wire.begin();
    const { attach } = await wire.attach('sender', 'q');
    expect(attach.fields['max_message_size']).toBe(16 * MIB);
  }
});

describe('incomplete messages', () => {
  it('hold no more bytes than maxIncoming, over all links and connections of a messenger', async () => {
    const limits: MessengerOptions = { maxIncoming: { bytes: 4 * MIB }, maxMessageSize: 2 * MIB };
    const listener = createTrackingMessenger(limits);
    const port = Number(new URL(await listen(listener)).port);
    const before = memoryInUse();
    const part = Buffer.alloc(250_000);
    for (let connection = 0; connection < 3; connection++) {
      const wire = await Wire.dial(port);
      await writeParts(wire, 10, 8, part);
      const refused = wire.unread.filter(({ name }) => name === 'detach');
      expect(refused.length).toBeGreaterThan(5);
      for (const { fields } of refused) expect(fields).toMatchObject({ closed: true, error: { condition: TOO_MUCH } });
    }
    expect(memoryInUse() - before).toBeLessThan(8 * MIB);
  });

  it('hold no more than maxTotalBytes in the embedded broker', async () => {
    const broker = await startBroker({ maxTotalBytes: 2 * MIB, maxMessageSize: MIB });
    const before = memoryInUse();
    const wire = await Wire.dial(broker.port);
    await writeParts(wire, 10, 8, Buffer.alloc(100_000));
    const refused = wire.unread.filter(({ name }) => name === 'detach');
    expect(refused.length).toBeGreaterThan(5);
    expect(memoryInUse() - before).toBeLessThan(5 * MIB);
    expect(broker.bytes).toBeGreaterThan(MIB);
    wire.destroy();
    await expect.poll(() => broker.bytes).toBe(0);
  });

  it('release their bytes when they are complete, aborted, refused, or lost with their connection', async () => {
    const listener = createTrackingMessenger({ maxIncoming: { bytes: MIB }, maxMessageSize: MIB });
    const port = Number(new URL(await listen(listener)).port);
    const half = payload(Buffer.alloc(600_000)).subarray(0, 600_000);
    for (let round = 0; round < 4; round++) {
      const lost = await Wire.dial(port);
      await writeParts(lost, 1, 1, half);
      lost.destroy();
    }
    const wire = await Wire.dial(port);
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    for (let id = 0; id < 4; id++) {
      wire.transfer(link, id, half, { more: true });
      wire.transfer(link, undefined, Buffer.alloc(0), { aborted: true });
    }
    const whole = payload(Buffer.alloc(900_000, 1));
    for (let id = 4; id < 8; id++) {
      wire.transfer(link, id, whole.subarray(0, 500_000), { more: true });
      wire.transfer(link, undefined, whole.subarray(500_000));
      expect(await receive(listener, 1)).toHaveLength(1);
    }
    // One that is refused, for its size.
    const other = await wire.attach('sender', 'q');
    wire.transfer(other, 8, half, { more: true });
    wire.transfer(other, undefined, half, { more: true });
    expect((await wire.read('detach')).fields).toMatchObject({
      error: { condition: 'amqp:link:message-size-exceeded' },
    });
    wire.transfer(link, 9, whole.subarray(0, 900_000), { more: true });
    await echo(wire, link);
    expect(wire.unread.filter(({ name }) => name === 'detach')).toEqual([]);
  });
});

it('the credit of a link that was refused goes to others', async () => {
  const listener = createTrackingMessenger({ maxMessageSize: 1000 });
  const port = Number(new URL(await listen(listener)).port);
  const received = listener.recv(2);
  const wire = await Wire.dial(port);
  await wire.begin();
  for (let id = 0; id < 3; id++) {
    const link = await wire.attach('sender', 'q');
    await wire.read(
      'flow',
      ({ fields }) => fields['link_credit'] === 2 && fields['handle'] === link.attach.fields['handle'],
    );
    wire.transfer(link, id, payload(Buffer.alloc(2000)));
    await wire.read('detach');
  }
  const good = await wire.attach('sender', 'q');
  await wire.read('flow', ({ fields }) => fields['link_credit'] === 2);
  wire.transfer(good, 3, payload('good'));
  await received;
  expect(listener.get()!.message.body).toBe('good');
});

describe('messages beyond the credit', () => {
  it('hold no more bytes than maxIncoming until they are got', async () => {
    const listener = createTrackingMessenger({ maxIncoming: { bytes: MIB }, maxMessageSize: MIB });
    const port = Number(new URL(await listen(listener)).port);
    const wire = await Wire.dial(port);
    await wire.begin();
    const link = await wire.attach('sender', 'q');
    const body = payload(Buffer.alloc(400_000));
    const sendTwo = (first: number): void => {
      for (let id = first; id < first + 2; id++) wire.transfer(link, id, body, { settled: true });
    };
    // Nobody has called recv() yet, so there is no credit. What was got holds nothing any more.
    for (let first = 0; first < 6; first += 2) {
      sendTwo(first);
      while (listener.incoming < 2) await turn();
      while (listener.get() !== undefined);
    }
    sendTwo(6);
    while (listener.incoming < 2) await turn();
    const { fields } = await sendUntilRefused(wire, link, 8, body);
    expect(fields).toMatchObject({ closed: true, error: { condition: TOO_MUCH } });
    expect(listener.incoming).toBe(2);
    // Nor is there room for others, as long as those two wait, whoever has sent them.
    wire.destroy();
    const again = await Wire.dial(port);
    await again.begin();
    const other = await again.attach('sender', 'q');
    again.transfer(other, 0, body);
    expect((await again.read('detach')).fields).toMatchObject({ error: { condition: TOO_MUCH } });
  });
});

async function sendUntilRefused(wire: Wire, link: WireLink, first: number, body: Buffer): ReturnType<Wire['read']> {
  const isDetached = (): boolean => wire.unread.some(({ name }) => name === 'detach');
  for (let id = first; !isDetached() && id < first + 2000; id++) {
    wire.transfer(link, id, body);
    await turn();
  }
  return wire.read('detach');
}
