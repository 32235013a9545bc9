// Compiles src to dist. Skipped when dist is newer than everything it is made from, so that
// `npm start`, `npm test` and the rest can all ask for a build and pay for one.
// Types are not checked here: `npm run typecheck` does that, once, for sources and tests together.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'scripts/build.mjs']
  .map((file) => join(root, file))
  .concat(readdirSync(join(root, 'src'), { recursive: true }).map((file) => join(root, 'src', file)));

// Node keeps the text of all code that it has loaded in memory, so the JavaScript carries no comments. Editors read
// them in the declarations.
const DECLARATIONS = [
  '--emitDeclarationOnly',
  '--declaration',
  '--declarationMap',
  '--isolatedDeclarations',
  '--removeComments',
  'false',
];

const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
if (inputs.some((file) => statSync(file).mtimeMs > builtAt)) {
  const begun = new Date();
  // Whoever reads dist meanwhile finds all of the old one, and then all of the new one.
  const next = `${dist}.${process.pid}`;
  try {
    const codes = await Promise.all([compile(next), compile(next, ...DECLARATIONS)]);
    if (codes.some((code) => code !== 0)) process.exit(1); // tsc has said why
    chmodSync(join(next, 'cli', 'main.js'), 0o755);
    writeFileSync(join(next, '.built'), '');
    utimesSync(join(next, '.built'), begun, begun); // a file that changes during the build is newer than it
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

/** Runs the compiler and resolves to its exit code. */
async function compile(folder, ...options) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', folder, ...options];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close');
  return code;
}
