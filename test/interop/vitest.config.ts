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
    include: ['test/interop/*.test.ts'],
    // What is missing is installed by whichever file needs it first, and apt-get does not like company.
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 300_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'test-report/interop.json' },
  },
});
