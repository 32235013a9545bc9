import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { TestProjectConfiguration, TestProjectInlineConfiguration } from 'vitest/config';

const source = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

/** Some of the tests, as `vitest --project` names them. */
function project(
  name: string,
  include: string[],
  more: TestProjectInlineConfiguration['test'] = {},
): TestProjectConfiguration {
  return { extends: true, test: { name, include, ...more } };
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^amqp-messenger$/, replacement: source('index.ts') },
      { find: /^amqp-messenger\/(.+)$/, replacement: source('$1.ts') },
    ],
  },
  test: {
    projects: [
      // They load the same modules again and again, and change nothing outside of themselves.
      project('unit', ['test/*.test.ts', 'test/unit/**/*.test.ts'], { isolate: false }),
      project('loopback', ['test/{loopback,conformance,simulation}/**/*.test.ts']),
      // These run what is in dist, so it is built before them.
      project('built', ['test/{cli,docs}/**/*.test.ts'], { globalSetup: 'test/build.ts' }),
    ],
    // vitest leaves one processor free, which is half of a small machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    unstubGlobals: true,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/cli/**'],
      thresholds: { lines: 90, branches: 90 },
    },
  },
});
