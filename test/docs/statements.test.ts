import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './pages.js';
import { CHANNELS, CHANNELS_EXPLAINS } from './statements/channels.js';
import { PUBSUB, PUBSUB_EXPLAINS } from './statements/pubsub.js';
import type { Statement } from './statements/units.js';
import { unitsOf } from './statements/units.js';

const pages: [page: string, statements: readonly Statement[], explains: readonly string[]][] = [
  ['docs/channels.md', CHANNELS, CHANNELS_EXPLAINS],
  ['docs/pubsub.md', PUBSUB, PUBSUB_EXPLAINS],
];

describe.each(pages)('the statements of %s', (page, statements, explains) => {
  const units = unitsOf(page);

  it('are all listed', () => {
    const unlisted = units.filter(
      (unit) =>
        !statements.some(({ says }) => unit.includes(says)) &&
        !explains.some((beginning) => unit.startsWith(beginning)),
    );
    expect(unlisted).toEqual([]);
  });

  it('are listed in the words of the page', () => {
    expect(statements.filter(({ says }) => !units.some((unit) => unit.includes(says)))).toEqual([]);
    expect(explains.filter((beginning) => !units.some((unit) => unit.startsWith(beginning)))).toEqual([]);
  });

  it('have a test each', () => {
    const missing = statements.filter(({ file, test }) => !readFileSync(join(ROOT, file), 'utf8').includes(test));
    expect(missing).toEqual([]);
  });
});
