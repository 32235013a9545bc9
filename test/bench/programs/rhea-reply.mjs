// rhea-reply ADDRESS COUNT: listens and answers every request with a message like it.
import rhea from 'rhea';
import { makers, read } from './rhea-message.mjs';
import { endpoint, ready, report } from './workload.mjs';

const [address, count] = [process.argv[2], Number(process.argv[3])];
const server = rhea.listen({ ...endpoint(address), tcp_no_delay: true });
server.on('listening', ready);
const replySenders = new Map();
let answered = 0;

rhea.on('sender_open', ({ sender }) => {
  const name = rhea.generate_uuid();
  sender.set_source({ address: name });
  replySenders.set(name, sender);
});
rhea.on('message', ({ message }) => {
  read('small', message);
  replySenders.get(message.reply_to).send(makers.small());
  answered += 1;
});
rhea.on('connection_close', () => {
  report({ answered });
  server.close();
  if (answered !== count) process.exitCode = 1;
});
