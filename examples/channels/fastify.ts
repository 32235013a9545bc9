// Server-sent events with Fastify: npx tsx examples/channels/fastify.ts [port]
import { fastify } from 'fastify';
import { Message, SseChannel } from 'amqp-messenger/channels';

const [port = '8080'] = process.argv.slice(2);

const channel = new SseChannel();
const ticking = setInterval(() => channel.broadcast(new Message('tick', { time: Date.now() })), 1000);

const app = fastify();
app.get('/events', (request, reply) =>
  channel.fastify(request, reply, { authorize: ({ headers }) => headers.authorization !== 'Bearer wrong' }),
);
app.addHook('preClose', () => channel.disconnect()); // or close() waits for clients that never leave
console.log('%s/events', await app.listen({ port: Number(port), host: '127.0.0.1' }));

process.once('SIGINT', () => {
  clearInterval(ticking);
  void app.close();
});
