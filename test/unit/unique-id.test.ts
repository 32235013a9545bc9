import { validate, version } from 'uuid';
import { expect, it } from 'vitest';
import { uniqueId } from '../../src/unique-id.js';

it('an id is given once, however many are asked for', () => {
  const ids = Array.from({ length: 20_000 }, uniqueId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('an id is a UUID of version 7', () => {
  const ids = Array.from({ length: 100 }, uniqueId);
  expect(ids.map((id) => [validate(id), version(id)])).toEqual(ids.map(() => [true, 7]));
});

it('ids sort by the millisecond in which they were made', () => {
  const before = uniqueId();
  const start = Date.now();
  while (Date.now() <= start + 1);
  expect([uniqueId(), before].sort()[0]).toBe(before);
});
