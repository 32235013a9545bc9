import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { ViteUserConfig } from 'vitest/config';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The configuration of tests that need more than Node, in a folder of their own. Their report is for CI to count. */
export function suite(name: string, test: NonNullable<ViteUserConfig['test']>): ViteUserConfig {
  return defineConfig({
    root,
    resolve: {
      alias: [
        { find: /^amqp-messenger$/, replacement: `${root}src/index.ts` },
        { find: /^amqp-messenger\/(.+)$/, replacement: `${root}src/$1.ts` },
      ],
    },
    test: {
      include: [`test/${name}/**/*.test.ts`],
      reporters: ['default', 'json'],
      outputFile: { json: `test-report/${name}.json` },
      ...test,
    },
  });
}
