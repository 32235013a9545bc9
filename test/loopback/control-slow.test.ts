import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import fc from '../support/property.js';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../support/fake-clock.js';
import { RawClient, ask, dial, gone, startServer } from '../unit/control/raw-clients.js';

describe('too slow', () => {
  it.for(['', '{', '{"v":"c"}', '{"v":"c"}\n'])('is a client that has sent %j and no more', async (start, test) => {
    const clock = new FakeClock();
    const { path, server } = await startServer(test, { clock, handshakeTimeout: 5000 });
    const socket = await dial(test, path);
    const reply = text(socket);
    socket.write(start);
    while (server.connections === 0) await setImmediate();
    clock.advance(4999);
    expect(server.connections).toBe(1);
    clock.advance(1);
    expect(await reply).toBe("TimeoutError('No whole request came for 5000 ms.')");
    socket.end();
    await gone(server);
  });

  it('is a client that sends a byte now and then', async (test) => {
    const clock = new FakeClock();
    const { path, server } = await startServer(test, { clock, handshakeTimeout: 5000 });
    const socket = await dial(test, path);
    socket.resume();
    while (server.connections === 0) await setImmediate();
    let sent = 0;
    for (; socket.readable && sent < 100; sent++) {
      socket.write('x');
      await setImmediate();
      clock.advance(100);
    }
    expect(sent).toBeGreaterThanOrEqual(50);
    expect(sent).toBeLessThan(100);
    socket.end();
    await gone(server);
  });

  it('is a client without the token, whatever it sends', async (test) => {
    const clock = new FakeClock();
    const { path, server } = await startServer(test, { clock, token: 'secret', handshakeTimeout: 5000 });
    const socket = await dial(test, path);
    const reply = text(socket);
    socket.write('\n\n');
    while (server.connections === 0) await setImmediate();
    clock.advance(5000);
    expect(await reply).toContain('TimeoutError');
  });

  it('is a client that is idle, but not one that streams or has a listener', async (test) => {
    const clock = new FakeClock();
    const { path, server } = await startServer(test, { clock, idleTimeout: 60_000 });
    const [idle, streaming, registered] = await Promise.all([1, 2, 3].map(() => RawClient.open(test, path)));
    await idle!.ask({ id: 1, verb: 'create', channel: 'c' });
    await streaming!.ask({ id: 1, verb: 'watch', channel: 'c' });
    await registered!.ask({ id: 1, verb: 'register', channel: 'c' });
    clock.advance(60_000);
    expect(await idle!.read()).toMatchObject({ id: null, ok: false, error: { code: 'ERR_TIMEOUT' } });
    expect(await idle!.read()).toBeUndefined();
    idle!.socket.destroy();
    clock.advance(600_000);
    await gone(server, 2);
    expect(await streaming!.ask({ id: 2, verb: 'cancel', stream: 1 })).toBeDefined();
    await streaming!.read();
    clock.advance(60_000);
    expect(await streaming!.read()).toMatchObject({ id: null });
    expect(await registered!.ask({ id: 2, verb: 'ping' })).toMatchObject({ ok: true });
  });

  it('is a client that reads nothing of a stream', async (test) => {
    const clock = new FakeClock();
    const { path, server } = await startServer(test, { clock, idleTimeout: 60_000 });
    const client = await dial(test, path);
    client.pause().write('{"id":1,"verb":"create","channel":"c"}\n{"id":2,"verb":"watch","channel":"c"}\n');
    while (!server.container.has('c') || server.container.get('c').listeners.length === 0) await setImmediate();
    const timersBefore = clock.timers;
    // Enough to fill the socket: the writer then sets a timer.
    while (clock.timers === timersBefore) {
      await ask(test, path, { v: 'b', c: 'c', t: 'x', p: 'x'.repeat(100_000) });
    }
    clock.advance(60_000);
    await gone(server);
    expect(server.container.get('c').listeners).toEqual([]);
  });
});

describe('a client that breaks off', () => {
  it('leaves nothing behind, wherever it does', async (test) => {
    const { path, server } = await startServer(test);
    await ask(test, path, { v: 'c' });
    const [channel] = server.container.ids;
    const script = [
      { id: 1, verb: 'hello' },
      { id: 2, verb: 'register', channel },
      { id: 3, verb: 'watch', channel },
      { id: 4, verb: 'broadcast', channel, type: 'x', payload: 'y'.repeat(100) },
      { id: 5, verb: 'cancel', stream: 3 },
    ];
    const bytes = Buffer.from(script.map((request) => `${JSON.stringify(request)}\n`).join(''));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.boolean(), async (length, isPolite) => {
        const socket = await dial(test, path);
        socket.resume().write(bytes.subarray(0, length));
        if (isPolite) socket.end();
        else socket.destroy();
        // A later connection is served: so was this one, or it is being served.
        await ask(test, path, { v: 'unknown', t: '' });
        await gone(server);
        expect(server.container.get(channel!).listeners).toEqual([]);
      }),
    );
  });
});
