import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chart } from '../bench/chart.js';
import { PAGES, ROOT, readPage } from './pages.js';

const pages = [...PAGES, 'CHANGELOG.md', 'SECURITY.md'];

interface PackageFile {
  files: string[];
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

// The shape npm gives it.
const { files, scripts, dependencies, devDependencies } = JSON.parse(readPage('package.json')) as PackageFile;

/** The files that a page links to, as paths from the root. */
function linksOf(page: string): string[] {
  return Array.from(readPage(page).matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link]) => join(dirname(page), link ?? ''));
}

/** Whether a file is in the package. An entry of `files` is a file, a folder, or the pages of a folder. */
function isPacked(path: string): boolean {
  return files.some((entry) =>
    entry.endsWith('/*.md')
      ? path.endsWith('.md') && dirname(path) === dirname(entry)
      : path === entry || path.startsWith(`${entry}/`),
  );
}

describe('the pages', () => {
  it.each(pages)('link only to files that are there: %s', (page) => {
    expect(linksOf(page).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(pages)('are in the package with all that they link to: %s', (page) => {
    expect([page, ...linksOf(page)].filter((path) => !isPacked(path))).toEqual([]);
  });

  it.each(pages)('name only scripts that are there: %s', (page) => {
    const names = Array.from(readPage(page).matchAll(/npm run ([\w:]+)/g), ([, name]) => name ?? '');
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(pages)('name only files and folders of the project that are there: %s', (page) => {
    const named = Array.from(
      readPage(page).matchAll(/`((?:src|test|docs|scripts|schema|examples|\.github|\.ci)\/[\w./-]+)`/g),
      ([, path]) => path ?? '',
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('tell of every folder of tests', () => {
    const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const page = readPage('docs/contributing.md');
    expect(folders.map(({ name }) => name).filter((name) => !page.includes(`\`test/${name}\``))).toEqual([]);
  });

  it('tell of every script', () => {
    const page = readPage('docs/contributing.md');
    expect(Object.keys(scripts).filter((name) => !new RegExp(`npm (run )?${name}(?![\\w:])`).test(page))).toEqual([]);
  });

  it('are on the site, in the order in which they are read', () => {
    const { projectDocuments } = JSON.parse(readPage('typedoc.json')) as { projectDocuments: string[] };
    expect([...projectDocuments].sort()).toEqual(PAGES.filter((page) => page !== 'README.md').sort());
    expect(projectDocuments[0]).toBe('docs/getting-started.md');
    const categories = projectDocuments.map(
      (page) => /^---\ntitle: .+\ncategory: (.+)\n---\n/.exec(readPage(page))?.[1],
    );
    expect(categories).not.toContain(undefined);
    expect(projectDocuments.slice(-2)).toEqual(['docs/architecture.md', 'docs/benchmarks.md']);
  });

  it.each(['prefetch', 'nack', 'health', 'peek', 'bundling', 'fake timers', 'CommonJS', 'NestJS'])(
    'have a word that people search for, in README and in a guide: %s',
    (word) => {
      const having = PAGES.filter((page) => readPage(page).toLowerCase().includes(word.toLowerCase()));
      expect(having).toContain('README.md');
      expect(having.length).toBeGreaterThan(1);
    },
  );

  it('draw the figures of the benchmarks as they are in the table', () => {
    expect(readPage('docs/images/benchmarks.svg')).toBe(chart(readPage('docs/benchmarks.md')));
  });

  it('give a reason for every dependency, and for nothing else', () => {
    const listed = Array.from(readPage('docs/dependencies.md').matchAll(/^\| `(.+?)` \|/gm), ([, name]) => name ?? '');
    expect(listed.sort()).toEqual([...Object.keys(dependencies), ...Object.keys(devDependencies)].sort());
  });
});
