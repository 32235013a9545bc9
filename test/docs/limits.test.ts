import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LIMITS, withTable } from './limits.js';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

describe('the table of limits in SECURITY.md', () => {
  it('is what the code says; otherwise run npx tsx test/docs/limits.ts', () => {
    const page = read('SECURITY.md');
    expect(page).toBe(withTable(page));
  });

  it.each(LIMITS)('names a test of $of', ({ file, title }) => {
    expect(read(file)).toContain(`'${title}'`);
  });
});
