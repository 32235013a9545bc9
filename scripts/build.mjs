// Builds dist from src: the compiler writes declarations and modules, esbuild joins the modules. Skipped when dist is newer than everything it is made from, so that
// `npm start`, `npm test` and the rest can all ask for a build and pay for one.
// Types are not checked here: `npm run typecheck` does that, once, for sources and tests together.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'scripts/build.mjs']
  .map((file) => join(root, file))
  .concat(readdirSync(join(root, 'src'), { recursive: true }).map((file) => join(root, 'src', file)));

// What users import, and the command line. What two of them share is a file in dist/shared, written once.
const ENTRIES = ['index', 'broker', 'queue', 'pubsub', 'channels', 'testing', 'cli/main'];

const DECLARATIONS = [
  '--emitDeclarationOnly',
  '--declaration',
  '--declarationMap',
  '--isolatedDeclarations',
  '--removeComments',
  'false',
];

// One file for a whole entry instead of one for each module: every module that is loaded keeps 5 kB for itself, and V8
// collects the whole heap more often, the more has grown old in it (docs/architecture.md, "Memory of an outgoing message").
// Node keeps the text of all code in memory, too, so there are no comments; editors read them in the declarations.
const JOINED = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  legalComments: 'none',
  sourcemap: true,
  sourcesContent: false,
  write: false,
};

const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
if (inputs.some((file) => statSync(file).mtimeMs > builtAt)) {
  const begun = new Date();
  // Whoever reads dist meanwhile finds all of the old one, and then all of the new one.
  const next = `${dist}.${process.pid}`;
  const modules = `${next}.modules`;
  try {
    const codes = await Promise.all([compile(modules), compile(next, ...DECLARATIONS)]);
    if (codes.some((code) => code !== 0)) process.exit(1); // tsc has said why
    const entryPoints = ENTRIES.map((entry) => `${entry}.js`);
    const joined = { ...JOINED, absWorkingDir: modules, outdir: next };
    await write(build({ ...joined, entryPoints, splitting: true, chunkNames: 'shared/[hash]' }));
    // A page loads this one by itself.
    await write(build({ ...joined, entryPoints: ['channels/browser.js'], outbase: '.', platform: 'browser' }));
    chmodSync(join(next, 'cli', 'main.js'), 0o755);
    writeFileSync(join(next, '.built'), '');
    utimesSync(join(next, '.built'), begun, begun); // a file that changes during the build is newer than it
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
  } finally {
    for (const folder of [next, modules]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the compiler and resolves to its exit code. */
async function compile(folder, ...options) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', folder, ...options];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close');
  return code;
}

/** Writes what has been joined. esbuild writes `var X = class _X`, and users would see the name with the line. */
async function write(joining) {
  for (const { path, text } of (await joining).outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    const renamed = [...text.matchAll(/\bvar (\w+) = class _\1\b/g)].map(([, name]) => name);
    const names = new RegExp(`\\b_(${renamed.join('|')})\\b`, 'g');
    writeFileSync(path, renamed.length === 0 ? text : text.replace(names, '$1'));
  }
}
