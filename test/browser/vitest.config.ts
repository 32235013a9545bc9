import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../../', import.meta.url));

export default defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^amqp-messenger$/, replacement: `${root}src/index.ts` },
      { find: /^amqp-messenger\/(.+)$/, replacement: `${root}src/$1.ts` },
    ],
  },
  test: {
    include: ['test/browser/*.test.ts'],
    globalSetup: 'test/browser/chromium.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report/browser.json' },
  },
});
