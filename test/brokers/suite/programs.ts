import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run as runCommandLine } from '../../cli/support.js';
import { ROOT, codeBlocks } from '../../docs/pages.js';
import { run } from '../../docs/programs.js';
import type { Broker } from '../support/broker.js';
import type { BrokerFacts } from '../support/broker-facts.js';
import { testsOn } from '../support/known-faults.js';
import { expectEmpty, newQueue } from '../support/queue.js';

/** The address in README's first program. */
const readmeAddress = "'amqp://127.0.0.1/orders'";

/** The queues of the main job of the examples. */
const jobQueues = ['orders-eu', 'orders-us', 'refunds'];

/** The programs that a newcomer runs first, as processes, with a broker of their own. */
export function programsSuite(facts: BrokerFacts, broker: () => Broker): void {
  const it = testsOn(facts);

  it("runs README's first program, unchanged but for the address", async (test) => {
    const [first] = codeBlocks('README.md');
    const queue = await newQueue(broker());
    expect(first?.code).toContain(readmeAddress);
    const folder = await mkdtemp(join(ROOT, '.cache', 'readme-'));
    test.onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'first.ts');
    await writeFile(
      file,
      first!.code.replace(readmeAddress, () => JSON.stringify(queue.url)),
    );
    expect(await run(test, file)).toEqual({ code: 0, stdout: first?.output, stderr: '' });
    await expectEmpty(broker(), queue);
  });

  it('keeps what the command line sends until the command line receives it', async (test) => {
    const queue = await newQueue(broker());
    const { password } = new URL(queue.url);
    const env = { AMQP_MESSENGER_PASSWORD: decodeURIComponent(password) };
    const address = queue.url.replace(`:${password}@`, '@');
    const sent = await runCommandLine(test, ['send', address], { env, input: 'one\ntwo\n' });
    expect(sent).toEqual({ code: 0, stdout: '', stderr: '2 accepted\n' });
    const received = await runCommandLine(test, ['recv', address, '--count', '2'], { env });
    expect(received).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
    await expectEmpty(broker(), queue);
  });

  it('moves the messages of the main job of the examples', async (test) => {
    const job = (count: number): ReturnType<typeof run> =>
      run(test, 'examples/main-job/start.ts', ['--broker', broker().url, '--count', String(count)]);
    if (facts.unknownAddress.receiver === 'refused') {
      const refused = await job(1);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('orders-eu, orders-us and refunds');
    }
    await broker().declareQueue(jobQueues);
    // Every thousandth message is rejected.
    const count = facts.rejected === 'put aside' ? 2000 : 900;
    const done = await job(count);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain(`${count.toLocaleString('en')} messages`);
    await expect.poll(() => broker().queueDepth(jobQueues)).toBeOneOf([0, undefined]);
  });
}
