// rhea-send ADDRESS KIND COUNT WARM BATCH [addresses=N]: sends for as long as the senders are sendable. Each
// address has a sender and a session of its own. The first WARM messages are not timed.
import rhea from 'rhea';
import { fastest, makers } from './rhea-message.mjs';
import { Stopwatch, report, workload } from './workload.mjs';

const { address, host, port, kind, count, warm, addresses = 1 } = workload();
const make = makers[kind];
const connection = rhea.connect({ host, port, reconnect: false, ...fastest[kind].sender });
const share = (total) => total / addresses;
const limits = { sent: share(warm) };
let accepted = 0;
let stopwatch = new Stopwatch();

const senders = Array.from({ length: addresses }, (_, index) => {
  const session = connection.create_session();
  session.begin();
  const sender = session.open_sender(`queue-${index}`);
  const work = { sender, sent: 0 };
  sender.on('sendable', () => sendAll(work));
  sender.on('accepted', onAccepted);
  for (const outcome of ['rejected', 'released', 'modified']) sender.on(outcome, () => fail(outcome));
  return work;
});
connection.on('disconnected', () => fail('disconnected'));

function sendAll(work) {
  while (work.sent < limits.sent && work.sender.sendable()) {
    work.sender.send(make(address));
    work.sent += 1;
  }
}

function onAccepted() {
  accepted += 1;
  if (accepted === warm) {
    limits.sent = share(count);
    stopwatch = new Stopwatch();
    senders.forEach(sendAll);
  } else if (accepted === count) {
    report({ accepted, timed: count - warm, seconds: stopwatch.seconds, cpuSeconds: stopwatch.cpuSeconds });
    connection.removeAllListeners('disconnected');
    connection.close();
  }
}

function fail(reason) {
  throw new Error(`Stopped after ${accepted} accepted messages: ${reason}`);
}
