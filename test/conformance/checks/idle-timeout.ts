import { Messenger } from 'amqp-messenger';
import { expect, onTestFinished } from 'vitest';
import type { Stage } from '../stage.js';
import type { Check } from './check.js';

/** How long the server lets the client be silent, in milliseconds. It cuts the connection after twice as long. */
const IDLE_TIMEOUT = 600;

/** Heart-beats. The C Messenger asks for none, so it plays only the client. */
export const idleTimeoutCheck: Check = {
  number: 67,
  name: 'testIdleTimeout',
  what: 'a client that has nothing to say keeps its connection for three times as long as it may be silent',
  withC: 'client',
  async run({ client }: Stage): Promise<void> {
    const server = new Messenger({ name: 'server', idleTimeout: IDLE_TIMEOUT, containerIdsAsHosts: true });
    onTestFinished(() => server.close());
    const { port } = await server.subscribe('amqp://~127.0.0.1:0').ready();
    const lost: unknown[] = [];
    if (client instanceof Messenger) {
      client.on('connection', ({ from, error }) => {
        if (from === 'open') lost.push(error);
      });
    }
    await client.subscribe(`amqp://127.0.0.1:${port ?? 0}/foo`).ready();
    const end = performance.now() + 3 * IDLE_TIMEOUT;
    while (performance.now() < end) await client.work(IDLE_TIMEOUT / 10);
    expect(lost).toEqual([]);
    // The connection that the client has made is the only way to it.
    server.outgoingWindow = 1;
    const tracker = server.put({ address: 'amqp://client/foo', body: 'still here' });
    await client.recv(1);
    expect((await client.get())?.message.body).toBe('still here');
    await client.accept();
    await client.stop();
    expect(tracker.status).not.toBe('aborted');
  },
};
