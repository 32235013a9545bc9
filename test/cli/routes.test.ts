import { describe, expect, it } from 'vitest';
import { folder, run } from './support.js';
import type { Test } from './support.js';

const CONFIG = `routes:
  - { pattern: "orders/%", address: "amqps://me:secret@broker.example.com/orders-$1" }
  - { pattern: "*/%", address: "amqp://[::1]:5673/$2" }
  - { pattern: "orders/late", address: "amqp://h/q" }
rewrites:
  - { pattern: "orders/*", address: null }
`;

function routes(test: Test, args: readonly string[], input = '') {
  return run(test, ['routes', ...args], { cwd: folder(test, { 'amqp-messenger.config.yaml': CONFIG }), input });
}

describe.concurrent('routes', { timeout: 60_000 }, () => {
  it('explain says which rule matched, the groups, where it goes, and what to says', async (test) => {
    const { code, stdout, stderr } = await routes(test, ['explain', 'orders/eu', 'a/b/c', 'amqp://u:p@h/x']);
    expect(code).toBe(0);
    expect(stdout).toBe(`orders/eu
  route       1. orders/% -> amqps://***@broker.example.com/orders-$1  ($1 = "eu")
  goes to     amqps://***@broker.example.com/orders-eu
  connects    TLS to broker.example.com, port 5671, node orders-eu, with a user of its own
  rewrite     1. orders/* -> (no to)  ($1 = "eu")
  to says     nothing

a/b/c
  route       2. */% -> amqp://[::1]:5673/$2  ($1 = "a/b", $2 = "c")
  goes to     amqp://[::1]:5673/c
  connects    TCP to ::1, port 5673, node c
  rewrite     none matches: user and password are taken out
  to says     a/b/c

amqp://***@h/x
  route       2. */% -> amqp://[::1]:5673/$2  ($1 = "amqp://***@h", $2 = "x")
  goes to     amqp://[::1]:5673/x
  connects    TCP to ::1, port 5673, node x
  rewrite     none matches: user and password are taken out
  to says     amqp://h/x
`);
    expect(stderr).toMatch(/warning: .*config\.yaml:4: routes\[2\] can never match: rule 1, orders\/%, comes first/);
  });

  it('explain fails for what leads nowhere', async (test) => {
    const { code, stdout } = await routes(test, ['explain', 'x', '--route', 'x=/', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      route: { rule: 1 },
      destination: '/',
      problem: expect.stringContaining('no host') as unknown,
    });
  });

  it('explain fails for a bad address as other commands do', async (test) => {
    const { code, stdout } = await run(test, ['routes', 'explain', 'x:y:z'], { cwd: folder(test) });
    expect(code).toBe(2);
    expect(stdout).toContain('  connects    The address has a port that is not a number');
  });

  it('list warns of rules of the command line, too, and not of the rules of the file that they go before', async (test) => {
    const given = ['a/*=amqp://h/$1', 'a/b=amqp://h/b', 'old=a/new'].flatMap((rule) => ['--route', rule]);
    const { code, stderr } = await run(test, ['routes', 'list', ...given, '--rewrite', '%=', '--rewrite', 'x='], {
      cwd: folder(test, { 'amqp-messenger.config.yaml': 'routes: [{ pattern: "a/c", address: "amqp://h/c" }]' }),
    });
    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/warning: --route a\/b can never match: rule 1, a\/\*, comes first/),
      expect.stringMatching(/warning: --route old leads to what a\/\* matches, but routes are applied once/),
      expect.stringMatching(/warning: --rewrite x can never match: rule 1, %, comes first/),
    ]);
  });

  it('list shows them in order, with their lines and without credentials', async (test) => {
    const { stdout } = await routes(test, ['list', '--rewrite', 'a=', '--route', 'a=amqp://h/a']);
    expect(stdout.replace(/\(.*config\.yaml\)/g, '(FILE)')).toBe(`routes (FILE)
  1. a -> amqp://h/a  [command line]
  2. orders/% -> amqps://***@broker.example.com/orders-$1  [line 2]
  3. */% -> amqp://[::1]:5673/$2  [line 3]
  4. orders/late -> amqp://h/q  [line 4]
rewrites (FILE)
  1. a -> (no to)  [command line]
  2. orders/* -> (no to)  [line 6]
`);
    expect(JSON.parse((await routes(test, ['list', '--json'])).stdout)).toMatchObject({
      rewrites: [{ address: null, line: 6 }],
    });
    const none = await run(test, ['routes', 'list'], { cwd: folder(test) });
    expect(none.stdout).toBe('routes\n  none\nrewrites\n  none\n');
  });

  it('test checks where addresses lead', async (test) => {
    const cases = '# ours\n\na/b -> amqp://[::1]:5673/b\norders/x -> amqps://me:secret@broker.example.com/orders-x\n';
    expect(await routes(test, ['test'], cases)).toMatchObject({ code: 0, stdout: '2 passed, 0 failed\n' });
    const failed = await routes(test, ['test', '--json'], 'a/b -> amqp://u:secret@h/b');
    expect(failed).toMatchObject({ code: 1, stdout: '{"passed":0,"failed":1}\n' });
    expect(failed.stderr).toContain('line 1: a/b leads to amqp://[::1]:5673/b, not to amqp://***@h/b\n');
    expect((await routes(test, ['test'], 'a b')).code).toBe(4);
    expect((await routes(test, ['test', 'nowhere'])).code).toBe(4);
  });
});
