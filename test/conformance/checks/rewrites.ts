import { expect } from 'vitest';
import type { Stage } from '../stage.js';
import type { Check } from './check.js';

/** What the server sees of an address. The caller's message keeps its own, whatever comes back. */
async function rewritten(stage: Stage, address: string, rule?: [pattern: string, address: string | null]) {
  const seen = await stage.start();
  const { client } = stage;
  client.route('*', stage.address);
  if (rule !== undefined) client.rewrite(...rule);
  const message = { address, replyTo: '~', body: 'test' };
  await client.put(message);
  expect(message.address).toBe(address);
  await client.send();
  await client.recv(1);
  expect((await client.get())?.message.body).toBe('test');
  expect(message.address).toBe(address);
  expect(seen).toHaveLength(1);
  return seen[0]?.address;
}

/** With or without scheme; with or without path; with or without port; with nobody, a user, or a user and a password. */
const FORMS = ['', 'S'].flatMap((scheme) =>
  ['H', 'HP', 'HN', 'HPN'].flatMap((host) => ['', 'U', 'UP'].map((user) => ({ scheme, user, host }))),
);

const defaultRewrites = FORMS.map(({ scheme, user, host }, index): Check => {
  const before = scheme === '' ? '' : 'amqp://';
  const credentials = { '': '', U: 'user@', UP: 'user:pass@' }[user] ?? '';
  const behind = `original${host.includes('P') ? ':123' : ''}${host.includes('N') ? '/name' : ''}`;
  return {
    number: 24 + index,
    name: `testDefaultRewrite${scheme}${user}${host}`,
    what: `${before}${credentials}${behind} goes out as ${before}${behind}`,
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      expect(await rewritten(stage, before + credentials + behind)).toBe(before + behind);
    },
  };
});

/** Rewrites: what an address says on the wire. */
export const rewriteChecks: readonly Check[] = [
  ...defaultRewrites,
  {
    number: 48,
    name: 'testRewriteSuppress',
    what: 'a rewrite to nothing takes the address out',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      expect(await rewritten(stage, 'asdf', ['*', null])).toBeUndefined();
    },
  },
  {
    number: 49,
    name: 'testRewrite',
    what: 'a becomes b',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      expect(await rewritten(stage, 'a', ['a', 'b'])).toBe('b');
    },
  },
  {
    number: 50,
    name: 'testRewritePattern',
    what: 'amqp://foo@bar becomes amqp://bar by a pattern',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      expect(await rewritten(stage, 'amqp://foo@bar', ['amqp://%@*', 'amqp://$2'])).toBe('amqp://bar');
    },
  },
  {
    number: 51,
    name: 'testRewriteToAt',
    what: 'amqp://domain/name becomes name@domain',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      expect(await rewritten(stage, 'amqp://domain/name', ['amqp://%/*', '$2@$1'])).toBe('name@domain');
    },
  },
  {
    number: 52,
    name: 'testRewriteOverrideDefault',
    what: 'a rewrite to the same keeps user and password',
    withC: 'both',
    async run(stage: Stage): Promise<void> {
      const address = 'amqp://user:pass@host/name';
      expect(await rewritten(stage, address, ['*', '$1'])).toBe(address);
    },
  },
];
