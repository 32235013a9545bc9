import { deepStrictEqual, ok, rejects } from 'node:assert/strict';
import type { PubSubError } from '../errors.js';
import type { ContractCase } from './contract-case.js';
import type { ContractScene } from './contract-scene.js';
import type { DeadLetter } from './dead-letter.js';
import { defineMessage } from './define-message.js';
import { InvalidMessageError } from './errors.js';
import { getUniqueNameForMessage } from './message.js';
import type { SchemaResult, StandardSchema } from './standard-schema.js';

/** The part of the contract about schemas. */
export const schemaCases: readonly ContractCase[] = [
  ...['at once', 'later'].map((when): ContractCase => {
    return {
      title: `refuses what a schema that answers ${when} does not let pass, and nobody gets it`,
      test: async (scene: ContractScene): Promise<void> => {
        const validate = (
          value: unknown,
        ): ReturnType<StandardSchema<unknown, { number: number }>['~standard']['validate']> => {
          const isGood = typeof value === 'object' && value !== null && 'number' in value && value.number === 2;
          const result = isGood ? { value: { number: 2 } } : { issues: [{ message: 'must be 2', path: ['number'] }] };
          return when === 'at once' ? result : Promise.resolve(result);
        };
        const schema: StandardSchema<unknown, { number: number }> = {
          '~standard': { version: 1, vendor: 'contract', validate },
        };
        const Two = defineMessage(getUniqueNameForMessage(scene.type('two')), schema);
        const got: number[] = [];
        await scene.broker.subscribe(Two, ({ number }) => void got.push(number)).ready();
        await rejects(scene.broker.publish(new Two({ number: 1 })), InvalidMessageError);
        await scene.broker.publish(new Two({ number: 2 }));
        await scene.until('the good one has come', () => got.length > 0);
        deepStrictEqual(got, [2]);
      },
    };
  }),
  ...[
    [
      'does not take what it gives',
      (number: number | string) => (typeof number === 'string' ? Number(number) : undefined),
    ],
    ['gives something else each time', (number: number | string) => Number(number) + 1],
  ].map(([what, convert]): ContractCase => {
    return {
      title: `refuses a message whose schema ${String(what)}, and nobody gets it`,
      test: async (scene: ContractScene): Promise<void> => {
        const schema = schemaOf(convert as (number: number | string) => number | undefined); // as above
        const Converted = defineMessage(getUniqueNameForMessage(scene.type('converted')), schema);
        const Plain = scene.type('plain');
        const got: number[] = [];
        await scene.broker.subscribe(Converted, ({ number }) => void got.push(number)).ready();
        const plain = await scene.note(Plain);
        await rejects(scene.broker.publish(new Converted({ number: '7' })), InvalidMessageError);
        await scene.broker.publish(new Plain({ number: 1 }));
        await scene.until('the plain one has come', () => plain.numbers.length > 0);
        deepStrictEqual(got, []);
      },
    };
  }),
  {
    title: 'gives handlers what the schema gives, which takes both',
    test: async (scene: ContractScene): Promise<void> => {
      const Converted = defineMessage(getUniqueNameForMessage(scene.type('converted')), schemaOf(Number));
      const got: number[] = [];
      await scene.broker.subscribe(Converted, ({ number }) => void got.push(number)).ready();
      await scene.broker.publish(new Converted({ number: '7' }));
      await scene.until('it has come', () => got.length > 0);
      deepStrictEqual(got, [7]);
    },
  },
  ...['subscribe', 'subscribeAsync'].map((call): ContractCase => {
    return {
      title: `asks the schema of the class that was given to ${call}, when a message is of another class of its name`,
      test: async (scene: ContractScene): Promise<void> => {
        const Old = scene.type('both');
        const New = defineMessage(
          getUniqueNameForMessage(Old),
          schemaOf((number) => (Number(number) > 1 ? Number(number) : undefined)),
        );
        const got: unknown[] = [];
        const [errors, dead]: [PubSubError[], DeadLetter[]] = [[], []];
        scene.broker.on('error', (error) => errors.push(error));
        scene.broker.on('dead', (letter) => dead.push(letter));
        const handler = (message: unknown): void => void got.push(message);
        if (call === 'subscribe') await scene.broker.subscribe(New, handler).ready();
        else await scene.broker.subscribeAsync(New, handler, scene.queue('work')).ready();
        await scene.broker.publish(new Old({ number: 1 })).catch(() => undefined); // some brokers tell here, too
        await scene.broker.publish(new Old({ number: 2 }));
        await scene.until('the good one has come', () => got.length > 0);
        await scene.until('the bad one is told', () => dead.length > 0);
        deepStrictEqual([got.length, errors.length, dead[0]?.reason], [1, 1, 'rejected']);
        ok(got[0] instanceof New && got[0].number === 2);
        ok(errors[0] instanceof InvalidMessageError);
      },
    };
  }),
];

/** A schema of messages with a number, which may be text when it is given. It refuses what becomes `undefined`. */
function schemaOf(
  convert: (number: number | string) => number | undefined,
): StandardSchema<{ number: number | string }, { number: number }> {
  const validate = (value: unknown): SchemaResult<{ number: number }> => {
    const number = convert((value as { number: number | string }).number); // the suite gives nothing else
    return number === undefined ? { issues: [{ message: 'no good', path: ['number'] }] } : { value: { number } };
  };
  return { '~standard': { version: 1, vendor: 'contract', validate } };
}
