import type { Message, Properties } from 'amqp-messenger';
import { described, symbol, ulong } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../src/codec/encode-message.js';
import { Output } from '../../src/codec/output.js';
import { createTrackingMessenger } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Wire, WireLink } from '../support/wire.js';
import type { Fields } from '../support/wire-frames.js';

const SPEC = 'rabbitmq:stream-offset-spec';
const first = { [SPEC]: described(symbol(SPEC), 'first') };

/** The bytes of a message of a stream. */
function at(offset: number | undefined): Buffer {
  const output = new Output();
  output.open(0);
  const annotations = offset === undefined ? {} : { annotations: { 'x-stream-offset': ulong(BigInt(offset)) } };
  const message: Message = { body: offset ?? 'none', ...annotations };
  encodeMessage(output, message, undefined);
  return Buffer.from(output.buffer.subarray(output.start, output.position));
}

/** The value of the filter that an attach asks for. */
function askedFrom({ attach }: WireLink): unknown {
  const filter = (attach.fields['source'] as Fields)['filter'] as Record<string, { value: unknown }> | undefined;
  const value = filter?.[SPEC]?.value;
  return value === undefined || typeof value === 'string' ? value : Number(value);
}

/**
 * Subscribes, has messages with these offsets come, accepts as many of them as `accepts` says, and loses the connection.
 * Returns the place in the stream that the subscription asks for then.
 */
async function askedAfter(
  offsets: readonly (number | undefined)[],
  accepts: readonly number[],
  filters: Properties = first,
): Promise<unknown> {
  const peer = await ScriptedPeer.listen();
  const messenger = createTrackingMessenger({ incomingWindow: 10, reconnect: { delay: 0 } });
  messenger.on('error', () => undefined);
  messenger.subscribe(peer.address('s'), { credit: 10, filters });
  const wire: Wire = await peer.accept();
  const link = await wire.answerLink();
  await wire.read('flow');
  for (const [id, offset] of offsets.entries()) wire.transfer(link, id, at(offset));
  const deliveries = [];
  while (deliveries.length < offsets.length) {
    await messenger.recv(-1);
    for (let next = messenger.get(); next !== undefined; next = messenger.get()) deliveries.push(next);
  }
  for (const index of accepts) deliveries[index]!.accept();
  if (accepts.length > 0) await wire.read('disposition');
  wire.destroy();
  return askedFrom(await (await peer.accept()).answerLink());
}

/** A message whose annotations end in their midst. */
const BROKEN = Buffer.from([0x00, 0x53, 0x72, 0xc1, 0x20, 0x02]);

describe('a subscription to a stream that comes back', () => {
  it('goes on behind the last message when all have an outcome', async () => {
    expect(await askedAfter([5, 6, 7], [0, 1, 2])).toBe(8);
  });

  it('goes on at the first message that had no outcome', async () => {
    expect(await askedAfter([5, 6, 7], [0])).toBe(6);
    expect(await askedAfter([5, 6, 7], [0, 2])).toBe(6);
    expect(await askedAfter([5, 6, 7], [])).toBe(5);
  });

  it('begins where it was to begin when nothing has come', async () => {
    expect(await askedAfter([], [])).toBe('first');
  });

  it('begins where it was to begin when messages do not say where they are', async () => {
    expect(await askedAfter([undefined], [0])).toBe('first');
  });

  it('begins where it was to begin when the last message is not AMQP', async () => {
    const peer = await ScriptedPeer.listen();
    const messenger = createTrackingMessenger({ incomingWindow: 10, reconnect: { delay: 0 } });
    messenger.subscribe(peer.address('s'), { credit: 10, filters: first });
    const wire = await peer.accept();
    const link = await wire.answerLink();
    await wire.read('flow');
    wire.transfer(link, 0, BROKEN);
    await messenger.recv(-1);
    wire.destroy();
    expect(askedFrom(await (await peer.accept()).answerLink())).toBe('first');
  });

  it('asks for no place when it has not been told where to begin, since it may be no stream', async () => {
    expect(await askedAfter([5], [0], {})).toBeUndefined();
  });
});
