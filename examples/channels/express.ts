// Server-sent events with Express: npx tsx examples/channels/express.ts [port]
import express from 'express';
import type { AddressInfo } from 'node:net';
import { Message, SseChannel } from 'amqp-messenger/channels';

const [port = '8080'] = process.argv.slice(2);

const channel = new SseChannel();
const ticking = setInterval(() => channel.broadcast(new Message('tick', { time: Date.now() })), 1000);

const app = express();
app.get(
  '/events',
  (_request, response, next) => {
    response.setHeader('access-control-allow-origin', '*'); // CORS is the application's to decide
    next();
  },
  channel.handler({ authorize: ({ headers }) => headers.authorization !== 'Bearer wrong' }),
);
const server = app.listen(Number(port), '127.0.0.1', () => {
  console.log('http://127.0.0.1:%d/events', (server.address() as AddressInfo).port);
});

process.once('SIGINT', () => {
  clearInterval(ticking);
  server.close();
  void channel.disconnect(); // browsers come back, to the next process
});
