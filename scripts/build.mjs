// Compiles src to dist. Skipped when dist is newer than everything it is made from, so that
// `npm start`, `npm test` and the rest can all ask for a build and pay for one.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const inputs = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'scripts/build.mjs']
  .map((file) => join(root, file))
  .concat(readdirSync(join(root, 'src'), { recursive: true }).map((file) => join(root, 'src', file)));

const DECLARATIONS = [
  '--declaration',
  '--declarationMap',
  '--isolatedDeclarations',
  '--removeComments',
  'false',
  '--noCheck',
];

const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
if (inputs.some((file) => statSync(file).mtimeMs > builtAt)) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const compile = (...options) =>
    execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), ...options], { stdio: 'inherit' });
  try {
    // Node keeps the text of all code that it has loaded in memory, so the JavaScript carries no comments. Editors read
    // them in the declarations.
    compile();
    compile('--emitDeclarationOnly', ...DECLARATIONS);
  } catch {
    process.exit(1); // tsc has said why
  }
  chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);
  writeFileSync(stamp, '');
}
