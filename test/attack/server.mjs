// server broker|listener: what is attacked, in a process of its own. Says its port, and answers `memory` by the bytes that are in
// use after garbage is collected, and `time` by the milliseconds of the processor so far.
import { Messenger } from 'amqp-messenger';
import { EmbeddedBroker } from 'amqp-messenger/broker';

const MIB = 1 << 20;
const [role] = process.argv.slice(2);
// The largest message and what may wait are what a connection can have us hold, so they are set to less than its bound.
const limits = { maxMessageSize: MIB, connectTimeout: 10_000, idleTimeout: 60_000 };

async function startBroker() {
  const broker = new EmbeddedBroker({ port: 0, ...limits, maxBytes: 4 * MIB, maxTotalBytes: 8 * MIB });
  return (await broker.start()).port;
}

async function startListener() {
  const messenger = new Messenger({ ...limits, maxIncoming: { bytes: 4 * MIB } });
  messenger.on('error', () => undefined);
  const { port } = await messenger.subscribe('amqp://~127.0.0.1:0').ready();
  void readAll(messenger);
  return port;
}

/** A program that reads what comes, once it may come: nobody is granted credit before. */
async function readAll(messenger) {
  for (;;) {
    await messenger.recv(8).catch(() => undefined);
    while (messenger.incoming > 0) {
      try {
        void messenger.get()?.message.body;
      } catch {
        // A message that makes no sense.
      }
    }
  }
}

/** Buffers are given back by another thread, for which the later rounds wait. */
async function memory() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Processor time, once nothing is left to do. */
async function time() {
  for (let before = -Infinity; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const { user, system } = process.cpuUsage();
    const milliseconds = (user + system) / 1000;
    if (milliseconds - before < 5) return milliseconds;
    before = milliseconds;
  }
}

const port = await (role === 'broker' ? startBroker() : startListener());
process.on('message', async (what) => {
  process.send(what === 'memory' ? await memory() : await time());
});
process.on('disconnect', () => process.exit());
process.send({ port });
