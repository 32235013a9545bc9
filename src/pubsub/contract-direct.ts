import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert/strict';
import type { PubSubError } from '../errors.js';
import type { ContractCase } from './contract-case.js';
import type { ContractScene } from './contract-scene.js';
import { defineMessage } from './define-message.js';
import { BrokerClosedError, HandlerError } from './errors.js';
import { getUniqueNameForMessage } from './message.js';
import { outbox } from './outbox.js';

/** The part of the contract about `publish` and `subscribe`. */
export const directCases: readonly ContractCase[] = [
  {
    title: 'does nothing with a message that nobody has subscribed to',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      await scene.broker.publish(new Ping({ number: 1 }));
    },
  },
  {
    title: 'gives each message once to each subscription of its type, in the order of publishing',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const first = await scene.note(Ping);
      const second = await scene.note(Ping);
      for (let number = 1; number <= 20; number++) await scene.broker.publish(new Ping({ number }));
      await scene.until('both have them all', () => first.numbers.length >= 20 && second.numbers.length >= 20);
      const all = Array.from({ length: 20 }, (_, index) => index + 1);
      deepStrictEqual([first.numbers, second.numbers], [all, all]);
    },
  },
  {
    title: 'gives nothing to subscriptions of other types',
    test: async (scene: ContractScene): Promise<void> => {
      const [Ping, Pong] = [scene.type('ping'), scene.type('pong')];
      const pings = await scene.note(Ping);
      const pongs = await scene.note(Pong);
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.broker.publish(new Pong({ number: 2 }));
      await scene.until('both are there', () => pings.numbers.length > 0 && pongs.numbers.length > 0);
      deepStrictEqual([pings.numbers, pongs.numbers], [[1], [2]]);
    },
  },
  {
    title: 'calls a handler twice that has subscribed twice',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const numbers: number[] = [];
      const handler = ({ number }: { readonly number: number }): void => void numbers.push(number);
      await scene.broker.subscribe(Ping, handler).ready();
      await scene.broker.subscribe(Ping, handler).ready();
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.until('it was called twice', () => numbers.length >= 2);
      await scene.broker.publish(new Ping({ number: 2 }));
      await scene.until('it was called twice more', () => numbers.length >= 4);
      deepStrictEqual(numbers, [1, 1, 2, 2]);
    },
  },
  {
    title: 'passes over messages that the predicate does not want',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const even = await scene.note(Ping, { predicate: ({ number }) => number % 2 === 0 });
      for (let number = 1; number <= 4; number++) await scene.broker.publish(new Ping({ number }));
      await scene.until('the last has come', () => even.numbers.includes(4));
      deepStrictEqual(even.numbers, [2, 4]);
    },
  },
  {
    title: 'takes a predicate in the place of options',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const [direct, queued]: number[][] = [[], []];
      const isEven = ({ number }: { readonly number: number }): boolean => number % 2 === 0;
      await scene.broker.subscribe(Ping, ({ number }) => void direct?.push(number), isEven).ready();
      const handler = ({ number }: { readonly number: number }): void => void queued?.push(number);
      await scene.broker.subscribeAsync(Ping, handler, scene.queue('work'), isEven).ready();
      for (let number = 1; number <= 4; number++) await scene.broker.publish(new Ping({ number }));
      await scene.until('the last has come', () => direct?.includes(4) === true && queued?.includes(4) === true);
      deepStrictEqual(
        [direct, queued],
        [
          [2, 4],
          [2, 4],
        ],
      );
    },
  },
  ...['handler', 'predicate'].map((culprit): ContractCase => {
    return {
      title: `tells of a ${culprit} that throws, and calls the others all the same`,
      test: async (scene: ContractScene): Promise<void> => {
        const Ping = scene.type('ping');
        const errors: PubSubError[] = [];
        scene.broker.on('error', (error) => errors.push(error));
        const fail = (): never => {
          throw new RangeError('on purpose');
        };
        const before = await scene.note(Ping);
        const handler = culprit === 'handler' ? fail : (): void => undefined;
        const predicate = culprit === 'predicate' ? fail : undefined;
        await scene.broker.subscribe(Ping, handler, { predicate, name: 'culprit' }).ready();
        const after = await scene.note(Ping);
        await scene.broker.publish(new Ping({ number: 1 })).catch(() => undefined); // some brokers tell here, too
        await scene.until('all is told', () => before.numbers.length + after.numbers.length + errors.length >= 3);
        deepStrictEqual([before.numbers, after.numbers, errors.length], [[1], [1], 1]);
        const [error] = errors;
        ok(error instanceof HandlerError && error.cause instanceof RangeError);
        strictEqual(error.subscription, 'culprit');
      },
    };
  }),
  {
    title: 'calls no handler after unsubscribe, which may be called twice',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const ended = await scene.note(Ping);
      const lasting = await scene.note(Ping);
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.until('both have it', () => ended.numbers.length > 0 && lasting.numbers.length > 0);
      await ended.subscription.unsubscribe();
      await ended.subscription.unsubscribe();
      strictEqual(ended.subscription.closed, true);
      await scene.broker.publish(new Ping({ number: 2 }));
      await scene.until('the other has the second', () => lasting.numbers.length >= 2);
      deepStrictEqual([ended.numbers, lasting.numbers], [[1], [1, 2]]);
    },
  },
  {
    title: 'ends a subscription when its signal is aborted',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const ending = new AbortController();
      const ended = await scene.note(Ping, { signal: ending.signal });
      const lasting = await scene.note(Ping);
      ending.abort();
      strictEqual(ended.subscription.closed, true);
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.until('the other has it', () => lasting.numbers.length > 0);
      deepStrictEqual(ended.numbers, []);
    },
  },
  {
    title: 'lets a handler publish, and subscribe to what comes later',
    test: async (scene: ContractScene): Promise<void> => {
      const [Ping, Pong] = [scene.type('ping'), scene.type('pong')];
      const late: number[] = [];
      let subscribed: Promise<unknown> | undefined;
      await scene.broker
        .subscribe(Ping, async ({ number }) => {
          subscribed ??= scene.broker.subscribe(Ping, (ping) => void late.push(ping.number)).ready();
          await scene.broker.publish(new Pong({ number: number * 10 }));
        })
        .ready();
      const pongs = await scene.note(Pong);
      await scene.broker.publish(new Ping({ number: 1 }));
      await scene.until('the answer has come', () => pongs.numbers.length > 0);
      await subscribed;
      await scene.broker.publish(new Ping({ number: 2 }));
      await scene.until('the second is everywhere', () => pongs.numbers.length >= 2 && late.length > 0);
      deepStrictEqual([pongs.numbers, late], [[10, 20], [2]]);
    },
  },
  {
    title: 'delivers an equal message of the same class, with dates, bigints and bytes',
    test: async (scene: ContractScene): Promise<void> => {
      const name = getUniqueNameForMessage(scene.type('rich'));
      const Rich = defineMessage<{ at: Date; big: bigint; bytes: Uint8Array; list: readonly (string | null)[] }>(name);
      const sent = new Rich({ at: new Date(1e12), big: 2n ** 70n, bytes: Buffer.from([0, 255]), list: ['ä', null] });
      const got: unknown[] = [];
      await scene.broker.subscribe(Rich, (message) => void got.push(message)).ready();
      await scene.broker.publish(sent);
      await scene.until('it has come', () => got.length > 0);
      ok(got[0] instanceof Rich && Object.isFrozen(got[0]) && sent.equals(got[0]));
    },
  },
  {
    title: 'publishes what a unit of work has published only if the unit succeeds',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const pings = await scene.note(Ping);
      const failing = outbox()(async () => {
        await scene.broker.publish(new Ping({ number: 1 }));
        throw new RangeError('rolled back');
      });
      await rejects(failing, RangeError);
      await outbox()(() => scene.broker.publish(new Ping({ number: 2 })));
      await scene.until('the second has come', () => pings.numbers.length > 0);
      deepStrictEqual(pings.numbers, [2]);
    },
  },
  {
    title: 'takes nothing any more once it is closed, and may be closed twice',
    test: async (scene: ContractScene): Promise<void> => {
      const Ping = scene.type('ping');
      const { subscription } = await scene.note(Ping);
      await scene.broker.close();
      await scene.broker.close();
      deepStrictEqual([scene.broker.closed, subscription.closed], [true, true]);
      await rejects(scene.broker.publish(new Ping({ number: 1 })), BrokerClosedError);
      throws(() => scene.broker.subscribe(Ping, () => undefined), BrokerClosedError);
      throws(() => scene.broker.subscribeAsync(Ping, () => undefined, scene.queue('work')), BrokerClosedError);
    },
  },
];
