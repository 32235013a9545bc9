// rhea-request ADDRESS COUNT WARM: one request in flight at a time, answered to an address the peer makes for it.
import rhea from 'rhea';
import { makers, read } from './rhea-message.mjs';
import { endpoint, percentiles, report } from './workload.mjs';

const [address, count, warm] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const connection = rhea.connect({ ...endpoint(address), tcp_no_delay: true, reconnect: false });
const sender = connection.open_sender('requests');
const receiver = connection.open_receiver({ source: { dynamic: true } });
const trips = [];
let replies = 0;
let started = 0;

function request() {
  started = performance.now();
  sender.send({ ...makers.small(), reply_to: receiver.source.address });
}

receiver.on('receiver_open', () => (sender.sendable() ? request() : sender.once('sendable', request)));
receiver.on('message', ({ message }) => {
  read('small', message);
  if (replies >= warm) trips.push((performance.now() - started) * 1000);
  replies += 1;
  if (replies < count) return request();
  report({ replies, ...percentiles(trips) });
  connection.close();
});
