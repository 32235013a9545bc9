import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string): string => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^amqp-messenger$/, replacement: source('index.ts') },
      { find: /^amqp-messenger\/(.+)$/, replacement: source('$1.ts') },
    ],
  },
  test: {
    include: ['test/*.test.ts', 'test/{unit,loopback,docs,conformance,cli}/**/*.test.ts'],
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
