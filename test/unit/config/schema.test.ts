import { format } from 'prettier';
import type { MessengerOptions } from 'amqp-messenger';
import { describe, expect, it } from 'vitest';
import type { ConfiguredOptions } from '../../../src/config/config.js';
import { jsonSchema } from '../../../src/config/schema.js';
import { SASL_MECHANISMS } from '../../../src/link/credentials.js';
import { refusal } from './support.js';

describe('the schema of a configuration', () => {
  it('is the one that is shipped for editors', async () => {
    const text = await format(JSON.stringify(jsonSchema()), { parser: 'json', printWidth: 120 });
    // After a change: npx vitest run test/unit/config/schema.test.ts -u
    await expect(text).toMatchFileSnapshot('../../../schema/amqp-messenger.config.schema.json');
  });

  it('knows every option of a messenger that is data', () => {
    // A type error here means that one has come to be on one side only.
    type Missing = Exclude<keyof MessengerOptions, keyof ConfiguredOptions | 'blocking' | 'passive'>;
    const missing: Missing[] = [];
    expect(missing).toEqual([]);
  });

  it('knows every SASL mechanism', () => {
    expect(refusal('connections: { sasl: { mechanisms: [x] } }')[0]).toContain(SASL_MECHANISMS.join(', '));
  });
});
