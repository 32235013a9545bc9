import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src');

/** What people read about all this. */
const PAGE = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');

/** A file may import from its own folder and from lower ranks. See docs/architecture.md. */
const RANKS: Record<string, number> = {
  'clock.ts': 0,
  'diagnostics.ts': 0,
  'errors.ts': 0,
  'inspect.ts': 0,
  'nearest.ts': 0,
  'printable.ts': 0,
  'small-file.ts': 0,
  'tell-listeners.ts': 0,
  'typed-emitter.ts': 0,
  'unique-id.ts': 0,
  'check-options.ts': 1,
  'log.ts': 1,
  'wait.ts': 1,
  address: 1,
  message: 1,
  codec: 2,
  queue: 2,
  config: 3,
  link: 3,
  messenger: 4,
  broker: 5,
  pubsub: 5,
  channels: 5,
  control: 6,
  cli: 7,
  'index.ts': 7,
  'broker.ts': 7,
  'queue.ts': 7,
  'pubsub.ts': 7,
  'channels.ts': 7,
  'testing.ts': 7,
};

/** The folders of a part that has layers, the lowest first. A file imports from its own folder and from those before it. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  link: ['wire', 'security', 'rhea', 'session', 'connection'],
};

interface SourceFile {
  readonly path: string;
  readonly part: string;
  readonly imports: readonly { specifier: string; path: string | undefined; isType: boolean }[];
  readonly lines: number;
}

const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [
      ...text.matchAll(/^(?:import|export)(\s+type\b)?[^'"]*from\s+'([^']+)'|^import\s+'([^']+)'/gm),
    ].map(([, type, from, bare]) => {
      const specifier = from ?? bare ?? '';
      const target = resolve(dirname(join(SRC, path)), specifier.replace(/\.js$/, '.ts'));
      return {
        specifier,
        path: specifier.startsWith('.') ? relative(SRC, target) : undefined,
        isType: type !== undefined,
      };
    });
    return { path, part: partOf(path), imports, lines: linesOfCode(text) };
  });

function linesOfCode(text: string): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
}

function codeOf(path: string): string {
  const lines = readFileSync(join(SRC, path), 'utf8').split('\n');
  return lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).join('\n');
}

function partOf(path: string): string {
  return path.split('/')[0] ?? path;
}

describe('the architecture', () => {
  it('gives every file of src a rank', () => {
    expect(files.filter(({ part }) => !(part in RANKS)).map(({ path }) => path)).toEqual([]);
  });

  it('lets imports go down the ranks only', () => {
    const upward = files.flatMap(({ path, part, imports }) =>
      imports
        .filter(({ path: target }) => target !== undefined && partOf(target) !== part)
        .filter(({ path: target }) => RANKS[partOf(target ?? '')]! >= RANKS[part]!)
        .map(({ path: target }) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('lets imports inside a part go down its layers only', () => {
    for (const [part, layers] of Object.entries(LAYERS)) {
      const inside = files.filter((file) => file.part === part);
      const layer = (path: string): number => layers.indexOf(path.split('/')[1] ?? '');
      expect(inside.filter(({ path }) => layer(path) < 0).map(({ path }) => path)).toEqual([]);
      const upward = inside.flatMap(({ path, imports }) =>
        imports
          .filter(({ path: target }) => target !== undefined && partOf(target) === part)
          .filter(({ path: target }) => layer(target ?? '') > layer(path))
          .map(({ path: target }) => `${path} imports ${target}`),
      );
      expect(upward).toEqual([]);
    }
  });

  it('lets only link/ know rhea', () => {
    const others = files.filter(({ imports }) => imports.some(({ specifier }) => specifier.startsWith('rhea')));
    expect(others.map(({ path }) => path)).toEqual(['link/rhea/rhea-seam.ts']);
  });

  it('takes TLS from link/security/tls.ts, which spares programs the list of all root certificates', () => {
    const importing = files.filter(({ imports }) =>
      imports.some(({ specifier, isType }) => specifier === 'node:tls' && !isType),
    );
    // The command line makes one connection by hand, to say what is wrong with it.
    expect(importing.map(({ path }) => path)).toEqual(['cli/doctor/tls.ts']);
    const asking = files.filter(({ path }) => readFileSync(join(SRC, path), 'utf8').includes('getBuiltinModule'));
    expect(asking.map(({ path }) => path)).toEqual(['link/security/tls.ts']);
  });

  it('keeps sockets out of what is pure', () => {
    const pure = new Set(['address', 'message', 'codec', 'queue']);
    const impure = files.filter(
      ({ part, imports }) =>
        pure.has(part) && imports.some(({ specifier }) => /^node:(net|tls|fs|http|timers)/.test(specifier)),
    );
    expect(impure.map(({ path }) => path)).toEqual([]);
  });

  it('takes time, chance and names from the environment in what is simulated', () => {
    const simulated = new Set(['queue', 'link', 'messenger', 'broker']);
    const own =
      /(?<![.\w])(?:set|clear)(?:Timeout|Interval|Immediate)\(|Date\.now|new Date\(\)|performance\.|process\.(?:nextTick|hrtime)|Math\.random|random(?:Bytes|Int)\b|import \{[^}]*randomUUID|node:timers|AbortSignal\.timeout/;
    const using = files.filter(({ path, part }) => simulated.has(part) && own.test(codeOf(path)));
    // What the machine gives for one is found there.
    expect(using.map(({ path }) => path)).toEqual(['link/connection/environment.ts']);
  });

  it('listens to abort signals in wait.ts alone, and in the module for browsers, which imports nothing', () => {
    const listening = files.filter(({ path }) => /(?:add|remove)EventListener\(\s*['"`]abort\b/.test(codeOf(path)));
    expect(listening.map(({ path }) => path).toSorted()).toEqual(['channels/browser.ts', 'wait.ts']);
    const assigning = files.filter(({ path }) => /\.onabort\b|\bonce\(\s*[\w.#]*signal\b/i.test(codeOf(path)));
    expect(assigning.map(({ path }) => path)).toEqual([]);
  });

  it('has no import of an entry file from inside', () => {
    const entries = new Set(['index.ts', 'broker.ts', 'queue.ts', 'pubsub.ts', 'channels.ts', 'testing.ts']);
    const inward = files.filter(({ imports }) => imports.some(({ path }) => path !== undefined && entries.has(path)));
    expect(inward.map(({ path }) => path)).toEqual([]);
  });

  it('has no circle of imports, those of types included', () => {
    expect(findCircle()).toBeUndefined();
  });

  it('keeps files short, comments aside', () => {
    expect(files.filter(({ lines }) => lines > 250).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('has the ranks that are enforced', () => {
    const rows = Array.from(PAGE.matchAll(/^\| (\d) \| (.+?) \|/gm), ([, rank, parts]) =>
      names(parts).map((part) => [part, Number(rank)] as const),
    );
    expect(Object.fromEntries(rows.flat())).toEqual(RANKS);
  });

  it('has the layers that are enforced, the lowest first', () => {
    const rows = Array.from(PAGE.matchAll(/^\| `(\w+)\/(\w+)\/` \|/gm), ([, part, layer]) => [part, layer]);
    const enforced = Object.entries(LAYERS).flatMap(([part, layers]) => layers.map((layer) => [part, layer]));
    expect(rows).toEqual(enforced);
  });

  it('names only files and folders that are there', () => {
    const named = Array.from(PAGE.matchAll(/[\w-]+(?:\/[\w-]+)*(?:\.test)?\.ts\b|`[\w/-]+\/`/g), ([path]) =>
      path.replaceAll('`', ''),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((path) => !existsSync(join(SRC, path)) && !existsSync(join(SRC, '..', path)))).toEqual([]);
  });

  it('names only classes and functions that are there', () => {
    const named = Array.from(PAGE.matchAll(/`(?:([A-Z]\w+)(?:\.\w+)?|(\w+)\(\))`/g), ([, type, call]) => type ?? call);
    const code = files.map(({ path }) => codeOf(path)).join('\n');
    const words = new Set(code.match(/\w+/g));
    expect(named.filter((name) => !words.has(name!) && !(name! in globalThis))).toEqual([]);
  });

  it('says for at least 25 changes which file to open', () => {
    const [, table = ''] = PAGE.split('\n## To change something\n');
    const rows = table.split('\n## ')[0]!.matchAll(/^\| [^|]+ \| .*`[\w/-]+(?:\.ts|\/)`.* \|$/gm);
    expect([...rows].length).toBeGreaterThanOrEqual(25);
  });

  it('says where each limit is', () => {
    const limits = PAGE.slice(PAGE.indexOf('\n## Limits\n'));
    const rows = Array.from(limits.matchAll(/^\| ([^|]+) \| `([\w/-]+\.ts)` \|$/gm));
    expect(rows.length).toBeGreaterThan(8);
    const missing = rows.flatMap(([, limits, file]) => {
      const text = readFileSync(join(SRC, file!), 'utf8');
      return names(limits)
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
        .map((name) => `${name} in ${file}`);
    });
    expect(missing).toEqual([]);
  });
});

/** What a cell of a table has in back quotes. A folder is given without its slash. */
function names(cell = ''): string[] {
  return Array.from(cell.matchAll(/`([^`]+?)\/?`/g), ([, name]) => name!);
}

/** The first circle of imports that there is: the paths along it, back to where it began. */
function findCircle(): string[] | undefined {
  const graph = new Map(files.map(({ path, imports }) => [path, imports.map((entry) => entry.path)]));
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const circle = next === undefined ? undefined : visit(next, [...trail, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
