// What a newcomer does on the first day, with nothing but the packed tarball in an empty folder: install it, start a
// broker, send 100,000 lines of a file and receive them into another, ask and answer, look at routes, and have the doctor
// look at a healthy broker and at six kinds of broken ones.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LINES = 100_000;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = mkdtempSync(join(tmpdir(), 'amqp-messenger-newcomer-'));
const bin = join(folder, 'node_modules', '.bin', 'amqp-messenger');
const children = [];

/** Starts the program; resolves with its first line, by which it is ready. */
async function start(...args) {
  const child = spawn(bin, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return line;
}

/** Starts a broker on a free port; resolves with its address. */
async function broker(...args) {
  return /amqps?:\/\/\S+?(?=\. )/.exec(await start('broker', '--port', '0', ...args))[0];
}

/** Runs the program to its end. */
function run(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(bin, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  return { status, stdout, stderr };
}

let failures = 0;
async function step(name, action) {
  const begin = performance.now();
  try {
    await action();
    console.log(`✓ ${name} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures++;
    console.log(`✗ ${name}\n${error.message}`);
  }
}

function expect(what, actual, wanted) {
  const isSo = wanted instanceof RegExp ? wanted.test(actual) : actual === wanted;
  if (!isSo) throw new Error(`  ${what} is ${JSON.stringify(actual)}, not ${wanted}`);
}

/** Has the doctor look at an address that is broken. */
function diagnose(name, address, status, said, args = [], env = {}) {
  return step(`doctor: ${name}`, () => {
    const result = run(['doctor', address, '--timeout', '3000', ...args], { env: { ...process.env, ...env } });
    expect('what it says', result.stdout, said);
    expect('the exit code', result.status, status);
    if (status !== 0) expect('the last line', result.stdout.trimEnd().split('\n').at(-1), /^ +Fix: ./);
  });
}

try {
  await step('pack and install into an empty folder', () => {
    const quiet = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
    const [{ filename }] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, ...quiet }),
    );
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder, ...quiet });
    for (const file of ['server.pem', 'server.key', 'ca.pem']) {
      copyFileSync(join(root, 'test', 'fixtures', 'tls', file), join(folder, file));
    }
  });

  let url;
  await step('start a broker', async () => (url = await broker()));

  await step(`send ${LINES} lines of a file, with a progress bar`, () => {
    const text = Array.from({ length: LINES }, (_, index) => `line ${index + 1} of many\n`).join('');
    writeFileSync(join(folder, 'in.txt'), text);
    const args = ['send', `${url}/lines`, '--input', 'in.txt'];
    // On a terminal the bar is there without being asked for; `script` lends one.
    const hasTerminal = existsSync('/usr/bin/script');
    const { status, stdout, stderr } = hasTerminal
      ? spawnSync('script', ['-qec', [bin, ...args].join(' '), '/dev/null'], { cwd: folder, encoding: 'utf8' })
      : run([...args, '--progress']);
    const shown = stdout + stderr;
    expect('the bar', shown, /100%/);
    expect('the summary', shown, new RegExp(`${LINES} accepted`));
    expect('the exit code', status, 0);
  });

  await step('receive them into a file that is equal', () => {
    const { status, stdout, stderr } = run(['recv', `${url}/lines`, '--count', String(LINES)]);
    writeFileSync(join(folder, 'out.txt'), stdout);
    expect('what is printed beside it', stderr, '');
    expect('the exit code', status, 0);
    const isEqual = readFileSync(join(folder, 'in.txt')).equals(readFileSync(join(folder, 'out.txt')));
    expect('that the files are equal', isEqual, true);
  });

  await step('ask and answer', async () => {
    const child = spawn(bin, ['reply', `${url}/clock`, '--text', 'noon', '--count', '1', '--quiet'], { cwd: folder });
    children.push(child);
    const { stdout, status } = run(['request', `${url}/clock`, 'what time is it?']);
    expect('the answer', stdout, 'noon\n');
    expect('the exit code', status, 0);
    if (child.exitCode === null) await once(child, 'exit');
    expect('the exit code of reply', child.exitCode, 0);
  });

  await step('look at routes', () => {
    writeFileSync(
      join(folder, 'amqp-messenger.config.yaml'),
      `routes:\n  - { pattern: "orders/%", address: "amqp://me:secret@127.0.0.1:\${PORT:-5672}/orders-$1" }\n`,
    );
    const { stdout, status } = run(['routes', 'explain', 'orders/eu']);
    rmSync(join(folder, 'amqp-messenger.config.yaml'));
    expect('the rule', stdout, /route +1\. orders\/% .*\$1 = "eu"/);
    expect('where it goes', stdout, /goes to +amqp:\/\/\*\*\*@127\.0\.0\.1:5672\/orders-eu\n/);
    expect('to', stdout, /to says +orders\/eu\n/);
    expect('the exit code', status, 0);
  });

  await diagnose('a healthy broker', `${url}/q`, 0, /✓ link/);
  await diagnose('1. a wrong port', 'amqp://127.0.0.1:1/q', 6, /✗ TCP/);
  await diagnose('2. TLS on a plain port', `${url.replace('amqp:', 'amqps:')}/q`, 7, /✗ TLS/);

  writeFileSync(join(folder, 'tls.yaml'), 'tls: { certFile: server.pem, keyFile: server.key }\n');
  const secure = (await broker('--config', 'tls.yaml')).replace('127.0.0.1', 'localhost');
  await diagnose('3. an untrusted certificate', `${secure}/q`, 7, /✗ TLS[^]*the certificate is not taken/);
  await diagnose('   the same, trusted', `${secure}/q`, 0, /✓ TLS/, ['--ca', 'ca.pem']);

  writeFileSync(join(folder, 'users.yaml'), 'users: { me: right }\ncreateNodes: false\n');
  const guarded = await broker('--config', 'users.yaml');
  const as = (password) => ({ AMQP_MESSENGER_USER: 'me', AMQP_MESSENGER_PASSWORD: password });
  await diagnose('4. a wrong password', `${guarded}/q`, 7, /✗ open/, [], as('wrong'));
  await diagnose('5. no such queue', `${guarded}/q`, 8, /✗ link/, [], as('right'));

  const web = spawn(process.execPath, [
    '-e',
    `const s = require('http').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`,
  ]);
  children.push(web);
  const [port] = await once(createInterface({ input: web.stdout }), 'line');
  await diagnose('6. not AMQP', `amqp://127.0.0.1:${port}/q`, 6, /✗ AMQP +a web server answers/);
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'newcomer: everything works' : `newcomer: ${failures} steps failed`);
process.exitCode = failures === 0 ? 0 : 1;
