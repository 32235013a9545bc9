import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Installed {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

// Written by npm, in its own form.
const lock = JSON.parse(text('package-lock.json')) as { packages: Record<string, Installed> };
const manifest = JSON.parse(text('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'peerDependencies' | 'scripts',
  Record<string, string>
>;
const page = text('docs/dependencies.md');

/** What a user gets, without the optional peers. */
const shipped = Object.entries(lock.packages).filter(
  ([path, { dev, optional, peer }]) => path !== '' && dev !== true && optional !== true && peer !== true,
);

function text(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
}

describe('what a user installs', () => {
  it('is few packages, none of which runs a script or comes from elsewhere than a registry', () => {
    expect(shipped.map(([path]) => path.replace('node_modules/', '')).sort()).toEqual([
      'ansi-regex',
      'cli-progress',
      'commander',
      'debug',
      'emoji-regex',
      'is-fullwidth-code-point',
      'ms',
      'rhea',
      'string-width',
      'strip-ansi',
      'uuid',
      'yaml',
      'zod',
    ]);
    for (const [path, { hasInstallScript, integrity }] of shipped) {
      expect([path, hasInstallScript]).toEqual([path, undefined]);
      expect([path, integrity]).toEqual([path, expect.stringMatching(/^sha512-/)]);
    }
  });

  it('runs no script of ours either', () => {
    const scripts = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'postprepare'];
    expect(scripts.filter((name) => name in manifest.scripts)).toEqual([]);
  });
});

describe('every dependency', () => {
  it.each(
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies }).map((name) => [
      name,
    ]),
  )('has a line with its reason: %s', (name) => {
    expect(page).toMatch(new RegExp(`^\\| .*\`${name}\`.* \\| .{10,} \\|$`, 'm'));
  });
});
