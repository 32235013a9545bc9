import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, ROOT, readPage } from './pages.js';

/** The TypeScript of the project: text by path. This file has examples of what must not be. */
const sources = new Map(
  ['src', 'test', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('references.test.ts'))
      .map((path) => [`${folder}/${path}`, readFileSync(join(ROOT, folder, path), 'utf8')] as const),
  ),
);

/** What a pattern finds in the sources, as `file: text`. */
function found(pattern: RegExp): string[] {
  return Array.from(sources, ([path, text]) =>
    Array.from(text.matchAll(pattern), ([match]) => `${path}: ${match}`),
  ).flat();
}

describe('comments and titles', () => {
  it('name sections of standards, not of documents that nobody has', () => {
    expect(found(/\b(?:spec|design|plan),? §[\d.]+/gi)).toEqual([]);
  });

  it('have no numbers of checks but those of docs/conformance.md', () => {
    expect(found(/['"`]checks? \d+/g).filter((line) => !line.startsWith('test/conformance/'))).toEqual([]);
  });

  it('name pages and sections of docs that are there', () => {
    const named = Array.from(sources, ([path, text]) =>
      Array.from(text.matchAll(/\b(docs\/[\w-]+\.md)(?:, ([A-Z][a-z]+)\b)?/g), ([, page = '', section]) => ({
        path,
        page,
        section,
      })),
    ).flat();
    expect(named.length).toBeGreaterThan(3);
    const missing = named.filter(
      ({ page, section }) =>
        !PAGES.includes(page) || (section !== undefined && !readPage(page).includes(`\n## ${section}\n`)),
    );
    expect(missing).toEqual([]);
  });
});
