import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Imports a file of src in a process of its own. Returns the CommonJS modules that this loads, of which rhea is one. */
function modulesOf(file: string): string[] {
  const program = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(join(ROOT, 'src', file))});
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));
  `;
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: ROOT,
  });
  return JSON.parse(output.toString()) as string[];
}

/** The files of src that a file imports at run time, itself and through others. */
function graphOf(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known;
  known.add(file);
  const text = readFileSync(join(ROOT, 'src', file), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\s+(?!type)[^'"]*from\s+'(\.[^']+)'/gm)) {
    graphOf(relative('.', join(dirname(file), specifier.replace(/\.js$/, '.ts'))), known);
  }
  return known;
}

describe('The entry point of channels', () => {
  it('does not load rhea', () => {
    expect(modulesOf('channels.ts').filter((path) => path.includes('/rhea/'))).toEqual([]);
  });

  it('would be seen to load it: the main entry point is', () => {
    expect(modulesOf('index.ts').some((path) => path.includes('/rhea/'))).toBe(true);
  });

  it('imports nothing of the links and the messenger', () => {
    const graph = [...graphOf('channels.ts')];
    expect(graph).toContain('channels/sse-channel.ts');
    expect(graph.filter((file) => /^(link|messenger|broker)\//.test(file))).toEqual([]);
  });
});
