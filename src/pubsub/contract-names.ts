import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict';
import { OptionError, PubSubError } from '../errors.js';
import type { ContractCase } from './contract-case.js';
import type { ContractScene } from './contract-scene.js';

/** The part of the contract about queue names: which subscription gets which messages, and how long queues last. */
export const nameCases: readonly ContractCase[] = [
  {
    title: 'gives each queue name a copy',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const first = await scene.work(Job, scene.queue('first'));
      const second = await scene.work(Job, scene.queue('second'));
      for (const number of [1, 2]) await scene.broker.publish(new Job({ number }));
      await scene.until('both have the last', () => first.numbers.includes(2) && second.numbers.includes(2));
      deepStrictEqual(
        [first.numbers, second.numbers],
        [
          [1, 2],
          [1, 2],
        ],
      );
    },
  },
  {
    title: 'gives each message to every subscription of a process, also to those that name the same queue',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const workers = await Promise.all([1, 2, 3].map(() => scene.work(Job, scene.queue('work'))));
      const all = Array.from({ length: 20 }, (_, index) => index + 1);
      for (const number of all) await scene.broker.publish(new Job({ number }));
      await scene.until('all have the last', () => workers.every(({ numbers }) => numbers.length >= 20));
      deepStrictEqual(
        workers.map(({ numbers }) => numbers),
        [all, all, all],
      );
    },
  },
  {
    title: 'gives the place of a subscription that has ended to the next that names the queue',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const queue = scene.queue('work');
      const first = await scene.work(Job, queue);
      const second = await scene.work(Job, queue);
      await first.subscription.unsubscribe();
      await scene.broker.publish(new Job({ number: 1 }));
      await scene.until('the second has it', () => second.numbers.length > 0);
      const third = await scene.work(Job, queue);
      await scene.until('the third has it', () => third.numbers.length > 0);
      deepStrictEqual([first.numbers, second.numbers, third.numbers], [[], [1], [1]]);
      strictEqual(third.subscription.queueName, first.subscription.queueName);
    },
  },
  {
    title: 'keeps messages in a queue while nobody is subscribed to it',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const early = await scene.work(Job, scene.queue('work'));
      await early.subscription.unsubscribe();
      await scene.broker.publish(new Job({ number: 1 }));
      const late = await scene.work(Job, scene.queue('work'));
      await scene.until('it has come', () => late.numbers.length > 0);
      deepStrictEqual([early.numbers, late.numbers], [[], [1]]);
    },
  },
  {
    title: 'deletes a queue that nobody works off, with what it holds, and collects no more for it',
    needs: 'queues that can be deleted',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const queue = scene.queue('work');
      const early = await scene.work(Job, queue);
      const lasting = await scene.work(Job, queue);
      await rejects(scene.broker.deleteQueue(Job, queue), PubSubError); // it is worked off
      await early.subscription.unsubscribe();
      await scene.broker.publish(new Job({ number: 1 }));
      await scene.broker.deleteQueue(Job, queue);
      await scene.broker.publish(new Job({ number: 2 }));
      const late = await scene.work(Job, queue);
      await scene.broker.publish(new Job({ number: 3 }));
      await scene.until('it has come', () => late.numbers.length > 0 && lasting.numbers.length >= 3);
      deepStrictEqual([early.numbers, late.numbers, lasting.numbers], [[], [3], [1, 2, 3]]);
      await rejects(scene.broker.deleteQueue(Job, 'a/b'), OptionError);
    },
  },
];
