/**
 * Logs in at the address of the first argument and sends a message; then at the address of the second, where it is
 * refused. Prints everything it can get hold of.
 */
import { inspect } from 'node:util';
import { Messenger } from '../../../src/index.js';

const [welcoming = '', refusing = ''] = process.argv.slice(2);
const show = (what: unknown): void => {
  console.log(inspect(what, { depth: 20, showHidden: true }), JSON.stringify(what), String(what));
};

const messenger = new Messenger({ outgoingWindow: 1 });
messenger.on('connection', show);
messenger.on('error', show);
for (const address of [welcoming, refusing]) {
  const tracker = messenger.put({ address, body: 'hello' });
  await messenger.send().catch(show);
  show(tracker);
  show(messenger.subscribe(address));
}
show(messenger);
await messenger.close();
console.log('done');
