import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import fc from '../support/property.js';
import { describe, expect, it } from 'vitest';
import { RawClient, ask, dial, gone, startServer } from '../unit/control/raw-clients.js';
import type { Test } from '../unit/control/raw-clients.js';

/** Whether a server still does its work, for both kinds of client. */
async function works(test: Test, path: string): Promise<boolean> {
  const client = await RawClient.open(test, path);
  const answer = await client.ask({ id: 1, verb: 'ping' });
  client.socket.destroy();
  return (answer as { ok: boolean }).ok && (await ask(test, path, { v: 'c' })).length === 36;
}

describe('bytes that are no request', () => {
  it('are answered in words or not at all, and harm nobody else', async (test) => {
    const { path, server } = await startServer(test);
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ maxLength: 200, unit: 'binary' }).map((string) => Buffer.from(string)),
      fc.json().map((json) => Buffer.from(json)),
      fc.json().map((json) => Buffer.from(`${json}\n${json}\n`)),
    );
    await fc.assert(
      fc.asyncProperty(garbage, async (bytes) => {
        const reply = await ask(test, path, bytes);
        // Nothing for an unknown verb; else an error as either protocol tells it, and once by chance a channel id.
        expect(reply).toMatch(/^$|^[A-Za-z]+(Error|Exception|Format)\(.*\)$|^\{"id":.*\}\n$|^[-0-9a-f]{36}$/s);
      }),
      { numRuns: 200 },
    );
    await gone(server);
    expect(await works(test, path)).toBe(true);
  });

  it('end a connection of lines, with a line that says why', async (test) => {
    const { path, server } = await startServer(test);
    const good = Buffer.from('{"id":0,"verb":"ping"}\n');
    const bad = fc.oneof(
      fc.constantFrom(
        '[]',
        '1',
        'null',
        '"text"',
        '{}',
        '{"id":null}',
        '{"id":1.5}',
        '{"id":{}}',
        '{"id":[1]}',
        '{"id"',
      ),
      fc.constant(`{"id":"${'x'.repeat(129)}","verb":"ping"}`),
      fc.constantFrom(Buffer.from([0x22, 0xc3, 0x28, 0x22]), Buffer.from([0xff]), Buffer.from([0xed, 0xa0, 0x80])),
    );
    await fc.assert(
      fc.asyncProperty(bad, async (line) => {
        const reply = await ask(test, path, Buffer.concat([good, Buffer.from(line), Buffer.from('\n'), good]));
        const [first, second, ...rest] = reply.split('\n');
        expect(first).toBe('{"id":0,"ok":true,"result":null}');
        expect(JSON.parse(String(second))).toMatchObject({ id: null, ok: false, error: { code: 'ERR_PROTOCOL' } });
        expect(rest).toEqual(['']);
      }),
    );
    await gone(server);
    expect(await works(test, path)).toBe(true);
  });

  it('change no object when they are the names all objects have', async (test) => {
    const { path } = await startServer(test);
    const client = await RawClient.open(test, path);
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
    for (const name of names) {
      const line = `{"id":"${name}","verb":"${name}","channel":"${name}","${name}":{"polluted":true}}\n`;
      client.send(line);
      expect(await client.read()).toMatchObject({ id: name, ok: false });
      client.send({ id: name, verb: 'cancel', stream: name });
      expect(await client.read()).toEqual({ id: name, ok: true, result: false });
      const channel = await client.ask({ id: 1, verb: 'create', channel: name });
      expect(channel).toEqual({ id: 1, ok: true, result: name });
    }
    // The fields of a request are its own: what its prototype has was not sent.
    client.send('{"id":1,"__proto__":{"verb":"ping"}}\n');
    expect(await client.read()).toMatchObject({ ok: false, error: { code: 'ERR_REQUEST' } });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('come back as they were sent, when they are a payload', async (test) => {
    const { path } = await startServer(test);
    const client = await RawClient.open(test, path);
    await client.ask({ id: 1, verb: 'create', channel: 'c' });
    await client.ask({ id: 's', verb: 'watch', channel: 'c' });
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.string({ unit: 'binary' }), async (json, type) => {
        // As text, for the key __proto__ to be a key.
        client.send(`{"id":2,"verb":"broadcast","channel":"c","type":${JSON.stringify(type)},"payload":${json}}\n`);
        const lines = [await client.read(), await client.read()] as { id: unknown; event: { data: unknown } }[];
        const event = lines.find(({ id }) => id === 's')?.event;
        expect(event).toMatchObject({ event: type });
        expect(JSON.stringify(event?.data)).toBe(JSON.stringify(JSON.parse(json)));
      }),
    );
  });
});

describe('too much', () => {
  it.for(['auto', 'legacy', 'lines'] as const)(
    'in a frame is refused before its end, with %s',
    async (protocol, test) => {
      const { path, server } = await startServer(test, { maxFrameSize: 1000, protocol });
      const socket = await dial(test, path);
      const reply = text(socket);
      socket.write(`{"id":1,"verb":"${'x'.repeat(1001)}`);
      expect(await reply).toMatch(/has more than 1000 bytes/);
      socket.destroy();
      await gone(server);
    },
  );

  it('is a request of one byte more than the limit', async (test) => {
    const { path } = await startServer(test, { maxFrameSize: 100 });
    const head = '{"id":1,"verb":"ping","x":"';
    const line = (length: number) => `${head}${'x'.repeat(length - head.length - 2)}"}`;
    const client = await RawClient.open(test, path);
    client.send(`${line(100)}\r\n`);
    expect(await client.read()).toMatchObject({ ok: true });
    client.send(`${line(101)}\n`);
    expect(await client.read()).toMatchObject({ id: null, error: { code: 'ERR_PROTOCOL' } });
    expect(await client.read()).toBeUndefined();
  });

  it('is one connection more than the limit: it is closed, and the others go on', async (test) => {
    const { path, server } = await startServer(test, { maxConnections: 50 });
    const sockets = await Promise.all(
      Array.from({ length: 2000 }, async () => {
        const socket = connect(path);
        test.onTestFinished(() => void socket.destroy());
        socket.on('error', () => undefined);
        // Connected, or turned away: more do not fit into the backlog of the system.
        await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        return socket;
      }),
    );
    while (sockets.filter(isOpen).length > 50) await setImmediate();
    expect(server.connections).toBe(50);
    for (const socket of sockets) socket.destroy();
    await gone(server);
    expect(await works(test, path)).toBe(true);
  });

  it('is a request behind answers that the client does not read: it waits in the socket', async (test) => {
    const { path, server } = await startServer(test);
    const socket = await dial(test, path);
    socket.pause();
    const request = `${JSON.stringify({ id: 'x'.repeat(100), verb: 'ping' })}\n`.repeat(1000);
    let written = 0;
    // Until nothing is taken any more. A server that read on would take all of it: more than 100 MB.
    while (written < 1000) {
      written++;
      if (!socket.write(request) && !(await drains(socket))) break;
    }
    expect(written).toBeLessThan(100);
    socket.destroy();
    await gone(server);
    expect(await works(test, path)).toBe(true);
  });
});

function isOpen(socket: Socket): boolean {
  return !socket.destroyed && socket.readable;
}

/** Whether a socket is written to within some turns of the event loop. */
async function drains(socket: Socket): Promise<boolean> {
  for (let turn = 0; turn < 200; turn++) {
    if (!socket.writableNeedDrain) return true;
    await setImmediate();
  }
  return false;
}
