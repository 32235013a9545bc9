import type { Statement } from './units.js';

const abstract = 'test/unit/channels/abstract-channel.test.ts';
const adapters = 'test/loopback/channels-adapters.test.ts';
const application = 'test/unit/channels/application-listener.test.ts';
const fastify = 'test/loopback/channels-fastify.test.ts';
const feed = 'test/unit/channels/feed.test.ts';
const hooks = 'test/loopback/channels-hooks.test.ts';
const http = 'test/loopback/channels-http.test.ts';
const listener = 'test/loopback/channels-listener.test.ts';
const log = 'test/unit/channels/event-log.test.ts';
const messages = 'test/unit/channels/messages.test.ts';
const page = 'test/loopback/channels-page.test.ts';
const reference = 'test/unit/channels/reference.test.ts';
const session = 'test/unit/channels/sse-session.test.ts';
const shutdown = 'test/loopback/channels-shutdown.test.ts';
const slow = 'test/loopback/channels-slow.test.ts';

const rows: readonly (readonly [says: string, file: string, test: string])[] = [
  [
    'Messages wait for a listener in a bounded queue',
    abstract,
    'queues are bounded: a broadcast reaches no listener when one has no room',
  ],
  ['A listener that is stopped keeps what comes for it', abstract, 'gives nothing from a stopped listener, and keeps'],
  ['the message comes first again', abstract, 'a message is not lost when its handler fails'],
  ['leaves no listener behind when its loop ends', abstract, 'watch leaves no listener behind'],
  ['Nothing is polled', abstract, 'nothing is polled: a stream that waits sets no timer'],
  ['streamDelay paces streams', reference, 'passes between two messages of one listener'],
  ['An option that does not exist is refused', reference, 'of %s is refused'],
  ['less than 2 KB compressed', page, 'is less than 2 KB as a browser gets it'],
  [
    'It comes back after any answer that may pass',
    page,
    'reconnects after a 502 and after a lost connection, and gets every event once',
  ],
  ['It notices a server that says nothing', page, 'reconnects to a server that sends nothing'],
  ['share one connection', page, 'shares one connection with other pages'],
  ['readyState is 0 while it comes back', page, 'is closed for good by %i'],
  ['A broadcast is encoded once', session, 'gets the same bytes as every other: an event is encoded once'],
  ['createServer(channel.handler(options))', adapters, 'stream with %s'],
  ['what a hook throws goes to next', adapters, 'refuse with %s'],
  ['channel.fastify(request, reply, options)', fastify, 'closes though clients reconnect again and again'],
  ['channel.toResponse(request, options)', http, 'answers with a Response, and with refusals'],
  ['leaves the stream alone', fastify, 'sends events at once, as they are'],
  ['The option headers replaces headers of the stream', fastify, 'are replaced by those that are given'],
  ["those of Fastify's plugins", fastify, 'sends the headers that plugins have set'],
  ['after disconnect() none', shutdown, 'tells a client that connects meanwhile to reconnect, and ends the connection'],
  [
    '204 | the channel is closed',
    http,
    'ends with the closing event, whose payload is null, and answers 204 from then on',
  ],
  ['authorize has returned that status', slow, 'may answer %i'],
  ['the method is not GET', http, 'answers HEAD with the headers, and other methods with 405'],
  ['does not let text/event-stream through', http, 'answers a client that accepts %s with %i'],
  ['authorize or listener has thrown', http, 'answers 500 when the hook throws'],
  ['there are maxClients clients', http, 'refuses clients beyond maxClients, and says when to come again'],
  ['authorize took longer', slow, 'has a time limit, and a request that it looks at counts as a client'],
  ['What filter throws costs that one client', hooks, 'costs that client its connection, and no other client an event'],
  ['a feed rejects it', hooks, 'has a delivery of a feed rejected, once'],
  ['It takes a server for dead', 'test/loopback/sse-client.test.ts', '%s is taken for dead, and asked again'],
  ['All clients of a listener', listener, 'each get all of its messages'],
  [
    'each comes back to where it was',
    listener,
    'get what they have missed when they reconnect, each from where it was, each message once',
  ],
  ['filter holds for these clients', listener, 'are asked the filter, also while the history'],
  [
    'without gap or double, as far as',
    session,
    'that reconnects gets the events it missed and then the new ones, each once',
  ],
  ["is replaced by one of the channel's", slow, 'lose no event: the second is numbered'],
  ['The history is bounded by count, bytes and age', log, 'is bounded by bytes, even for one event'],
  ['so that the server can close', shutdown, 'lets a server close though its clients keep'],
  [
    'Over a restart the history has to come along',
    shutdown,
    'gets from the next channel the events it has missed, each once',
  ],
  ['A client that does not read costs at most', slow, 'delays neither a feed nor other clients'],
  ['it loses its place', slow, 'loses events, and gets resync when it reads again'],
  ['It is written in slices', session, 'replays in slices of one write, and other clients have their turn in between'],
  ['Infinity lets the slowest set the pace', slow, 'holds a feed back for as long as patience says'],
  ['The clients of a listener hold back its queue', http, 'the rest stays in the queue'],
  ['One timer serves all clients', session, 'share one timer, which runs only while there is a client'],
  ['Type, payload and id of an event are', adapters, 'feed from a broker'],
  ['A delivery is accepted when it was broadcast', slow, 'delays a feed with ack on-written, but not for ever'],
  ['while a listener in this process has no room', feed, 'waits when a listener of the channel has no room'],
  ['incomingWindow must not be 0', slow, 'with incomingWindow 0 is refused'],
  ['Stopping releases what was not broadcast', shutdown, 'stops the feeds first: what was not broadcast is released'],
  ['Another message with that id is sent', slow, 'of a feed are another message, unless it is the very same'],
  [
    'What cannot be an event is rejected',
    feed,
    'rejects a message that cannot be an event, and stops when its channel closes',
  ],
  ['feed.done rejects when the source fails', feed, 'fails when its source fails'],
  ['by itself that proves nothing', messages, 'proves nothing without a signature'],
  [
    'To change keys',
    messages,
    'is verified by two keys while a new one replaces the old one, and then by the new one only',
  ],
  ['two streams of a listener share its messages', abstract, 'lets two streams of one listener share'],
  ['streams wait', abstract, 'nothing is polled'],
  ['capacity and overflow', abstract, 'the event dropped tells an overflow: drop-oldest drops the oldest message'],
  ['it is removed when the stream ends', abstract, 'watch leaves no listener behind'],
  [
    'streams get what waits, the closed message',
    abstract,
    'notifyEnd ends the streams after the messages that wait, and removes the listeners; the channel stays open',
  ],
  ['it comes first again', abstract, 'a message is not lost when its handler fails'],
  ['its own names are refused', application, 'unknown'],
  ['ids are random', abstract, 'has an id that no other has and nobody can guess'],
  ['data: null', http, 'ends with the closing event, whose payload is null, and answers 204 from then on'],
  ['JSON, ids, retry: 2000 once', http, 'a payload is JSON; retry is told once'],
  ['a client that has gone is not noticed | both', http, 'a client that has gone is gone'],
];

/** The statements of `docs/channels.md`. */
export const CHANNELS: readonly Statement[] = rows.map(([says, file, test]) => ({ says, file, test }));

/** What explains, or names columns: its beginnings. */
export const CHANNELS_EXPLAINS: readonly string[] = [
  'A channel takes messages and gives them',
  'In the page:',
  '| server | how |',
  '| status | when |',
  '| there | here |',
  'A SignedMessage names its sender',
];
