import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Messenger } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/sse-server.js';
import { CHROMIUM } from './chromium.js';
import { NewsServer } from './news-server.js';
import type { Counts } from './page.js';

const REPORT = fileURLToPath(new URL('../../test-report/', import.meta.url));
const EVENTS = 10_000;
const CAP = 256 * 1024;
/** With this, the events are more than what the system keeps for a socket that nobody reads. */
const PADDING = 'x'.repeat(2000);

let browser: Browser;
beforeAll(async () => {
  mkdirSync(REPORT, { recursive: true });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser.close());

async function startBroker(): Promise<{ address: string; send: (from: number, to: number) => Promise<void> }> {
  const broker = await new EmbeddedBroker({ port: 0 }).start();
  const messenger = new Messenger();
  onTestFinished(async () => {
    await messenger.close();
    await broker.stop();
  });
  const address = `${broker.url}/news`;
  const send = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      messenger.put({ address, subject: 'n', id: `news-${n}`, body: { n, padding: PADDING } });
      if (n % 500 === 499) await messenger.send();
    }
    await messenger.send();
  };
  return { address, send };
}

async function openPage(port: number): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 640, height: 640 } });
  onTestFinished(() => page.close());
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForFunction('counts.connections === 1');
  return page;
}

const countsOf = async (page: Page): Promise<Counts> => page.evaluate<Counts>('counts');

/** A client that asks for the events, and reads nothing. */
async function connectAndNotRead(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' }).pause();
  onTestFinished(() => void socket.destroy());
  // The server cuts it off.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n', () => resolve());
  });
}

describe('A page with an EventSource', () => {
  it('gets 10,000 events of a queue in order, over a restart, beside a client that never reads', async () => {
    const { address, send } = await startBroker();
    const options = {
      retry: 100,
      patience: 200,
      maxClientBytes: CAP,
      history: { limit: EVENTS, maxBytes: 1e9 },
    };
    let sent = 0;
    let largest = 0;
    const onMessage = (): void => {
      sent++;
      for (const response of server.responses) largest = Math.max(largest, response.writableLength);
    };
    let server = await NewsServer.start({ address, port: 0, onMessage }, options);
    const { port } = server;
    const page = await openPage(port);
    await connectAndNotRead(port);
    await until(() => server.channel.clientCount === 2);

    const sending = send(0, EVENTS);
    await until(() => sent >= EVENTS / 2);
    const snapshot = await server.stop();
    expect(snapshot.count).toBeLessThan(EVENTS);
    server = await NewsServer.start({ address, port, onMessage }, { ...options, snapshot });
    onTestFinished(() => server.stop().then(() => undefined));
    await connectAndNotRead(port);
    await sending;
    await page.waitForFunction(`counts.received >= ${EVENTS}`);

    expect(await countsOf(page)).toMatchObject({
      received: EVENTS,
      wrong: 0,
      resyncs: 0,
      connections: 2,
      last: EVENTS - 1,
    });
    expect(largest).toBeGreaterThan(CAP / 2);
    expect(largest).toBeLessThan(CAP + 3000);
    // The one that does not read has its place still, since the history has what it has not got.
    expect(server.channel.clientCount).toBe(2);

    await server.channel.close();
    await page.waitForFunction('counts.state === "closed"');
    await page.screenshot({ path: `${REPORT}channels.png` });
  });

  it('is told resync when it was away too long, and goes on', async () => {
    const { address, send } = await startBroker();
    const options = { retry: 100, history: { limit: 10 } };
    let sent = 0;
    const onMessage = (): void => {
      sent++;
    };
    let server = await NewsServer.start({ address, port: 0, onMessage }, options);
    const page = await openPage(server.port);
    await send(0, 5);
    await page.waitForFunction('counts.received === 5');

    const { port } = server;
    let snapshot = await server.stop();
    await page.waitForFunction('counts.state === "away"');
    const elsewhere = await NewsServer.start({ address, port: 0, onMessage }, { ...options, snapshot });
    await send(5, 50);
    await until(() => sent === 50);
    snapshot = await elsewhere.stop();

    server = await NewsServer.start({ address, port, onMessage }, { ...options, snapshot });
    onTestFinished(() => server.stop().then(() => undefined));
    await page.waitForFunction('counts.resyncs === 1');
    await send(50, 60);
    await page.waitForFunction('counts.last === 59');
    expect(await countsOf(page)).toMatchObject({ received: 15, wrong: 1, connections: 2, resyncs: 1 });
    await page.screenshot({ path: `${REPORT}channels-resync.png` });
  });
});
