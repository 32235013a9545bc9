/**
 * Stops what listens while peers are connected that do not behave, and prints that each stop has ended. The peers keep
 * no process alive: whatever the stop waits for has to.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { EmbeddedBroker } from '../../../src/broker.js';
import { Messenger } from '../../../src/index.js';
import { AMQP_HEADER, HEARTBEAT, SASL_HEADER, encodeFrame } from '../wire-frames.js';

const init = (mechanism: string, response: string): Buffer =>
  encodeFrame('sasl_init', { mechanism, initial_response: Buffer.from(response) });

/** What peers write, and what they do then: hang up once they have an answer, or stay and read nothing. */
const PEERS: Record<string, { bytes: Buffer[]; stays: boolean }> = {
  'that leaves SASL out': { bytes: [AMQP_HEADER, HEARTBEAT], stays: false },
  'with a mechanism that is not offered': { bytes: [SASL_HEADER, init('EXTERNAL', ''), HEARTBEAT], stays: false },
  'with a wrong password': { bytes: [SASL_HEADER, init('PLAIN', '\0u\0wrong'), HEARTBEAT], stays: false },
  'refused, that stays': { bytes: [SASL_HEADER, init('PLAIN', '\0u\0wrong'), HEARTBEAT], stays: true },
  'that says nothing': { bytes: [], stays: true },
  'in the middle of its login': { bytes: [SASL_HEADER], stays: true },
  'that reads no close': {
    bytes: [SASL_HEADER, init('PLAIN', '\0u\0p'), AMQP_HEADER, encodeFrame('open', { container_id: 'c' })],
    stays: true,
  },
};

async function play(port: number, { bytes, stays }: { bytes: Buffer[]; stays: boolean }): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (bytes.length > 0) {
    socket.write(Buffer.concat(bytes));
    await once(socket, 'data');
  }
  if (stays) socket.pause();
  else socket.destroy();
  return socket.unref();
}

const users = { u: 'p' };

async function startBroker(): Promise<[port: number, stop: () => Promise<void>]> {
  const broker = await new EmbeddedBroker({ port: 0, users }).start();
  return [broker.port, () => broker.stop()];
}

async function startListener(): Promise<[port: number, stop: () => Promise<void>]> {
  const messenger = new Messenger({ listen: { users } });
  const { port = 0 } = await messenger.subscribe('amqp://~127.0.0.1:0').ready();
  return [port, () => messenger.close()];
}

for (const start of [startBroker, startListener]) {
  for (const [name, peer] of Object.entries(PEERS)) {
    const [port, stop] = await start();
    await play(port, peer);
    // What it has sent is read by then.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    await stop();
    console.log(`${start.name}, a peer ${name}: stopped`);
  }
}
