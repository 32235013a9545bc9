import { expect } from 'vitest';
import type { Messenger } from 'amqp-messenger';
import type { Broker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { testsOn } from '../support/known-faults.js';
import { bodies, messenger, next, receive, send } from '../support/messengers.js';
import { expectEmpty, newQueue } from '../support/queue.js';
import type { Queue } from '../support/queue.js';

/** What a broker makes of each way in which a delivery may end, or not end. */
export function outcomesSuite(facts: BrokerFacts, broker: () => Broker): void {
  const it = testsOn(facts);

  function receiverOf(queue: Queue): Messenger {
    const receiver = messenger({ incomingWindow: 10 });
    receiver.subscribe(queue.url);
    return receiver;
  }

  /** Gets and accepts the one message that is left, and returns how often the broker says that it has failed. */
  async function lastCount(receiver: Messenger, queue: Queue): Promise<number> {
    const { message, tracker } = await next(receiver);
    expect(message.body).toBe('job');
    receiver.accept(tracker);
    await receiver.stop();
    await expectEmpty(broker(), queue);
    return message.deliveryCount;
  }

  it('the count of failures after a release is that of the broker', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'job');
    const receiver = receiverOf(queue);
    receiver.release((await next(receiver)).tracker);
    expect(await lastCount(receiver, queue)).toBe(facts.counts.released);
  });

  it('the count of failures after a failure is that of the broker', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'job');
    const receiver = receiverOf(queue);
    receiver.modify((await next(receiver)).tracker, { deliveryFailed: true });
    const count = lastCount(receiver, queue);
    const { failed } = facts.counts;
    if (failed !== 'ends the session') expect(await count).toBe(failed);
    else await expect(count).rejects.toMatchObject({ cause: { code: 'ERR_LINK', condition: 'amqp:invalid-field' } });
  });

  it('the count of failures is not raised by a messenger that is closed before it has dealt with a message, unless the broker does', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'job');
    const closed = receiverOf(queue);
    await next(closed);
    await closed.close();
    expect(await lastCount(receiverOf(queue), queue)).toBe(facts.counts.closed ?? 0);
  });

  it('gets a delivery again that was settled without an outcome, and goes on receiving', async () => {
    const queue = await newQueue(broker());
    await send(queue.url, 'first', 'second');
    const errors: Error[] = [];
    const receiver = receiverOf(queue);
    receiver.on('error', (error) => errors.push(error));
    receiver.settle((await next(receiver)).tracker);
    expect(bodies(await receive(receiver, 2)).toSorted()).toEqual(['first', 'second']);
    await receiver.stop();
    expect(errors).toEqual([]);
  });
}
