// ours-reply ADDRESS COUNT: listens and answers every request with a message like it.
import { Messenger } from 'amqp-messenger';
import { makers, read } from './ours-message.mjs';
import { ready, report } from './workload.mjs';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const messenger = new Messenger({ outgoingWindow: 1, incomingWindow: 1 });
await messenger.subscribe(address).ready();
ready();

for (let answered = 0; answered < count; answered += 1) {
  await messenger.recv(1);
  const { message, tracker } = messenger.get();
  read('small', message);
  messenger.put(makers.small(message.replyTo));
  messenger.accept(tracker);
}
await messenger.send();
report({ answered: count });
await messenger.stop();
