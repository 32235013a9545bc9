import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit.js';
import { loadConfig } from '../../src/config/load-config.js';
import { MAIN, broker, folder } from './support.js';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');

/** A block of a page. A `yaml` block is the configuration from there on; a `text` block what the block before prints. */
interface Block {
  readonly kind: string;
  readonly text: string;
}

function blocks(text: string): Block[] {
  return Array.from(text.matchAll(/^```(sh|yaml|text|ts)\n(.*?)^```$/gms), ([, kind = '', body = '']) => ({
    kind,
    text: body,
  }));
}

describe.concurrent('what the pages show of the command line', { timeout: 120_000 }, () => {
  it.for(['command-line.md', 'config.md'])('happens as printed in %s', async (name, test) => {
    const { port } = await broker(test);
    const here = (text: string): string => text.replaceAll('127.0.0.1/', `127.0.0.1:${port}/`);
    const cwd = folder(test, { 'amqp-messenger': `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n` });
    chmodSync(join(cwd, 'amqp-messenger'), 0o755);
    const all = blocks(page(name));
    for (const [index, { kind, text }] of all.entries()) {
      if (kind === 'yaml') writeFileSync(join(cwd, 'amqp-messenger.config.yaml'), here(text));
      if (kind !== 'sh') continue;
      const env = { PATH: `${cwd}:${process.env['PATH']}` };
      const { stdout, stderr } = await exec('bash', ['--norc', '-c', here(text)], { cwd, env });
      const next = all[index + 1];
      const shown = stdout.replaceAll(`127.0.0.1:${port}/`, '127.0.0.1/').replaceAll(`port ${port}`, 'port 5672');
      if (next?.kind === 'text') expect(shown).toBe(next.text);
      else expect(stderr).not.toContain('amqp-messenger: ');
    }
  });
});

describe('the pages', () => {
  it('have every exit code that there is', () => {
    const listed = Array.from(page('command-line.md').matchAll(/^\| (\d+) \|/gm), ([, code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT));
  });

  it('have every option of connections', () => {
    const schema = readFileSync(join(root, 'schema', 'amqp-messenger.config.schema.json'), 'utf8');
    const { properties } = JSON.parse(schema) as { properties: { connections: { properties: object } } };
    const row =
      page('config.md')
        .split('\n')
        .find((line) => line.startsWith('| `connections` |')) ?? '';
    expect(Object.keys(properties.connections.properties).filter((key) => !row.includes(`\`${key}\``))).toEqual([]);
  });
});

describe('the example of a configuration', () => {
  it('can be used, with each of its profiles', async () => {
    const path = join(root, 'examples', 'config', 'amqp-messenger.config.yaml');
    expect((await loadConfig(path, { env: {} })).warnings).toEqual([]);
    const { options, routes, warnings } = await loadConfig(path, {
      env: { BROKER_PASSWORD: 'x' },
      profile: 'production',
    });
    expect(options).toMatchObject({ outgoingWindow: 1024, sasl: { user: 'orders', password: 'x' } });
    expect(routes.map(({ pattern }) => pattern)).toEqual(['refunds', 'orders/%', 'refunds']);
    expect(warnings).toEqual([]);
  });
});
