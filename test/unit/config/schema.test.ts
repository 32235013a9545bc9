import { format } from 'prettier';
import type { MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import type { ConfiguredOptions } from '../../../src/config/config.js';
import { jsonSchema } from '../../../src/config/schema.js';
import { SASL_MECHANISMS } from '../../../src/link/security/credentials.js';
import { refusal } from './support.js';

/** `none` when there are no names, which is then the only text that has this type. */
type NoneOf<Names> = [Names] extends [never] ? 'none' : Names;

/** The keys of a group of options that files do not have. */
type MissingIn<Name extends keyof MessengerOptions & keyof ConfiguredOptions> = Exclude<
  keyof Exclude<NonNullable<MessengerOptions[Name]>, false>,
  keyof Exclude<NonNullable<ConfiguredOptions[Name]>, false>
>;

describe('the schema of a configuration', () => {
  it('is the one that is shipped for editors', async () => {
    const text = await format(JSON.stringify(jsonSchema()), { parser: 'json', printWidth: 120 });
    // After a change: npx vitest run test/unit/config/schema.test.ts -u
    await expect(text).toMatchFileSnapshot('../../../schema/amqp-messenger.config.schema.json');
  });

  it('knows every option of a messenger that is data', () => {
    // A type error here names one that files cannot have.
    const missing: {
      options: NoneOf<
        Exclude<keyof MessengerOptions, keyof ConfiguredOptions | 'blocking' | 'passive' | 'environment'>
      >;
      reconnect: NoneOf<MissingIn<'reconnect'>>;
      sasl: NoneOf<MissingIn<'sasl'>>;
      tls: NoneOf<MissingIn<'tls'>>;
      maxIncoming: NoneOf<MissingIn<'maxIncoming'>>;
      maxOutgoing: NoneOf<MissingIn<'maxOutgoing'>>;
      // A function is nothing for a file.
      listen: NoneOf<Exclude<MissingIn<'listen'>, 'authenticate'>>;
    } = {
      options: 'none',
      reconnect: 'none',
      sasl: 'none',
      tls: 'none',
      maxIncoming: 'none',
      maxOutgoing: 'none',
      listen: 'none',
    };
    expect(new Set(Object.values(missing))).toEqual(new Set(['none']));
  });

  it('knows every SASL mechanism', () => {
    expect(refusal('connections: { sasl: { mechanisms: [x] } }')[0]).toContain(SASL_MECHANISMS.join(', '));
  });
});
