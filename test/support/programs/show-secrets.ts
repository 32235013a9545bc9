/**
 * Uses every secret there is, well and badly, and prints everything it can get hold of. The secrets come by the
 * environment; the addresses of peers, which have none in them, as arguments.
 */
import { subscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { Messenger } from '../../../src/index.js';
import type { MessengerOptions } from '../../../src/index.js';

const [host = '', encryptedKey = '', certificate = ''] = process.argv.slice(2);
const { CANARY_PASSWORD = '', CANARY_TOKEN = '', CANARY_PASSPHRASE = '' } = process.env;

const show = (what: unknown): void => {
  const seen = [
    { depth: 30, showHidden: true, getters: true },
    { depth: 30, showHidden: true, customInspect: false },
  ];
  for (const options of seen) console.log(inspect(what, options));
  console.log(JSON.stringify(what), String(what), what instanceof Error ? what.stack : '');
  if (typeof what === 'object' && what !== null)
    console.log(JSON.stringify({ ...what }), inspect({ ...what }, seen[0]));
};

for (const name of ['connection', 'put', 'outcome', 'received']) subscribe(`amqp-messenger:${name}`, show);
process.on('unhandledRejection', show);
process.on('warning', show);

async function use(address: string, options: MessengerOptions): Promise<void> {
  const messenger = new Messenger({
    outgoingWindow: 1,
    timeout: 5000,
    reconnect: { delay: 1, maxDelay: 1 },
    ...options,
  });
  for (const event of ['connection', 'error', 'status'] as const) messenger.on(event, show);
  messenger.route('routed/*', `${address}/$1`);
  messenger.rewrite('secret/*', address);
  const tracker = messenger.put({ address: 'routed/q', replyTo: address, body: 'hello' });
  await messenger.send().catch(show);
  const subscription = messenger.subscribe(address);
  await subscription.ready().catch(show);
  await messenger.recv(1, { timeout: 20 }).catch(show);
  await messenger.request({ address }, { timeout: 20 }).catch(show);
  try {
    messenger.put({ address: `${address}:no port` });
  } catch (error) {
    show(error);
  }
  for (const what of [messenger, tracker, subscription, messenger.stats(), messenger.incomingTracker]) show(what);
  await messenger.stop({ drain: true, timeout: 20 }).catch(show);
  show(messenger);
}

const password = encodeURIComponent(CANARY_PASSWORD);
// Welcomed, refused, not there, and told in clear text beyond this machine, which is refused here.
for (const at of [host, '127.0.0.1:1', '192.0.2.1']) {
  await use(`amqp://user:${password}@${at}/q`, {});
  await use(`amqp://${at}/q`, { sasl: { user: 'user', password: CANARY_PASSWORD } });
  await use(`amqp://${at}/q`, { sasl: { token: CANARY_TOKEN } });
  await use(`amqp://${at}/q`, { sasl: { token: () => ({ value: CANARY_TOKEN, expires: Date.now() + 60_000 }) } });
}
// The right pass-phrase, and with it as the wrong one.
const tls = { keyFile: encryptedKey, certFile: certificate };
await use('amqps://127.0.0.1:1/q', { tls: { ...tls, passphrase: CANARY_PASSPHRASE } });
await use(`amqps://${host}/q`, { tls: { ...tls, passphrase: `${CANARY_PASSPHRASE} not` } });
for (const wrong of [
  { passwordd: CANARY_PASSWORD },
  { sasl: { passwordd: CANARY_PASSWORD } },
  { failover: CANARY_PASSWORD },
]) {
  try {
    show(new Messenger(wrong as MessengerOptions));
  } catch (error) {
    show(error);
  }
}
console.log('done');
