// large-message send ADDRESS | receive: passes one message of 50 MB, and prints by how many bytes that has raised the
// highest memory of the process.
import { Messenger } from '../../../src/index.js';

const SIZE = 50_000_000;
const [role, address = ''] = process.argv.slice(2);
const peak = (): number => process.resourceUsage().maxRSS * 1024;

const messenger = new Messenger({ outgoingWindow: 1, incomingWindow: 1, timeout: 30_000, maxMessageSize: 2 * SIZE });
if (role === 'send') {
  const body = Buffer.alloc(SIZE, 1);
  const before = peak() - SIZE;
  const tracker = messenger.put({ address, body });
  await messenger.send();
  console.log(JSON.stringify({ raised: peak() - before, status: tracker.status }));
} else {
  const { port } = await messenger.subscribe('amqp://~127.0.0.1:0').ready();
  console.log(JSON.stringify({ port }));
  const before = peak();
  await messenger.recv(1);
  const received = messenger.get();
  const { length } = received?.message.body as Buffer;
  messenger.accept();
  console.log(JSON.stringify({ raised: peak() - before, length }));
}
await messenger.close();
