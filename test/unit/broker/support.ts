import { encodeMessage } from '../../../src/codec/encode-message.js';
import { Output } from '../../../src/codec/output.js';
import { ReceivedMessage } from '../../../src/codec/received-message.js';
import type { PeerError } from '../../../src/errors.js';
import { BrokerEmitter } from '../../../src/broker/broker-events.js';
import type { Consumer, ConsumerLink } from '../../../src/broker/consumer.js';
import type { Death } from '../../../src/broker/dead-letter.js';
import { IncomingMessage } from '../../../src/broker/incoming-message.js';
import { MemoryBudget } from '../../../src/broker/memory-budget.js';
import { QueueContext } from '../../../src/broker/queue-context.js';
import { DEFAULT_QUEUE } from '../../../src/broker/queue-settings.js';
import type { QueueSettings } from '../../../src/broker/queue-settings.js';
import { BrokerQueue } from '../../../src/broker/queue.js';
import type { Message } from '../../../src/message/message.js';
import { ACCEPTED, RELEASED } from '../../../src/message/outcome.js';
import type { Outcome } from '../../../src/message/outcome.js';
import type { OutgoingDelivery } from '../../../src/queue/outgoing-delivery.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A message as it comes in. */
export function incoming(message: Message | string | number): IncomingMessage {
  const output = new Output();
  output.open(0);
  encodeMessage(output, typeof message === 'object' ? message : { body: message }, undefined);
  return new IncomingMessage().read(output.buffer, output.start, output.position);
}

/** What a queue is given in tests: time that stands still, and turns of the event loop that are asked for. */
export class FakeHost extends QueueContext {
  declare readonly clock: FakeClock;
  readonly buried: { message: ReceivedMessage; death: Death; to: string }[] = [];
  #deferred: (() => void)[] = [];

  constructor() {
    super({ clock: new FakeClock() }, new MemoryBudget(Infinity), new BrokerEmitter(), (message, death, to) => {
      const bytes = Buffer.from(message.buffer.subarray(message.rest, message.end));
      this.buried.push({ message: new ReceivedMessage(bytes, 0, bytes.length), death, to });
      return true;
    });
  }

  override defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  /** Does what was to be done in later turns. */
  turn(): void {
    for (let due = this.#deferred; due.length > 0; due = this.#deferred) {
      this.#deferred = [];
      for (const callback of due) callback();
    }
  }

  queue(settings: Partial<QueueSettings> = {}, address = 'q'): BrokerQueue {
    return new BrokerQueue(address, { ...DEFAULT_QUEUE, ...settings }, this);
  }
}

/** A consumer's link: what has gone out on it waits until the test says what became of it. */
export class FakeLink implements ConsumerLink {
  credit: number;
  /** Messages the consumer has, in the order it got them. */
  held: OutgoingDelivery[] = [];
  /** Whether messages go out settled, and have left the process at once. */
  presettled = false;
  #nextId = 0;

  constructor(credit = 0) {
    this.credit = credit;
  }

  get available(): number {
    return this.credit;
  }

  send(delivery: OutgoingDelivery): void {
    this.credit--;
    delivery.id = this.#nextId++;
    if (this.presettled) {
      delivery.presettled = true;
      delivery.finish('settled');
    } else {
      this.held.push(delivery);
    }
  }

  /** Why it was closed. */
  closedBy: PeerError | undefined;

  close(error: PeerError): void {
    this.closedBy = error;
  }

  takeAll(): OutgoingDelivery[] {
    return this.held.splice(0);
  }

  /** The bodies of the messages it has. */
  get bodies(): unknown[] {
    return this.held.map((delivery) => read(delivery).body);
  }

  /** The first message it has. */
  get first(): ReceivedMessage {
    return read(this.held[0]!);
  }

  /** Says of the message at `index` what became of it. */
  settle(outcome: Outcome = ACCEPTED, index = 0): void {
    const [delivery] = this.held.splice(index, 1);
    delivery!.finish(outcome.type, undefined, outcome);
  }

  /** Settles the message at `index`, and says nothing of it. */
  settleInSilence(index = 0): void {
    const [delivery] = this.held.splice(index, 1);
    delivery!.finish('settled');
  }
}

/** A message as its receiver sees it. */
export function read({ buffer, start, end, tail }: OutgoingDelivery): ReceivedMessage {
  const behind = tail === undefined ? [] : [tail.buffer.subarray(tail.start, tail.end)];
  const bytes = Buffer.concat([buffer.subarray(start, end), ...behind]);
  return new ReceivedMessage(bytes, 0, bytes.length);
}

/** A consumer with credit. */
export function consume(queue: BrokerQueue, credit: number): { link: FakeLink; consumer: Consumer } {
  const link = new FakeLink(credit);
  return { link, consumer: queue.addConsumer(link) };
}

export const REJECTED = (error?: PeerError): Outcome => ({ type: 'rejected', error });
export const FAILED: Outcome = { type: 'modified', deliveryFailed: true };
export { ACCEPTED, RELEASED };
