// Streams the time to browsers: npx tsx examples/channels/http.ts [port], then curl -N http://127.0.0.1:8080/events
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Message, SseChannel } from 'amqp-messenger/channels';

const [port = '8080'] = process.argv.slice(2);

const channel = new SseChannel();
const ticking = setInterval(() => channel.broadcast(new Message('tick', { time: Date.now() })), 1000);

const events = channel.handler();
const script = readFileSync(new URL('dist/channels/browser.js', import.meta.resolve('amqp-messenger/package.json')));
const server = createServer((request, response) => {
  if (request.url?.startsWith('/events') === true) {
    events(request, response);
  } else if (request.url === '/channels.js') {
    response.setHeader('content-type', 'text/javascript').end(script);
  } else {
    response.setHeader('content-type', 'text/html');
    response.end(`<h1></h1><script type="module">
      import { EventFeed } from '/channels.js';
      new EventFeed('/events', { share: true }).addEventListener('tick', ({ data }) => {
        document.querySelector('h1').textContent = new Date(JSON.parse(data).time);
      });
    </script>`);
  }
});
server.listen(Number(port), '127.0.0.1', () => console.log('http://127.0.0.1:%d/events', addressPort()));

function addressPort(): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : Number(port);
}

process.once('SIGINT', () => {
  clearInterval(ticking);
  server.close();
  void channel.disconnect(); // browsers come back, to the next process
});
