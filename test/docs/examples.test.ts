import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGES, ROOT, codeBlocks } from './pages.js';
import { run, start } from './programs.js';
import type { Test } from './programs.js';

/** Where blocks are put to be run: a folder that neither the linter nor git looks at. */
let folder: string;
beforeAll(() => {
  mkdirSync(`${ROOT}.cache`, { recursive: true });
  folder = mkdtempSync(`${ROOT}.cache/docs-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Only what hangs takes this long, in milliseconds: a dozen processes share the machine. */
const LIMIT = 60_000;

/** Blocks are checked against the declarations that users get. */
const COMPILER_OPTIONS = {
  incremental: false,
  noUnusedLocals: false,
  paths: { 'amqp-messenger': [`${ROOT}dist/index.d.ts`], 'amqp-messenger/*': [`${ROOT}dist/*.d.ts`] },
};

const blocks = PAGES.flatMap(codeBlocks);

/** A broker for one test. */
async function broker({ onTestFinished }: Test): Promise<EmbeddedBroker> {
  const started = await new EmbeddedBroker({ port: 0 }).start();
  onTestFinished(() => started.stop());
  return started;
}

/** A file name, without its ending, that tells which block it holds. */
function fileName(title: string): string {
  return title.replace(/\W/g, '-');
}

/** What users run: JavaScript that the oldest Node takes. In a file of this project `amqp-messenger` is what is in dist. */
function toJavaScript(code: string): string {
  return transformSync(code, { loader: 'ts', target: 'es2022' }).code;
}

describe.concurrent('the code in the pages', { timeout: LIMIT }, () => {
  for (const { title, code, output } of blocks) {
    it(`runs as printed: ${title}`, async (test) => {
      const { port } = await broker(test);
      const file = `${folder}/${fileName(title)}.mjs`;
      writeFileSync(file, toJavaScript(code.replaceAll('127.0.0.1/', `127.0.0.1:${port}/`)));
      const { code: exitCode, stdout, stderr } = await run(test, file);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      if (output !== undefined) expect(stdout.replaceAll(`127.0.0.1:${port}`, '127.0.0.1')).toBe(output);
    });
  }

  it('has no type errors', async (test) => {
    const checked = `${folder}/checked`;
    mkdirSync(checked);
    for (const { title, code } of blocks) writeFileSync(`${checked}/${fileName(title)}.ts`, code);
    const config = { extends: '../../../tsconfig.json', compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] };
    writeFileSync(`${checked}/tsconfig.json`, JSON.stringify(config));
    const { stdout } = await run(test, 'node_modules/typescript/bin/tsc', ['-p', checked]);
    expect(stdout).toBe('');
  });
});

describe.concurrent('the examples', { timeout: LIMIT }, () => {
  it('send messages and receive them', async (test) => {
    const { url } = await broker(test);
    expect(await run(test, 'examples/send.ts', [`${url}/orders`, '3'])).toEqual({
      code: 0,
      stdout: '3 sent\n',
      stderr: '',
    });
    const received = await run(test, 'examples/recv.ts', [`${url}/orders`, '3']);
    expect(received).toEqual({ code: 0, stdout: 'order 1\norder 2\norder 3\n', stderr: '' });
  });

  it('move every message of the main job, and say so', async (test) => {
    const { code, stdout, stderr } = await run(test, 'examples/main-job/start.ts', ['--count', '3000']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/100%: 3000 of 3000 taken/);
    expect(stdout).toMatch(/all +2,997 +3 +\d+/);
    expect(stdout).toMatch(/3,000 messages sent, each taken exactly once/);
  });

  it('report what a broker of another process has seen, and clear away what was in its queues', async (test) => {
    const ours = await broker(test);
    await run(test, 'examples/send.ts', [`${ours.url}//queues/refunds`, '2']);
    const { code, stdout, stderr } = await run(test, 'examples/main-job/start.ts', [
      '--count',
      '3000',
      '--broker',
      ours.url,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const queues = ['orders-eu', 'orders-us', 'refunds'].map((name) => ours.queue(`/queues/${name}`));
    expect(queues).toMatchObject([
      { received: 1000, accepted: 999, rejected: 1, depth: 0 },
      { received: 1000, accepted: 999, rejected: 1, depth: 0 },
      { received: 1002, accepted: 1001, rejected: 1, depth: 0 },
    ]);
    const redelivered = queues.reduce((sum, queue) => sum + queue.redelivered, 0);
    expect(stdout).toContain(`${redelivered} were released and came again. 2 messages of an earlier run were`);
  });

  it('say in a sentence why the main job cannot begin', async (test) => {
    const ending = await run(test, 'examples/main-job/start.ts', ['--broker', 'amqp://127.0.0.1:1']);
    expect(ending.code).toBe(1);
    expect(ending.stderr).toMatch(/^\n127\.0\.0\.1:1: nothing listens there\..*\n$/);
  });

  it('stop every process of the main job on Ctrl-C', async (test) => {
    const { process: job, ended } = start(test, 'examples/main-job/start.ts', ['--count', '10000000']);
    await Promise.race([once(job.stdout, 'data'), ended]);
    job.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toMatch(/Stopped\.\n$/);
  });
});
