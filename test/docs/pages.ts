import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the project is. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** The pages people read: the README and everything in docs. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(`${ROOT}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A TypeScript block of a page. */
export interface CodeBlock {
  /** The page and the line it begins on, such as `README.md:12`. */
  readonly title: string;
  readonly code: string;
  /** What it prints: the `text` block that follows with nothing in between. */
  readonly output: string | undefined;
}

/** Reads a page. */
export function readPage(page: string): string {
  return readFileSync(`${ROOT}${page}`, 'utf8');
}

/** The TypeScript blocks of a page, in order. */
export function codeBlocks(page: string): CodeBlock[] {
  const text = readPage(page);
  return Array.from(
    text.matchAll(/^```ts\n(.*?)^```\n(?:\n*```text\n(.*?)^```$)?/gms),
    ({ index, 1: code, 2: output }) => ({
      title: `${page}:${text.slice(0, index).split('\n').length}`,
      code: code ?? '',
      output,
    }),
  );
}
