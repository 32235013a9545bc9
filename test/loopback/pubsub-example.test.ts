import { EmbeddedBroker } from 'amqp-messenger/broker';
import { expect, it, vi } from 'vitest';
import { run } from '../docs/programs.js';

/** What the example prints, in some order: who is told of an order first is up to the broker. */
const LINES = [
  '1 sold',
  '2 sold',
  '3 sold',
  'To customer-1@example.com: Thank you for order 1.',
  'To customer-2@example.com: Thank you for order 2.',
  'To customer-3@example.com: Thank you for order 3.',
];

it('the example of pub/sub does the same in one process and over AMQP', async (test) => {
  const peer = await new EmbeddedBroker({ port: 0 }).start();
  test.onTestFinished(() => peer.stop());
  for (const broker of ['', `embedded+${peer.url}`]) {
    vi.stubEnv('BROKER', broker);
    const { code, stdout, stderr } = await run(test, 'examples/pubsub.ts');
    vi.unstubAllEnvs();
    expect({ code, stderr, lines: stdout.trim().split('\n').sort() }).toEqual({ code: 0, stderr: '', lines: LINES });
  }
});
