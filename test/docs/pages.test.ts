import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, ROOT, readPage } from './pages.js';

const pages = [...PAGES, 'CHANGELOG.md', 'SECURITY.md'];

interface PackageFile {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

// The shape npm gives it.
const { scripts, dependencies, devDependencies } = JSON.parse(readPage('package.json')) as PackageFile;

describe('the pages', () => {
  it.each(pages)('link only to files that are there: %s', (page) => {
    const links = Array.from(readPage(page).matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link]) => link ?? '');
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it.each(pages)('name only scripts that are there: %s', (page) => {
    const names = Array.from(readPage(page).matchAll(/npm run ([\w:]+)/g), ([, name]) => name ?? '');
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('give a reason for every dependency, and for nothing else', () => {
    const listed = Array.from(readPage('docs/dependencies.md').matchAll(/^\| `(.+?)` \|/gm), ([, name]) => name ?? '');
    expect(listed.sort()).toEqual([...Object.keys(dependencies), ...Object.keys(devDependencies)].sort());
  });
});
