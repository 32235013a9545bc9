import { deepStrictEqual, ok, rejects } from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { ContractCase } from './contract-case.js';
import type { ContractScene } from './contract-scene.js';
import { HandlerError } from './errors.js';

/** The parts of the contract for brokers inside a process only, and for brokers between processes only. */
export const wideCases: readonly ContractCase[] = [
  {
    title: 'calls handlers in the order they subscribed, before publish resolves, also those that take a while',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const events: string[] = [];
      scene.broker.subscribe(Ping, async () => {
        events.push('first begins');
        await setImmediate();
        events.push('first ends');
      });
      scene.broker.subscribe(Ping, () => void events.push('second'));
      await scene.broker.publish(new Ping({ number: 1 }));
      deepStrictEqual(events, ['first begins', 'second', 'first ends']);
    },
  },
  {
    title: 'delivers what a handler publishes before the next handler is called',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const [Ping, Pong] = [scene.type('ping'), scene.type('pong')];
      const events: string[] = [];
      scene.broker.subscribe(Ping, async () => {
        events.push('ping, first');
        await scene.broker.publish(new Pong({ number: 2 }));
      });
      scene.broker.subscribe(Ping, () => void events.push('ping, second'));
      scene.broker.subscribe(Pong, () => void events.push('pong'));
      await scene.broker.publish(new Ping({ number: 1 }));
      deepStrictEqual(events, ['ping, first', 'pong', 'ping, second']);
    },
  },
  {
    title: 'gives what a handler publishes to the handlers behind it before the message that handler was called with',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const before = await scene.note(Ping);
      scene.broker.subscribe(Ping, ({ number }) =>
        number < 3 ? scene.broker.publish(new Ping({ number: number + 1 })) : undefined,
      );
      const behind = await scene.note(Ping);
      await scene.broker.publish(new Ping({ number: 1 }));
      deepStrictEqual(
        [before.numbers, behind.numbers],
        [
          [1, 2, 3],
          [3, 2, 1],
        ],
      );
    },
  },
  {
    title: 'delivers what a handler publishes after it has awaited something when the next handlers have been called',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const [Ping, Pong] = [scene.type('ping'), scene.type('pong')];
      const events: string[] = [];
      scene.broker.subscribe(Ping, async () => {
        await setImmediate();
        await scene.broker.publish(new Pong({ number: 2 }));
      });
      scene.broker.subscribe(Ping, () => void events.push('ping, second'));
      scene.broker.subscribe(Pong, () => void events.push('pong'));
      await scene.broker.publish(new Ping({ number: 1 }));
      deepStrictEqual(events, ['ping, second', 'pong']);
    },
  },
  {
    title: 'rejects publish with all that handlers have thrown, once everybody was called',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const fail = (message: string) => (): never => {
        throw new RangeError(message);
      };
      scene.broker.subscribe(Ping, fail('first'));
      scene.broker.subscribe(Ping, () => Promise.reject(new RangeError('second')));
      const { numbers } = await scene.note(Ping);
      await rejects(scene.broker.publish(new Ping({ number: 1 })), (error) => {
        ok(error instanceof AggregateError);
        const causes = error.errors.map((each: unknown) => each instanceof HandlerError && each.cause);
        deepStrictEqual(causes, [new RangeError('first'), new RangeError('second')]);
        return true;
      });
      deepStrictEqual(numbers, [1]);
    },
  },
  {
    title: 'gives a message that is being delivered to nobody who subscribes or unsubscribes meanwhile',
    needs: 'publish that waits',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const late: number[] = [];
      scene.broker.subscribe(Ping, () => {
        void second.subscription.unsubscribe();
        scene.broker.subscribe(Ping, ({ number }) => void late.push(number));
      });
      const second = await scene.note(Ping);
      await scene.broker.publish(new Ping({ number: 1 }));
      deepStrictEqual([second.numbers, late], [[], []]);
    },
  },
  {
    title: 'gives a message of subscribe to every process',
    needs: 'other processes',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const here = await scene.note(Ping);
      const there = await scene.note(Ping, {}, await scene.another());
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.until('both have it', () => here.numbers.length > 0 && there.numbers.length > 0);
      deepStrictEqual([here.numbers, there.numbers], [[1], [1]]);
    },
  },
  {
    title: 'shares a queue with every process that names it, and gives another queue name a copy',
    needs: 'other processes',
    test: async (scene: ContractScene): Promise<void> => {
      const Job = scene.type('job');
      const other = await scene.another();
      const here = await scene.work(Job, scene.queue('work'));
      const there = await scene.work(Job, scene.queue('work'), {}, other);
      const copy = await scene.work(Job, scene.queue('copy'), {}, other);
      const all = Array.from({ length: 20 }, (_, index) => index + 1);
      for (const number of all) await scene.broker.publish(new Job({ number }));
      const shared = (): number[] => [...here.numbers, ...there.numbers];
      await scene.until('all are done', () => shared().length >= 20 && copy.numbers.length >= 20);
      deepStrictEqual(
        shared().sort((left, right) => left - right),
        all,
      );
      deepStrictEqual(copy.numbers, all);
    },
  },
];
