import { beforeEach, describe, expect, it } from 'vitest';
import type { BrokerQueue } from '../../../src/broker/queue.js';
import { ACCEPTED, FAILED, FakeHost, FakeLink, REJECTED, RELEASED, consume, incoming, read } from './support.js';

let host: FakeHost;
let queue: BrokerQueue;

beforeEach(() => {
  host = new FakeHost();
  queue = host.queue();
});

function take(...bodies: (string | number)[]): void {
  for (const body of bodies) expect(queue.take(incoming(body))).toBeUndefined();
}

describe('a queue', () => {
  it('gives its messages out in order, as far as credit goes', () => {
    take(1, 2, 3);
    const { link, consumer } = consume(queue, 2);
    expect(link.bodies).toEqual([1, 2]);
    expect(queue).toMatchObject({ depth: 1, outstanding: 2, consumers: 1 });
    link.credit = 5;
    queue.sendable(consumer);
    expect(link.bodies).toEqual([1, 2, 3]);
    for (let index = 0; index < 3; index++) link.settle();
    expect(queue).toMatchObject({ depth: 0, outstanding: 0, bytes: 0 });
    expect(queue.counts).toMatchObject({ received: 3, delivered: 3, accepted: 3, redelivered: 0 });
  });

  it('lets consumers compete, each in its turn', () => {
    const { link: first } = consume(queue, 10);
    const { link: second } = consume(queue, 10);
    const { link: without } = consume(queue, 0);
    take(1, 2, 3, 4);
    expect([first.bodies, second.bodies, without.bodies]).toEqual([[1, 3], [2, 4], []]);
  });

  it('puts what comes back where it was, whatever the order it comes back in', () => {
    take(1, 2, 3, 4, 5);
    const { link } = consume(queue, 4);
    link.settle(RELEASED, 2); // 3
    link.settle(RELEASED, 0); // 1
    link.settle(RELEASED, 1); // 4
    host.turn();
    const { link: next } = consume(queue, 10);
    expect(next.bodies).toEqual([1, 3, 4, 5]);
  });

  it('gives a message back only in a later turn, or a consumer that releases would go on for ever', () => {
    take(1);
    const { link } = consume(queue, 10);
    link.settle(RELEASED);
    expect(link.bodies).toEqual([]);
    host.turn();
    expect(link.bodies).toEqual([1]);
  });

  it('gives what a consumer had that vanished to the others, at the head and once', () => {
    const { link: first, consumer } = consume(queue, 3);
    take(1, 2, 3, 4, 5);
    queue.removeConsumer(consumer, false);
    queue.removeConsumer(consumer, false);
    expect(first.held).toEqual([]);
    const { link: second } = consume(queue, 10);
    host.turn();
    expect(second.bodies).toEqual([1, 2, 3, 4, 5]);
    expect(queue).toMatchObject({ depth: 0, outstanding: 5, consumers: 1 });
  });

  it('takes what was settled without an outcome for not dealt with, unless it was sent settled', () => {
    const { link } = consume(queue, 2);
    take(1);
    link.settleInSilence();
    expect(queue.depth).toBe(1);
    queue.purge();
    link.presettled = true;
    link.credit = 1;
    take(2);
    expect(queue).toMatchObject({ depth: 0, outstanding: 0, bytes: 0 });
    expect(queue.counts.accepted).toBe(1);
  });

  it('gives a message its sender has not settled the header of a broker', () => {
    queue.take(incoming({ body: 'x', durable: true, priority: 7, deliveryAnnotations: { hop: 1 }, deliveryCount: 99 }));
    const { link } = consume(queue, 1);
    expect(link.first).toMatchObject({ durable: true, priority: 7, firstAcquirer: true, deliveryCount: 0 });
    expect(link.first.deliveryAnnotations).toBeUndefined();
    link.settle(RELEASED);
    link.credit = 1;
    host.turn();
    expect(link.first).toMatchObject({ durable: true, priority: 7, firstAcquirer: false, deliveryCount: 0, body: 'x' });
  });

  it.each([
    [false, false],
    [true, true],
    [undefined, true],
  ])('tells that a message was acquired by nobody, unless its sender has said otherwise (%s)', (said, told) => {
    queue.take(incoming({ body: 'x', ttl: 1000, firstAcquirer: said }));
    const { link } = consume(queue, 1);
    expect(link.first.firstAcquirer).toBe(told);
  });

  it('sets the annotations of a consumer that modifies a message, and keeps the types of the others', () => {
    queue.take(incoming({ body: 'x', annotations: { 'x-opt-a': 1, 'x-opt-b': 'b' } }));
    const { link } = consume(queue, 2);
    link.settle({ type: 'modified', deliveryFailed: true, annotations: { 'x-opt-b': 'new', 'x-opt-c': true } });
    host.turn();
    expect(link.first.deliveryCount).toBe(1);
    expect({ ...link.first.annotations }).toEqual({ 'x-opt-a': 1, 'x-opt-b': 'new', 'x-opt-c': true });
  });

  it('gives a message again as it was when the annotations of its consumer cannot be written', () => {
    queue.take(incoming({ body: 'x', ttl: 1000, annotations: { 'x-opt-a': 1 } }));
    const { link } = consume(queue, 1);
    const large = 'x'.repeat(100_000); // more than one piece of memory, before it fails
    link.settle({ type: 'modified', deliveryFailed: true, annotations: { 'x-opt-b': large, 'x-opt-ü': 'no symbol' } });
    link.credit = 1;
    host.turn();
    expect(link.first).toMatchObject({ body: 'x', ttl: 1000, deliveryCount: 1, firstAcquirer: false });
    expect({ ...link.first.annotations }).toEqual({ 'x-opt-a': 1 });
    expect(queue.bytes).toBeLessThan(1000);
  });

  it('does not give a message to a consumer again that does not want it here, and does not hold up the others', () => {
    const { link: picky, consumer } = consume(queue, 10);
    take(1, 2);
    picky.settle({ type: 'modified', undeliverableHere: true });
    host.turn();
    take(3);
    expect(picky.bodies).toEqual([2, 3]);
    expect(queue.depth).toBe(1);
    queue.sendable(consumer);
    expect(picky.bodies).toEqual([2, 3]);
    const { link: other } = consume(queue, 1);
    expect(other.bodies).toEqual([1]);
  });

  it('sets at most a thousand such messages aside', () => {
    const { link } = consume(queue, 2000);
    for (let number = 0; number < 1500; number++) take(number);
    while (link.held.length > 0) link.settle({ type: 'modified', undeliverableHere: true });
    host.turn();
    expect(queue.depth).toBe(1000);
    expect(host.buried).toHaveLength(500);
    expect(host.buried[0]?.death.reason).toBe('undeliverable');
  });

  it('keeps a message that is too large for one consumer for another', () => {
    const { link } = consume(queue, 1);
    take(1);
    const [delivery] = link.held;
    delivery!.id = -1; // it has never gone out
    link.held.pop();
    delivery!.finish('aborted', new Error('too large'));
    link.credit = 1;
    host.turn();
    expect(link.bodies).toEqual([]);
    const { link: other } = consume(queue, 1);
    expect(other.bodies).toEqual([1]);
    expect(other.first.firstAcquirer).toBe(true);
  });

  it('forgets its messages when it is purged', () => {
    take(1, 2, 3);
    expect(queue.purge()).toBe(3);
    expect(queue).toMatchObject({ depth: 0, bytes: 0 });
  });
});

describe('a queue buries', () => {
  it('what is rejected, and says why and from where', () => {
    const { link } = consume(queue, 1);
    take(1);
    link.settle(REJECTED({ condition: 'amqp:not-allowed', description: 'no' }));
    expect(host.buried).toMatchObject([
      {
        to: 'dead-letter',
        message: { body: 1 },
        death: { address: 'q', reason: 'rejected', error: { description: 'no' } },
      },
    ]);
    expect(queue).toMatchObject({ depth: 0, outstanding: 0, bytes: 0 });
    expect(queue.counts).toMatchObject({ rejected: 1, deadLettered: 1 });
  });

  it('what has failed too often, a lost connection counted', () => {
    queue = host.queue({ maxDeliveries: 3 });
    take(1);
    const { link: failing, consumer } = consume(queue, 1);
    failing.settle(FAILED);
    queue.removeConsumer(consumer, false);
    const { link: vanishing, consumer: vanished } = consume(queue, 1);
    expect(vanishing.first.deliveryCount).toBe(1);
    queue.removeConsumer(vanished, true);
    const { link: last } = consume(queue, 1);
    expect(last.first.deliveryCount).toBe(2);
    last.settle(RELEASED);
    last.credit = 1;
    host.turn();
    expect(last.first.deliveryCount).toBe(2);
    last.settle(FAILED);
    expect(host.buried).toMatchObject([{ message: { body: 1 }, death: { reason: 'max-deliveries' } }]);
    expect(queue).toMatchObject({ depth: 0, outstanding: 0, bytes: 0 });
  });

  it('nothing when there is nowhere to', () => {
    for (const nowhere of [host.queue({ deadLetterAddress: null }), host.queue({ deadLetterAddress: 'q' })]) {
      nowhere.take(incoming(1));
      const { link } = consume(nowhere, 1);
      link.settle(REJECTED());
      expect(nowhere).toMatchObject({ depth: 0, bytes: 0 });
    }
    expect(host.buried).toEqual([]);
  });
});

describe('a queue whose messages expire', () => {
  it('does not give out what has expired, and says so when its time comes', () => {
    queue.take(incoming({ body: 'short', ttl: 500 }));
    queue.take(incoming({ body: 'long', ttl: 5000 }));
    host.clock.advance(500);
    expect(queue.depth).toBe(1);
    expect(host.buried).toMatchObject([{ message: { body: 'short' }, death: { reason: 'expired' } }]);
    const { link } = consume(queue, 2);
    expect(link.bodies).toEqual(['long']);
    expect(link.first.ttl).toBe(4500);
  });

  it('looks before it gives one out, whether a timer has seen it or not', () => {
    queue.take(incoming({ body: 'late', ttl: 500 }));
    host.clock.stall(500);
    const { link } = consume(queue, 1);
    expect(link.bodies).toEqual([]);
    expect(queue.counts).toMatchObject({ expired: 1, deadLettered: 1 });
  });

  it('goes by the absolute time when there is one, and takes none that was set to 0', () => {
    const now = host.clock.wallNow();
    queue.take(incoming({ body: 'absolute', ttl: 9000, expiryTime: now + 1000 }));
    queue.take(incoming({ body: 'never', expiryTime: 0 }));
    host.clock.advance(1000);
    const { link } = consume(queue, 5);
    expect(link.bodies).toEqual(['never']);
  });

  it('expires what comes back, too', () => {
    queue.take(incoming({ body: 'x', ttl: 1000 }));
    const { link } = consume(queue, 1);
    host.clock.advance(2000);
    link.settle(RELEASED);
    link.credit = 1;
    host.turn();
    expect(link.bodies).toEqual([]);
    expect(queue.counts.expired).toBe(1);
    queue.take(incoming({ body: 'y', ttl: 1000 }));
    link.settle(RELEASED);
    host.clock.advance(1000);
    expect(queue).toMatchObject({ depth: 0, bytes: 0 });
    expect(queue.counts.expired).toBe(2);
    expect(host.clock.timers).toBe(0);
  });

  it('has no timer left once it is closed', () => {
    queue.take(incoming({ body: 'x', ttl: 1000 }));
    expect(host.clock.timers).toBe(1);
    queue.close();
    expect(host.clock.timers).toBe(0);
  });
});

describe('a queue that is full', () => {
  it('refuses more, those out with consumers counted', () => {
    queue = host.queue({ maxMessages: 2 });
    const { link } = consume(queue, 1);
    take(1, 2);
    expect(queue.take(incoming(3))).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
    expect(queue.counts).toMatchObject({ received: 2, overflowed: 1 });
    link.settle();
    expect(queue.take(incoming(4))).toBeUndefined();
  });

  it('refuses more bytes than it may have', () => {
    queue = host.queue({ maxBytes: 1000 });
    expect(queue.take(incoming('x'.repeat(600)))).toBeUndefined();
    expect(queue.take(incoming('x'.repeat(600)))).toMatchObject({ condition: 'amqp:resource-limit-exceeded' });
    expect(queue.take(incoming('x'.repeat(300)))).toBeUndefined();
  });

  it('drops the oldest when it is told to', () => {
    queue = host.queue({ maxMessages: 2, overflow: 'drop-head' });
    take(1, 2, 3);
    expect(host.buried).toMatchObject([{ message: { body: 1 }, death: { reason: 'max-length' } }]);
    const { link } = consume(queue, 5);
    expect(link.bodies).toEqual([2, 3]);
    expect(queue.take(incoming('x'.repeat(300 * (1 << 20))))).toMatchObject({
      condition: 'amqp:resource-limit-exceeded',
    });
  });
});

describe('a browser', () => {
  it('sees every message once, in order, and takes none away', () => {
    take(1, 2, 3);
    const { link: consumer } = consume(queue, 1);
    const browser = new FakeLink(10);
    queue.browsers.add(browser);
    queue.browsers.advance(browser);
    expect(browser.bodies).toEqual([2, 3]);
    take(4);
    expect(browser.bodies).toEqual([2, 3, 4]);
    browser.settle(REJECTED());
    browser.settle(ACCEPTED);
    consumer.settle(RELEASED);
    expect(queue.depth).toBe(4);
    expect(browser.bodies).toEqual([4]);
    expect(queue.counts).toMatchObject({ delivered: 1, rejected: 0, accepted: 0 });
  });

  it('has messages of its own: those of the queue are not changed by it', () => {
    take(1);
    const browser = new FakeLink(1);
    queue.browsers.add(browser);
    queue.browsers.advance(browser);
    expect(read(browser.held[0]!).firstAcquirer).toBe(false);
    const { link } = consume(queue, 1);
    expect(link.first.firstAcquirer).toBe(true);
    queue.browsers.remove(browser);
    expect(queue.browsers.size).toBe(0);
  });

  it('waits for credit, and does not see what has expired', () => {
    queue.take(incoming({ body: 'gone', ttl: 10 }));
    take(1, 2);
    host.clock.stall(10);
    const browser = new FakeLink(0);
    queue.browsers.add(browser);
    queue.browsers.advance(browser);
    expect(browser.bodies).toEqual([]);
    for (const seen of [[], [1], [1, 2]]) {
      browser.credit = 1;
      queue.browsers.advance(browser);
      expect(browser.bodies).toEqual(seen);
    }
  });
});
