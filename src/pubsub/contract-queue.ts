import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { AsyncMessageContext } from './context.js';
import type { ContractCase } from './contract-case.js';
import type { ContractScene, Numbered } from './contract-scene.js';
import type { DeadLetter } from './dead-letter.js';
import type { MessageClass } from './define-message.js';
import { getUniqueNameForMessage } from './message.js';

/** The part of the contract about the deliveries of `subscribeAsync`. */
export const queueCases: readonly ContractCase[] = [
  {
    title: 'does not call the handler of a queue before publish returns',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const { numbers } = await scene.work(Job, scene.queue('work'));
      const published = scene.broker.publish(new Job({ number: 1 }));
      deepStrictEqual(numbers, []);
      await published;
      await scene.until('it has come', () => numbers.length > 0);
    },
  },
  {
    title: 'delivers again to the one that failed, and not to others that name the same queue',
    test: async (scene: ContractScene): Promise<void> => {
      const { counts, dead, publish, Job, queue } = await failing(scene, ({ deliveryCount }) => {
        if (deliveryCount < 2) throw new RangeError('on purpose');
      });
      const other = await scene.work(Job, queue);
      await publish();
      await scene.until('it was delivered three times', () => counts.length >= 3);
      await publish();
      await scene.until('so was the next', () => counts.length >= 6 && other.numbers.length >= 2);
      deepStrictEqual([counts, other.numbers, dead], [[0, 1, 2, 0, 1, 2], [1, 1], []]);
    },
  },
  {
    title: 'delivers a message again that failed, and says how often it has',
    test: async (scene: ContractScene): Promise<void> => {
      const { counts, dead, publish } = await failing(scene, ({ deliveryCount }) => {
        if (deliveryCount < 2) throw new RangeError('on purpose');
      });
      await publish();
      await scene.until('it was delivered three times', () => counts.length >= 3);
      await publish();
      await scene.until('so was the next', () => counts.length >= 6);
      deepStrictEqual([counts, dead], [[0, 1, 2, 0, 1, 2], []]);
    },
  },
  {
    title: 'delivers a message that failed behind those that came meanwhile, and the others in order',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const seen: number[] = [];
      const handler = ({ number }: Numbered, { deliveryCount }: AsyncMessageContext<Numbered>): void => {
        if (number === 1 && deliveryCount === 0) throw new RangeError('on purpose');
        seen.push(number);
      };
      const options = { backoff: { delay: 50 }, concurrency: 2 };
      await scene.broker.subscribeAsync(Job, handler, scene.queue('work'), options).ready();
      for (const number of [1, 2, 3]) await scene.broker.publish(new Job({ number }));
      await scene.until('all are done', () => seen.length >= 3);
      deepStrictEqual(seen.toSorted(), [1, 2, 3]);
      ok(seen.indexOf(2) < seen.indexOf(3));
    },
  },
  {
    title: 'has a message dead that failed as often as it may',
    test: async (scene: ContractScene): Promise<void> => {
      const { counts, dead, publish } = await failing(scene, () => {
        throw new RangeError('on purpose');
      });
      await publish();
      await scene.until('it is dead', () => dead.length > 0);
      deepStrictEqual(counts, [0, 1, 2]);
      deepStrictEqual([dead[0]?.reason, dead[0]?.deliveryCount], ['failed', 3]);
    },
  },
  {
    title: 'has a message dead at once that its handler rejects',
    test: async (scene: ContractScene): Promise<void> => {
      const { counts, dead, publish } = await failing(scene, (context) => context.reject(new RangeError('no good')));
      await publish();
      await scene.until('it is dead', () => dead.length > 0);
      deepStrictEqual([counts, dead[0]?.reason, dead[0]?.error?.message], [[0], 'rejected', 'no good']);
    },
  },
  {
    title: 'delivers a message again that its handler releases, and does not count that as a failure',
    test: async (scene: ContractScene): Promise<void> => {
      let isReleased = false;
      const { counts, dead, publish } = await failing(scene, (context) => {
        if (!isReleased) context.release();
        isReleased = true;
      });
      await publish();
      await scene.until('it came twice', () => counts.length >= 2);
      deepStrictEqual([counts, dead], [[0, 0], []]);
    },
  },
  {
    title: 'does not deliver a message again that its handler accepted before it threw',
    test: async (scene: ContractScene): Promise<void> => {
      const { counts, dead, publish } = await failing(scene, (context) => {
        context.accept();
        throw new RangeError('on purpose');
      });
      await publish();
      await publish();
      await scene.until('the second has come', () => counts.length >= 2);
      deepStrictEqual([counts, dead], [[0, 0], []]);
    },
  },
  {
    title: 'passes over messages of a queue that the predicate does not want',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const even = await scene.work(Job, scene.queue('work'), { predicate: ({ number }) => number % 2 === 0 });
      for (let number = 1; number <= 4; number++) await scene.broker.publish(new Job({ number }));
      await scene.until('the last has come', () => even.numbers.includes(4));
      deepStrictEqual(even.numbers, [2, 4]);
    },
  },
  {
    title: 'tells handlers what is known of a message',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const queueName = scene.queue('work');
      const contexts: AsyncMessageContext<Numbered>[] = [];
      const handler = (_job: Numbered, context: AsyncMessageContext<Numbered>): void => void contexts.push(context);
      await scene.broker.subscribeAsync(Job, handler, queueName).ready();
      const before = Date.now();
      await scene.broker.publish(new Job({ number: 1 }), { messageId: 'a', correlationId: 'b', ttl: 60_000 });
      await scene.until('it has come', () => contexts.length > 0);
      const [context] = contexts;
      ok(context !== undefined);
      deepStrictEqual(
        [context.name, context.queueName, context.messageId, context.correlationId, context.deliveryCount],
        [getUniqueNameForMessage(Job), queueName, 'a', 'b', 0],
      );
      const age = context.publishedAt.getTime() - before;
      ok(age >= -1 && age < 60_000, `publishedAt is ${age} ms after publish was called`);
      strictEqual(context.expiresAt?.getTime(), context.publishedAt.getTime() + 60_000);
      strictEqual(context.message.number, 1);
    },
  },
  {
    title: 'runs no more handlers at once than concurrency says',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      let [running, most, done] = [0, 0, 0];
      const handler = async (): Promise<void> => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < 5; turn++) await setImmediate();
        running--;
        done++;
      };
      await scene.broker.subscribeAsync(Job, handler, scene.queue('work'), { concurrency: 3 }).ready();
      for (let number = 1; number <= 12; number++) await scene.broker.publish(new Job({ number }));
      await scene.until('all are done', () => done >= 12);
      ok(most <= 3, `${most} ran at once`);
      strictEqual(done, 12);
    },
  },
];

/** Subscribes a handler that is called up to three times for a message, and notes what it was told. */
async function failing(
  scene: ContractScene,
  handle: (context: AsyncMessageContext<Numbered>) => void,
): Promise<{
  counts: number[];
  dead: DeadLetter[];
  publish: () => Promise<void>;
  Job: MessageClass<{ number: number }>;
  queue: string;
}> {
  const Job = scene.type('job');
  const queue = scene.queue('work');
  const counts: number[] = [];
  const dead: DeadLetter[] = [];
  scene.broker.on('dead', (letter) => dead.push(letter));
  const handler = (_job: Numbered, context: AsyncMessageContext<Numbered>): void => {
    counts.push(context.deliveryCount);
    handle(context);
  };
  const options = { maxDeliveries: 3, backoff: { delay: 1 } };
  await scene.broker.subscribeAsync(Job, handler, queue, options).ready();
  return { counts, dead, publish: () => scene.broker.publish(new Job({ number: 1 })), Job, queue };
}
