import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { TestProjectConfiguration, TestProjectInlineConfiguration } from 'vitest/config';

const source = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

const BUILD = 'test/build.ts';

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
      project('unit', ['test/*.test.ts', 'test/unit/**/*.test.ts']),
      // The others run programs with what is in dist, so it is built before them.
      project('loopback', ['test/{loopback,simulation}/**/*.test.ts'], { globalSetup: BUILD }),
      project('built', ['test/{cli,docs,conformance}/**/*.test.ts'], { globalSetup: BUILD }),
    ],
    // They load the same modules again and again, and change nothing outside of themselves.
    isolate: false,
    // More than two processors have work for: some tests wait for processes and timers.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 20_000,
    unstubGlobals: true,
    unstubEnvs: true,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/cli/**'],
      thresholds: { lines: 90, branches: 90 },
    },
  },
});
