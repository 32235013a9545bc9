import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const SIZE = 50_000_000;
const program = fileURLToPath(new URL('../support/programs/large-message.ts', import.meta.url));

/** Runs the program, and gives its lines. */
function run(...args: string[]): () => Promise<Record<string, number | string>> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => JSON.parse((await lines.next()).value as string) as Record<string, number | string>;
}

it('a message of 50 MB passes with memory of at most three times its size at either end', async () => {
  const receiver = run('receive');
  const { port } = await receiver();
  const sender = run('send', `amqp://127.0.0.1:${port ?? 0}/q`);
  const received = await receiver();
  const sent = await sender();
  expect(received['length']).toBe(SIZE);
  expect(sent['status']).toBe('accepted');
  expect(received['raised']).toBeLessThan(3 * SIZE);
  expect(sent['raised']).toBeLessThan(3 * SIZE);
});
