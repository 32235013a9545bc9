import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SocketClient } from '../../src/control/socket-client.js';
import { directory } from '../unit/control/raw-clients.js';
import type { Test } from '../unit/control/raw-clients.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `amqp-messenger channels`, and what it prints. */
function start({ onTestFinished }: Test, args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, 'channels', ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  return { child, ended, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

describe('the command channels', () => {
  it('holds channels, serves them over HTTP, and cleans up on Ctrl-C', async (test) => {
    const folder = directory(test);
    const path = join(folder, 'control.sock');
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'secret\n', { mode: 0o600 });
    const { child, ended, lines } = start(test, ['--socket', path, '--token-file', tokenFile, '--http', '0']);
    expect((await lines.next()).value).toBe(`Listening on ${path}. Ctrl-C stops it, and its channels are gone then.`);
    const url = /http:\/\/[^<]+/.exec(String((await lines.next()).value))?.[0];
    await using client = new SocketClient({ path, tokenFile });
    const id = await client.createChannel({ id: 'a b' });
    expect((await fetch(`${url}${encodeURIComponent(id)}x`)).status).toBe(404);
    expect((await fetch(`${url}%ff`)).status).toBe(404);
    const response = await fetch(`${url}${encodeURIComponent(id)}`, { headers: { accept: 'text/event-stream' } });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    await client.broadcast(id, { type: 'news', payload: { a: 1 } });
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body!) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (text.includes('{"a":1}') && !child.killed) child.kill('SIGINT');
    }
    expect(text).toMatch(/event: ?news\n/);
    expect(text).toMatch(/event: ?_eric_channel_closed\n/);
    expect(await ended).toEqual({ code: 0, stderr: '' });
    expect(existsSync(path)).toBe(false);
  });

  it('says in a sentence that its socket is taken', async (test) => {
    const path = join(directory(test), 'taken');
    writeFileSync(path, 'precious');
    expect(await start(test, ['--socket', path]).ended).toEqual({
      code: 9,
      stderr: `amqp-messenger: ${path} is there and is no socket. Move it away, or choose another path.\n`,
    });
  });
});
