import { uniqueId } from '../unique-id.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from './broker.js';
import { defineMessage } from './define-message.js';
import type { MessageClass } from './define-message.js';
import type { Message } from './message.js';
import type { AsyncSubscribeOptions, SubscribeOptions } from './options.js';
import type { Subscription } from './subscription.js';

/** The delay before the suite looks again, in milliseconds. */
const INTERVAL = 5;

/** A message of the suite. */
export type Numbered = Message & { readonly number: number };

/** A broker to be tested, and what the suite has to know of it. */
export interface BrokerUnderTest {
  /** The broker. The suite closes it. */
  readonly broker: Broker;
  /**
   * Has the broker deliver what waits, where it does not do so by itself. What this throws is ignored: handlers of the
   * suite fail on purpose. Default: it delivers by itself.
   */
  deliver?(): Promise<unknown>;
  /**
   * Makes another broker that is to this one what the same program in another process is. The suite closes it. Needed
   * with `spansProcesses`.
   */
  another?(): Broker | Promise<Broker>;
  /** Ends what was started for the broker. Called after it is closed. */
  cleanUp?(): void | Promise<void>;
}

/** The scene of one test of the suite. */
export class ContractScene {
  readonly broker: Broker;
  readonly #made: BrokerUnderTest;
  readonly #patience: number;
  readonly #brokers: Broker[];
  readonly #id: string = uniqueId().slice(-8);

  constructor(made: BrokerUnderTest, patience: number) {
    this.#made = made;
    this.#patience = patience;
    this.broker = made.broker;
    this.#brokers = [made.broker];
  }

  /** A type of messages of this test alone. */
  type(name: string): MessageClass<{ number: number }> {
    return defineMessage<{ number: number }>(`contract.${this.#id}.${name}`);
  }

  /** A queue name of this test alone. */
  queue(name: string): string {
    return `${name}-${this.#id}`;
  }

  /** A broker that stands for another process. */
  async another(): Promise<Broker> {
    const broker = await this.#made.another?.();
    if (broker === undefined) throw new TypeError('This test was to be left out.');
    this.#brokers.push(broker);
    return broker;
  }

  /** Subscribes something that notes the numbers it gets. */
  async note(
    type: MessageClass<{ number: number }>,
    options: SubscribeOptions<Numbered> = {},
    broker: Broker = this.broker,
  ): Promise<{ numbers: number[]; subscription: Subscription }> {
    const numbers: number[] = [];
    const subscription = broker.subscribe(type, ({ number }) => void numbers.push(number), options);
    await subscription.ready();
    return { numbers, subscription };
  }

  /** The same, from a queue. */
  async work(
    type: MessageClass<{ number: number }>,
    queueName: string,
    options: AsyncSubscribeOptions<Numbered> = {},
    broker: Broker = this.broker,
  ): Promise<{ numbers: number[]; subscription: Subscription }> {
    const numbers: number[] = [];
    const handler = ({ number }: Numbered): void => void numbers.push(number);
    const subscription = broker.subscribeAsync(type, handler, queueName, options);
    await subscription.ready();
    return { numbers, subscription };
  }

  /** Waits until something is so, and has the broker deliver meanwhile. Throws what it does not know better. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const limit = performance.now() + this.#patience;
    for (;;) {
      await this.#made.deliver?.().catch(() => undefined); // see `BrokerUnderTest`
      if (isSo()) return;
      if (performance.now() > limit) throw new Error(`After ${this.#patience} ms it is still not so that ${what}.`);
      await sleep(INTERVAL);
    }
  }

  /** Closes every broker, and cleans up. */
  async end(): Promise<void> {
    for (const broker of this.#brokers) await broker.close({ drain: false });
    await this.#made.cleanUp?.();
  }
}
