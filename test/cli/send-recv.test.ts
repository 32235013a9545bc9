import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Messenger } from 'amqp-messenger';
import type { Message } from 'amqp-messenger';
import { broker, fill, folder, run, start, until } from './support.js';

/** What hangs takes this long, in milliseconds: a dozen processes share the machine. */
const LIMIT = 60_000;

describe.concurrent('send and recv', { timeout: LIMIT }, () => {
  it('carry lines as they are, empty ones and one without an end too', async (test) => {
    const { url } = await broker(test);
    const input = 'one\n\n  three ü \rx\nfour';
    expect(await run(test, ['send', `${url}/q`], { input })).toEqual({ code: 0, stdout: '', stderr: '4 accepted\n' });
    expect(await run(test, ['recv', `${url}/q`, '--count', '4'])).toEqual({
      code: 0,
      stdout: `${input}\n`,
      stderr: '',
    });
  });

  it('take text of Windows for what it says: without the mark in front, and without CR before LF', async (test) => {
    const { url } = await broker(test);
    const input = '\uFEFFone\r\n\r\n\uFEFFthree\r\nfour\r';
    const cwd = folder(test, { 'in.txt': input, 'cases.txt': '\uFEFFa -> amqp://h/a\r\n' });
    expect((await run(test, ['send', `${url}/q`], { input })).stderr).toBe('4 accepted\n');
    expect((await run(test, ['send', `${url}/q`, '--input', 'in.txt'], { cwd })).stderr).toBe('4 accepted\n');
    const { stdout } = await run(test, ['recv', `${url}/q`, '--count', '8']);
    expect(stdout).toBe('one\n\n\uFEFFthree\nfour\n'.repeat(2));
    const json = await run(test, ['send', `${url}/q`, '--json'], { input: '\uFEFF{"body":1}\r\n\r\n{"body":2}\r\n' });
    expect(json).toMatchObject({ code: 0, stderr: '2 accepted\n' });
    const routes = await run(test, ['routes', 'test', 'cases.txt', '--route', 'a=amqp://h/a'], { cwd });
    expect(routes.stdout).toBe('1 passed, 0 failed\n');
  });

  it('take a text or template as a message with --json, too', async (test) => {
    const { url } = await broker(test);
    const json = ['--json', '--quiet'];
    expect((await run(test, ['send', `${url}/q`, '{"subject":"s","body":{"a":1}}', ...json])).code).toBe(0);
    expect((await run(test, ['send', `${url}/q`, '--template', '{{"body":{n}}}', '-c', '2', ...json])).code).toBe(0);
    const { stdout } = await run(test, ['recv', `${url}/q`, '--count', '3', '--json']);
    const bodies = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { body: unknown }).body);
    expect(bodies).toEqual([{ a: 1 }, 1, 2]);
    for (const text of ['{"body":', '5', '{"sbject":"s"}']) {
      const { code, stderr } = await run(test, ['send', `${url}/q`, text, ...json]);
      expect(code).toBe(4);
      expect(stderr).toMatch(/^amqp-messenger: The text (is not|has)/);
    }
  });

  it('carry whole messages as JSON', async (test) => {
    const { url } = await broker(test);
    const lines = [
      { subject: 'a', properties: { n: 5, s: 'x' }, body: { list: [1, null, true] } },
      {
        id: 'i',
        correlationId: 'c',
        ttl: 60_000,
        creationTime: '2026-01-02T03:04:05.000Z',
        bodyType: 'data',
        body: 'text',
      },
      { body: '/w==', bodyType: 'data', bodyEncoding: 'base64', userId: 'dXNlcg==' },
      { body: [[1, 2], ['x']], bodyType: 'sequence' },
      { body: 'gA==', bodyType: 'value', bodyEncoding: 'base64' },
    ];
    const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('\n');
    expect((await run(test, ['send', `${url}/q`, '--json', '--quiet'], { input })).stderr).toBe('');
    const received = await run(test, ['recv', `${url}/q`, '--json', '--count', '5']);
    const again = await run(test, ['send', `${url}/q`, '--json'], { input: received.stdout });
    expect(again).toMatchObject({ code: 0, stderr: '5 accepted\n' });
    const { stdout } = await run(test, ['recv', `${url}/q`, '--json', '--count', '5']);
    for (const [index, line] of stdout.trim().split('\n').entries()) {
      // What is left of the time to live is less.
      const { ttl, ...rest } = lines[index]!;
      expect(JSON.parse(line)).toMatchObject(rest);
      if (ttl !== undefined) expect((JSON.parse(line) as (typeof lines)[0]).ttl).toBeLessThanOrEqual(ttl);
    }
  });

  it('carry files with their types, a text so many times, and generated texts', async (test) => {
    const { url } = await broker(test);
    const bytes = Buffer.from([0, 255, 10, 128]);
    const cwd = folder(test, { 'a.json': '{"a":1}', 'b.bin': bytes });
    expect((await run(test, ['send', `${url}/files`, '--file', 'a.json', 'b.bin'], { cwd })).stderr).toBe(
      '2 accepted\n',
    );
    const files = await run(test, ['recv', `${url}/files`, '--json', '--count', '2']);
    expect(
      files.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { contentType: 'application/json', body: '{"a":1}', bodyType: 'data' },
      { contentType: 'application/octet-stream', body: bytes.toString('base64'), bodyEncoding: 'base64' },
    ]);
    expect((await run(test, ['send', `${url}/texts`, 'hello', '-c', '2', '-s', 's', '--property', 'n:=5'])).code).toBe(
      0,
    );
    await run(test, ['send', `${url}/texts`, '--template', 'order {n} {{x}} {uuid}', '--count', '2']);
    const texts = await run(test, ['recv', `${url}/texts`, '--timeout', '1000']);
    expect(texts.stdout).toMatch(/^hello\nhello\norder 1 \{x\} [0-9a-f-]{36}\norder 2 \{x\} [0-9a-f-]{36}\n$/);
    expect(texts.code).toBe(0);
  });

  it('show a bar when asked to, on standard error, and none by themselves where there is no terminal', async (test) => {
    const { url } = await broker(test);
    const cwd = folder(test, { 'in.txt': 'line\n'.repeat(3000) });
    const shown = await run(test, ['send', `${url}/q`, '--input', 'in.txt', '--progress'], { cwd });
    expect(shown.stderr).toMatch(/100%.*15000 of 15000 bytes/);
    expect(shown.stderr).toMatch(/3000 accepted\n$/);
    const silent = await run(test, ['recv', `${url}/q`, '--count', '3000'], { cwd });
    expect(silent).toEqual({ code: 0, stdout: 'line\n'.repeat(3000), stderr: '' });
  });

  it('leave what is not wanted with the broker', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', Array<Message>(5).fill({ body: 'x' }));
    expect((await run(test, ['recv', `${ours.url}/q`, '--count', '2'])).stdout).toBe('x\nx\n');
    await until(() => ours.queue('q').depth === 3);
    expect(ours.queue('q')).toMatchObject({ accepted: 2 });
  });

  it('reject, release and browse', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', Array<Message>(3).fill({ body: 'x' }));
    const browsed = await run(test, ['recv', `${ours.url}/q`, '--browse', '--timeout', '1000']);
    expect(browsed.stdout).toBe('x\nx\nx\n');
    expect(ours.queue('q').depth).toBe(3);
    expect((await run(test, ['recv', `${ours.url}/q`, '-c', '1', '--outcome', 'reject'])).stdout).toBe('x\n');
    await until(() => ours.queue('q').rejected === 1);
    expect((await run(test, ['recv', `${ours.url}/q`, '-c', '1', '--outcome', 'release'])).code).toBe(0);
    await until(() => ours.queue('q').depth === 2);
    expect(ours.queue('q')).toMatchObject({ accepted: 0, rejected: 1 });
  });

  it.for([
    ['--outcome', 'release'],
    ['--outcome', 'modify'],
    ['--filter', 'cat >> asked; exit 2'],
    ['--filter', 'cat >> asked; exit 3'],
  ])('take each message once, though it goes back: %s %s', async (verdict, test) => {
    const ours = await broker(test, { queues: { q: { maxDeliveries: 10 } } });
    const cwd = folder(test);
    await fill(ours, 'q', [{ body: 'one' }, { body: 'two' }]);
    const { code, stdout } = await run(test, ['recv', `${ours.url}/q`, '--timeout', '500', ...verdict], { cwd });
    expect(code).toBe(0);
    const seen = verdict[0] === '--outcome' ? stdout.replaceAll('\n', '') : readFileSync(join(cwd, 'asked'), 'utf8');
    expect(seen).toBe('onetwo');
    await until(() => ours.queue('q').depth === 2);
  });

  it('let a command decide by its exit code, and print what it accepts', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: 'good 1' }, { body: 'bad' }, { body: 'good 2' }]);
    const filtered = await run(test, ['recv', `${ours.url}/q`, '-c', '3', '--filter', 'grep -q good']);
    expect(filtered).toEqual({ code: 0, stdout: 'good 1\ngood 2\n', stderr: '' });
    await until(() => ours.queue('q').rejected === 1);
    expect(ours.queue('q')).toMatchObject({ accepted: 2, depth: 0 });
  });

  it('lose nothing to a filter that is not there', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: 'x' }]);
    const { code, stderr } = await run(test, ['recv', `${ours.url}/q`, '-c', '1', '--filter', 'no-such-command-here']);
    expect(code).toBe(1);
    expect(stderr).toContain('The filter ended with exit code 127, which is no verdict. 0 accepts, 1 rejects');
    await until(() => ours.queue('q').depth === 1);
  });

  it('accept nothing that the reader of the output has not taken', async (test) => {
    const ours = await broker(test);
    const line = 'x'.repeat(10_000);
    await fill(ours, 'q', Array<Message>(1000).fill({ body: line }));
    const { child, ended, stderr } = start(test, ['recv', `${ours.url}/q`]);
    // It is not read: what the pipe has room for, some hundred kilobytes of ten megabytes, has left the process.
    await once(child.stdout, 'readable');
    child.stdout.destroy();
    expect(await ended).toBe(141);
    expect(await stderr).toBe('');
    await until(() => ours.queue('q').outstanding === 0);
    expect(ours.queue('q').accepted).toBeLessThan(100);
  });

  it('come to an end on Ctrl-C: what was read has its outcome, and what was not got stays', async (test) => {
    const ours = await broker(test);
    const sending = start(test, ['send', `${ours.url}/q`]);
    sending.child.stdin.write('one\ntwo\nhal');
    await until(() => ours.queue('q').depth === 2);
    sending.child.kill('SIGINT');
    expect(await sending.ended).toBe(130);
    expect(await sending.stderr).toBe('2 accepted\n');
    const receiving = start(test, ['recv', `${ours.url}/q`]);
    await once(receiving.child.stdout, 'data');
    receiving.child.kill('SIGTERM');
    expect(await receiving.ended).toBe(0);
    expect(ours.queue('q').accepted).toBe(2);
    const counted = start(test, ['recv', `${ours.url}/empty`, '--count', '1']);
    await until(() => ours.queue('empty').consumers === 1);
    counted.child.kill('SIGINT');
    expect(await counted.ended).toBe(130);
  });
});

describe.concurrent('request, reply and relay', { timeout: LIMIT }, () => {
  it('ask and answer', async (test) => {
    const ours = await broker(test);
    const replying = start(test, ['reply', `${ours.url}/svc`, '--exec', 'tr a-z A-Z']);
    await until(() => ours.queue('svc').consumers === 1);
    expect(await run(test, ['request', `${ours.url}/svc`], { input: 'one\ntwo\n' })).toEqual({
      code: 0,
      stdout: 'ONE\nTWO\n',
      stderr: '',
    });
    replying.child.kill('SIGINT');
    expect(await replying.ended).toBe(0);
    expect(await replying.stderr).toBe('2 of 2 answered\n');
  });

  it('say so when nobody answers, or a message cannot be answered', async (test) => {
    const ours = await broker(test);
    const { url } = ours;
    const asked = await run(test, ['request', `${url}/nobody`, 'x', '--timeout', '1000']);
    expect(asked).toMatchObject({ code: 5, stdout: '' });
    expect(asked.stderr).toMatch(/^amqp-messenger: No answer has come in time\./);
    const replied = await run(test, ['reply', `${url}/nobody`, '--count', '1', '--exec', 'exit 3']);
    expect(replied).toEqual({ code: 1, stdout: '', stderr: '0 of 1 answered\n' });
    await fill(ours, 'plain', [{ body: 'x' }]);
    const plain = await run(test, ['reply', `${url}/plain`, '--count', '1']);
    expect(plain.stderr).toBe('Message 1 has no replyTo that can be used, and is rejected.\n0 of 1 answered\n');
  });

  it('move messages with all they have', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'a', Array<Message>(3).fill({ subject: 's', properties: { p: 'v' }, body: 'x' }));
    expect((await run(test, ['relay', `${ours.url}/a`, `${ours.url}/b`, '-c', '3'])).stderr).toBe('3 accepted\n');
    expect(ours.queue('a')).toMatchObject({ depth: 0, accepted: 3 });
    const moved = await run(test, ['recv', `${ours.url}/b`, '--json', '-c', '1']);
    expect(JSON.parse(moved.stdout)).toMatchObject({
      subject: 's',
      properties: { p: 'v' },
      body: 'x',
      address: `${ours.url}/b`,
    });
  });

  it('do not move messages to where they are, by whatever routes', async (test) => {
    const cwd = folder(test, {
      'amqp-messenger.config.yaml': 'routes: [{ pattern: "dead/%", address: "amqp://127.0.0.1:1/$1" }]',
    });
    const { code, stderr } = await run(test, ['relay', 'dead/q', 'amqp://127.0.0.1:1/q'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('dead/q and amqp://127.0.0.1:1/q are the same node');
  });

  it('say that the target cannot be reached before there is a message for it', async (test) => {
    const ours = await broker(test);
    const { code, stderr } = await run(test, ['relay', `${ours.url}/empty`, 'amqp://127.0.0.1:1/q', '-t', '1000']);
    expect(code).toBe(6);
    expect(stderr).toContain('127.0.0.1:1: nothing listens there.');
    const locked = await broker(test, { users: { me: 'a$1@b:/' } });
    const target = (password: string) => `amqp://me:${encodeURIComponent(password)}@127.0.0.1:${locked.port}/q`;
    expect((await run(test, ['relay', `${ours.url}/empty`, target('no'), '-t', '1'])).code).toBe(7);
    expect((await run(test, ['relay', `${ours.url}/empty`, target('a$1@b:/'), '-t', '1'])).code).toBe(0);
  });

  it('keep messages that the target gives back, and try each once', async (test) => {
    const ours = await broker(test);
    const target = new Messenger({ incomingWindow: -1 });
    test.onTestFinished(() => target.close());
    const { port = 0 } = await target.subscribe('amqp://~127.0.0.1:0').ready();
    const tried: unknown[] = [];
    const givingBack = (async () => {
      for await (const delivery of target.receive()) {
        tried.push(delivery.message.body);
        delivery.release();
      }
    })();
    await fill(ours, 'a', [{ body: 'x' }, { body: 'y' }]);
    const args = ['relay', `${ours.url}/a`, `amqp://127.0.0.1:${port}/b`, '--timeout', '500'];
    expect(await run(test, args)).toEqual({ code: 1, stdout: '', stderr: '2 released\n' });
    expect(tried).toEqual(['x', 'y']);
    await until(() => ours.queue('a').depth === 2);
    await target.close();
    await givingBack.catch(() => undefined);
  });

  it('keep a message that did not arrive', async (test) => {
    const ours = await broker(test);
    const other = await broker(test, { createNodes: false });
    await fill(ours, 'a', [{ body: 'x' }]);
    const { code, stderr } = await run(test, ['relay', `${ours.url}/a`, `${other.url}/b`, '-c', '1']);
    expect(code).toBe(8);
    expect(stderr).toContain('amqp:not-found');
    await until(() => ours.queue('a').depth === 1);
  });
});

describe('bench', { timeout: LIMIT }, () => {
  it('prints rates and latencies', async (test) => {
    const { code, stdout } = await run(test, ['bench', '--count', '500', '--json']);
    expect(code).toBe(0);
    const measured = JSON.parse(stdout) as { rate: number; latency: Record<string, number> };
    expect(measured).toMatchObject({ messages: 500, bytes: 100 });
    expect(measured.rate).toBeGreaterThan(0);
    const { p50 = 0, p99 = 0, max = 0 } = measured.latency;
    expect(p50).toBeGreaterThan(0);
    expect(p50 <= p99 && p99 <= max).toBe(true);
    const { url } = await broker(test);
    const table = await run(test, ['bench', `${url}/q`, '--count', '50', '--rate', '500']);
    expect(table.stdout).toMatch(
      /^50 messages of 100 bytes through amqp:.*\n {2}time .* s\n {2}rate .*\n {2}latency .* ms\n$/,
    );
  });

  it('leaves the messages of others in the queue, and none of its own', async (test) => {
    const ours = await broker(test);
    await fill(ours, 'q', [{ body: 'theirs' }]);
    expect(await run(test, ['bench', `${ours.url}/q`, '--count', '500'])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'amqp-messenger: The queue is not empty: bench has received a message that it did not send. ' +
        'Give it a queue of its own.\n',
    });
    await until(() => ours.queue('q').depth === 1 && ours.queue('q').outstanding === 0);
    expect(ours.queue('q')).toMatchObject({ accepted: 1 });
    expect((await run(test, ['recv', `${ours.url}/q`, '-c', '1'])).stdout).toBe('theirs\n');
  });

  it('ends for a message that comes while it runs, too', async (test) => {
    const ours = await broker(test);
    const { ended, stderr } = start(test, ['bench', `${ours.url}/q`, '--count', '1000000', '--rate', '1000']);
    await until(() => ours.queues.some(({ name, accepted }) => name === 'q' && accepted > 1));
    await fill(ours, 'q', [{ body: 'theirs' }]);
    expect(await ended).toBe(1);
    expect(await stderr).toContain('The queue is not empty');
    await until(() => ours.queue('q').depth === 1 && ours.queue('q').outstanding === 0);
  });
});
