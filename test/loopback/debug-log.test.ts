import { format } from 'node:util';
import debug from 'debug';
import { expect, it, onTestFinished } from 'vitest';
import { createTrackingMessenger, receive, startBroker } from '../support/messengers.js';

/** Gathers what the debug log prints in these namespaces, without colours and times, until the test is over. */
function gather(namespaces: string): string[] {
  const lines: string[] = [];
  const { log } = debug;
  debug.log = (...values: unknown[]) => lines.push(format(...values).replace(/\s+/g, ' '));
  debug.enable(namespaces);
  onTestFinished(() => {
    debug.disable();
    debug.log = log;
  });
  return lines;
}

it('the log of frames has those of both directions, and neither passwords nor what messages say', async () => {
  const lines = gather('amqp-messenger:frame');
  const broker = await startBroker({ users: { alice: 'open sesame' } });
  const messenger = createTrackingMessenger({ sasl: { user: 'alice', password: 'open sesame' } });
  messenger.put({ address: `${broker.url}/q`, body: 'nobody is to read this' });
  await messenger.send();
  messenger.subscribe(`${broker.url}/q`);
  await receive(messenger, 1);
  await messenger.stop();
  const of = (direction: string, name: string): string[] =>
    lines.filter((line) => line.includes(`127.0.0.1:${broker.port} ${direction} `) && line.includes(` ${name}`));
  for (const name of [
    'sasl-init mechanism=',
    'open container-id=',
    'begin',
    'attach name=',
    'flow',
    'transfer handle=',
  ]) {
    expect([name, of('→', name)]).not.toEqual([name, []]);
  }
  for (const name of ['sasl-mechanisms', 'sasl-outcome code=0', 'flow', 'transfer handle=', 'disposition role=true']) {
    expect([name, of('←', name)]).not.toEqual([name, []]);
  }
  expect(of('←', 'disposition role=true').join()).toContain('state=accepted');
  const text = lines.join('\n');
  expect(text).toContain('mechanism=');
  for (const secret of ['open sesame', 'nobody is to read', Buffer.from('open sesame').toString('hex')]) {
    expect(text).not.toContain(secret);
  }
  // How long a password is would be told by the size of the frame.
  expect(lines.filter((line) => line.includes('sasl-') && line.includes('bytes'))).toEqual([]);
});

it('a frame that is cut into pieces, and one of many frames, is told once each', async () => {
  const lines = gather('amqp-messenger:frame');
  const broker = await startBroker();
  const messenger = createTrackingMessenger();
  messenger.put({ address: `${broker.url}/q`, body: Buffer.alloc(600_000) });
  await messenger.send();
  const sent = lines.filter((line) => line.includes(`:${broker.port} → ch 0 transfer`));
  const sizes = sent.map((line) => Number(/(\d+) bytes$/.exec(line.split(' +')[0]!)?.[1]));
  expect(sent.map((line) => /more=(\w+)/.exec(line)?.[1])).toEqual([...sent.slice(1).map(() => 'true'), 'false']);
  expect(sizes.reduce((total, size) => total + size, 0)).toBeGreaterThan(600_000);
});

it('the log of connections numbers the attempts, and that of links tells what goes out again', async () => {
  const lines = gather('amqp-messenger:connection,amqp-messenger:link,amqp-messenger:acceptor');
  const broker = await startBroker();
  broker.inject({ drop: true, times: 2 });
  const messenger = createTrackingMessenger({ reconnect: { delay: 1 } });
  for (const body of [1, 2]) messenger.put({ address: `${broker.url}/q`, body });
  const sent = messenger.send();
  await expect.poll(() => lines.filter((line) => line.includes('attached')).length).toBeGreaterThan(0);
  broker.inject({ close: 'socket', times: 1 });
  messenger.put({ address: `${broker.url}/q`, body: 3 });
  await messenger.send();
  await sent;
  const text = lines.join('\n');
  expect(text).toContain(`amqp-messenger:connection 127.0.0.1:${broker.port}: attempt 1`);
  expect(text).toMatch(/sender to q \(.*\): attaching/);
  expect(text).toMatch(/amqp-messenger:link .*: 3 messages without an outcome go out again/);
  expect(text).toMatch(/amqp-messenger:acceptor accepted /);
});
