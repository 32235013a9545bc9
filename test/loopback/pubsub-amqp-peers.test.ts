import { AmqpBroker, defineMessage } from 'amqp-messenger/pubsub';
import type { AsyncMessageContext, DeadLetter } from 'amqp-messenger/pubsub';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { startBroker } from '../support/messengers.js';
import { ScriptedPeer } from '../support/scripted-peer.js';
import type { Wire, WireLink } from '../support/wire.js';

class Created extends defineMessage<{ id: number }>('created') {}
class Deleted extends defineMessage<{ id: number }>('deleted') {}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A broker on a peer that is played frame by frame. */
async function connect(clock?: FakeClock): Promise<{ broker: AmqpBroker; peer: ScriptedPeer }> {
  const peer = await ScriptedPeer.listen();
  const broker = new AmqpBroker({ url: peer.address('').replace(/\/$/, ''), peer: 'artemis', clock });
  onTestFinished(() => {
    const closed = broker.close({ drain: false, timeout: 0 });
    clock?.advance(0); // its time is over
    return closed;
  });
  broker.on('error', () => undefined);
  return { broker, peer };
}

/** Begins a session for the next link that is attached, and takes its attach without an answer. */
async function attached(wire: Wire): Promise<unknown> {
  await wire.answerBegin();
  const { fields } = await wire.read('attach');
  return fields['role'];
}

/** Lets the next link send a message, and accepts that. */
async function takeOne(wire: Wire): Promise<void> {
  await wire.answerBegin();
  const link = await wire.answerAttach();
  wire.grant(link, 10);
  await wire.read('transfer');
  wire.accept(link, 0);
}

describe('publish of an AmqpBroker', () => {
  it('does not wait for a subscription to another type that the peer does not answer', async () => {
    const { broker, peer } = await connect(new FakeClock()); // which stands still: no time runs out
    broker.subscribe(Deleted, vi.fn());
    const wire = await peer.accept();
    await wire.answerOpen();
    expect(await attached(wire)).toBe(true); // they want to receive
    const published = broker.publish(new Created({ id: 1 }));
    await takeOne(wire);
    await published;
  });

  it('waits for one to its own type, but not for ever', async () => {
    const clock = new FakeClock();
    const { broker, peer } = await connect(clock);
    broker.subscribe(Created, vi.fn());
    const wire = await peer.accept();
    await wire.answerOpen();
    expect(await attached(wire)).toBe(true);
    const published = broker.publish(new Created({ id: 1 }));
    await turn();
    expect(wire.unread).toEqual([]);
    clock.advance(3000);
    await takeOne(wire);
    await published;
  });
});

/** A message of type `created` with this content, which has failed so often and has this id. */
function payload(content: string, deliveryCount: number, id: string): Buffer {
  const header = [0x00, 0x53, 0x70, 0xc0, 7, 5, 0x40, 0x40, 0x40, 0x40, 0x52, deliveryCount];
  const properties = [0x00, 0x53, 0x73, 0xc0, 3 + id.length, 1, 0xa1, id.length, ...Buffer.from(id)];
  return Buffer.from([
    ...header,
    ...(id === '' ? [] : properties),
    ...[0x00, 0x53, 0x75, 0xa0, content.length, ...Buffer.from(content)],
  ]);
}

describe('a peer that delivers again what was rejected', () => {
  const reject = (_created: Created, context: AsyncMessageContext<Created>): void => context.reject('no good');
  const fail = (): never => {
    throw new RangeError('always');
  };

  it.each([
    ['rejected by its handler', '{"id":1}', 'a', reject],
    ['that failed too often', '{"id":1}', 'a', fail],
    ['that cannot be read', '{', 'a', vi.fn()],
    ['that cannot be read and has no id', '{', '', vi.fn()],
  ])('is told once of a message %s, which is put aside then', async (_what, content, id, handler) => {
    const { broker, peer } = await connect();
    const dead: DeadLetter[] = [];
    broker.on('dead', (letter) => dead.push(letter));
    const options = { maxDeliveries: 1, backoff: { delay: 1 } };
    const ready = broker.subscribeAsync(Created, handler, 'work', options).ready();
    const wire = await peer.accept();
    const link: WireLink = await wire.answerLink();
    await ready;
    const outcomes: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      wire.transfer(link, count, payload(content, count, id));
      const { fields } = await wire.read('disposition');
      outcomes.push(fields['state']);
    }
    expect(dead).toHaveLength(1);
    expect(outcomes).toMatchObject([
      { error: { condition: expect.stringMatching(/^amqp:(internal|decode)-error$/) as string } },
      ...[1, 2, 3].map(() => ({ delivery_failed: true, undeliverable_here: true })),
    ]);
  });

  it('does not prevent the handling of a new message with the same id', async () => {
    const peer = await startBroker();
    const broker = new AmqpBroker({ url: peer.url, peer: 'embedded' });
    onTestFinished(() => broker.close());
    const dead: DeadLetter[] = [];
    broker.on('dead', (letter) => dead.push(letter));
    await broker.subscribeAsync(Created, reject, 'work').ready();
    for (const id of [1, 2]) await broker.publish(new Created({ id }), { messageId: 'a' });
    await expect
      .poll(() => dead.map(({ message }) => message))
      .toEqual([new Created({ id: 1 }), new Created({ id: 2 })]);
  });
});
