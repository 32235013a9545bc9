// `npm test` checks types, lint and format beside the tests. What its command line says goes to vitest, as in
// `npm test -- --reporter=json`.
// `npm run check` does the same for a change: it runs the tests in test/unit that import a file which differs from the
// last commit, all tests that differ themselves, and those that its command line names.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const begun = Date.now();
const runs = args[0] === '--changed' ? runsOfChange(args.slice(1)) : [['run', ...args]];

const checking = inTurn(['typecheck', 'lint'], npmScript);
const tests = await inTurn(runs, vitest);
console.log('Waiting for types and lint …');
const checks = await checking;
for (const { name, code, output } of checks) if (code !== 0) console.log(`\n== ${name}\n${output.trimEnd()}`);
const failed = [...checks, ...tests].filter(({ code }) => code !== 0).map(({ name }) => name);
const seconds = Math.round((Date.now() - begun) / 1000);
console.log(failed.length === 0 ? `\nAll passed in ${seconds} s.` : `\nFailed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Does one after the other, whatever the one before has come to. */
async function inTurn(items, action) {
  const results = [];
  for (const item of items) results.push(await action(item));
  return results;
}

/** Runs a script of package.json. What it prints is kept, to be read when the tests are over. */
async function npmScript(name) {
  const child = spawn(process.execPath, [process.env.npm_execpath, 'run', '--silent', name], { cwd: root });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { name, code, output: stdout + stderr };
}

/** Runs vitest, which prints as it goes. */
async function vitest(run) {
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const [code] = await once(spawn(process.execPath, [program, ...run], { cwd: root, stdio: 'inherit' }), 'close');
  return { name: 'tests', code };
}

/** The runs of vitest that a change needs. */
function runsOfChange(named) {
  const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  const changed = [
    ...git('diff', '--name-only', '--diff-filter=d', '--relative', 'HEAD'),
    ...git('ls-files', '--others', '--exclude-standard'),
  ];
  const code = changed.filter((file) => /^(src|test)\/.*\.ts$/.test(file));
  const others = code.filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/unit/'));
  const pages = changed.filter((file) => file.endsWith('.md'));
  const links = pages.length > 0 ? ['test/docs/pages.test.ts'] : [];
  return [
    ...(code.length > 0 ? [['related', '--run', '--project', 'unit', '--passWithNoTests', ...code]] : []),
    ...(pages.length > 0 ? [['run', 'test/docs/examples.test.ts', '-t', pages.join('|')]] : []),
    ['run', 'test/architecture.test.ts', ...links, ...others, ...named],
  ];
}
