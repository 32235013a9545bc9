import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const WORKFLOWS = `${ROOT}.github/workflows/`;

interface Job {
  strategy?: { matrix: { node: number[] } };
  permissions?: Record<string, string>;
  steps: { run?: string }[];
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

/** Reads a workflow. Its shape is that of GitHub. */
function workflow(name: string): Workflow {
  return parse(readFileSync(WORKFLOWS + name, 'utf8')) as Workflow;
}

/** What the steps of a workflow run. */
function commands(name: string): string[] {
  return Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
}

describe('the workflows', () => {
  it.each(readdirSync(WORKFLOWS))('run only what is there: %s', (name) => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> };
    const named = commands(name).flatMap((command) => /^npm (?:run )?([\w:]+)$/.exec(command)?.[1] ?? []);
    expect(named.filter((script) => !(script in scripts) && script !== 'ci' && script !== 'publish')).toEqual([]);
    const files = commands(name).flatMap((command) => /(?:^|node )([.\w/-]+\/[.\w-]+)/.exec(command)?.[1] ?? []);
    expect(execFileSync('git', ['ls-files', ...files], { cwd: ROOT, encoding: 'utf8' }).split('\n')).toEqual(
      expect.arrayContaining(files),
    );
  });

  it.each(readdirSync(WORKFLOWS))('may write nothing that a job does not ask for: %s', (name) => {
    expect(workflow(name).permissions).toEqual({ contents: 'read' });
  });

  it('test every even line of Node from the oldest that is supported', () => {
    expect(workflow('ci.yml').jobs['test']?.strategy?.matrix.node).toEqual([20, 22, 24, 26]);
  });
});

describe('the check of a release', () => {
  it('names everything that is missing', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/check-release.mjs', 'v99.0.0'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^The tag is "v99\.0\.0", but package\.json has the version \d+\.\d+\.\d+: tag it v/);
  });
});
