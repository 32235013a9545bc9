import type { Statement } from './units.js';

const direct = 'src/pubsub/contract-direct.ts';
const names = 'src/pubsub/contract-names.ts';
const queue = 'src/pubsub/contract-queue.ts';
const schemas = 'src/pubsub/contract-schema.ts';
const wide = 'src/pubsub/contract-wide.ts';
const amqp = 'test/loopback/pubsub-amqp-broker.test.ts';
const amqpPeers = 'test/loopback/pubsub-amqp-peers.test.ts';
const current = 'test/unit/pubsub/current-broker.test.ts';
const decorators = 'test/unit/pubsub/decorators.test.ts';
const memory = 'test/unit/pubsub/memory-broker.test.ts';
const message = 'test/unit/pubsub/message.test.ts';
const outbox = 'test/unit/pubsub/outbox.test.ts';
const peers = 'test/unit/pubsub/amqp-peers.test.ts';
const schema = 'test/unit/pubsub/schema.test.ts';

const rows: readonly (readonly [says: string, file: string, test: string])[] = [
  ['to every subscription, once', names, 'gives each message to every subscription of a process'],
  [
    'up to the broker that the program starts with',
    'test/loopback/pubsub-example.test.ts',
    'does the same in one process',
  ],
  ['It cannot be changed, however deep', message, 'cannot be changed, however deep'],
  ['when name and fields are', message, 'is equal only to messages of the same name with the same fields'],
  ['fromJSON reads it again', message, 'comes back equal from JSON text, with the same hash'],
  ['A type is matched exactly', direct, 'gives nothing to subscriptions of other types'],
  ['renaming or minifying the class does not change it', message, 'so a minifier does not change it'],
  ['such as one of zod, valibot or arktype', schema, 'of zod or valibot lets a good message pass'],
  ['asynchronous ones included', schema, 'may be asynchronous'],
  [
    'The constructor takes what the schema takes',
    schema,
    'types the argument of the constructor: a default may be left out, and a converted field has its input type',
  ],
  ['What the schema does not let pass, nobody gets', schemas, 'does not let pass, and nobody gets it'],
  ['is what goes on and what handlers get', schemas, 'gives handlers what the schema gives, which takes both'],
  ['fill in what an older publisher did not know', schema, 'fills in defaults for messages of an older sender'],
  ['must take what it gives', schemas, 'refuses a message whose schema'],
  ['does not, and publish rejects', schema, 'that refuses its own output fails publish'],
  ['or is of another class of the same name', schemas, 'asks the schema of the class that was given to'],
  ['rejected with the reason, goes to the dead-letter queue', amqp, 'tells why, and goes on'],
  ['lets no class extend a union', schema, 'may be that of a union'],
  ['publish does nothing', direct, 'does nothing with a message that nobody has subscribed to'],
  ['A handler that subscribes twice is called twice', direct, 'calls a handler twice that has subscribed twice'],
  ['in the order of publishing', direct, 'gives each message once to each subscription of its type, in the order'],
  ['which comes again behind others', queue, 'delivers a message that failed behind those that came meanwhile'],
  ['in the order of subscribing', wide, 'calls handlers in the order they subscribed, before publish resolves'],
  ['in every process', wide, 'gives a message of subscribe to every process'],
  ['called later, from a queue', queue, 'does not call the handler of a queue before publish returns'],
  ['of those that subscribe with the same name, one gets', wide, 'shares a queue with every process that names it'],
  ['Each other name gets its own copy', names, 'gives each queue name a copy'],
  ['each still gets every message', names, 'also to those that name the same queue'],
  ['the second works off the queue NAME~2', names, 'gives the place of a subscription that has ended to the next'],
  ['it keeps collecting', names, 'keeps messages in a queue while nobody is subscribed to it'],
  ['collects no more', names, 'deletes a queue that nobody works off, with what it holds'],
  ['where the peer cannot do it over AMQP', peers, 'delete queues on RabbitMQ 4 only, where the peer offers a way'],
  ['the others are called all the same', direct, 'that throws, and calls the others all the same'],
  ['rejects with an AggregateError of all of them', wide, 'rejects publish with all that handlers have thrown'],
  ['whose message has the first', memory, 'reports the number of failed handlers, and the first error'],
  ['the message is delivered again after backoff', memory, 'waits longer after each failure before it delivers again'],
  ['up to maxDeliveries times in all (5)', queue, 'has a message dead that failed as often as it may'],
  ['delivered at once, inside publish', wide, 'delivers what a handler publishes before the next handler is called'],
  ['if the handler has awaited nothing yet', wide, 'delivers what a handler publishes after it has awaited something'],
  ['So those get the later message first', wide, 'gives what a handler publishes to the handlers behind it before'],
  ['one that has ended gets nothing more', wide, 'to nobody who subscribes or unsubscribes meanwhile'],
  ['It may stand in the place of the options', direct, 'takes a predicate in the place of options'],
  ['What it does not want is passed over', queue, 'passes over messages of a queue that the predicate does not want'],
  [
    'ready() rejects when the peer knows no selectors',
    amqp,
    'reports that the peer knows no selectors, and sends the properties that others can select by',
  ],
  ['new subscriptions are refused', direct, 'takes nothing any more once it is closed'],
  ['Queues in memory are worked off', memory, 'processes its queues before it is closed, including retries'],
  ['unless drain is false', memory, 'drops the queued messages when it is closed with drain: false'],
  ['or is released meanwhile', memory, 'takes a message for dead that a handler releases while the broker closes'],
  ['hastens the end', memory, 'ends sooner when it is closed again with'],
  ['unsubscribe, using, an AbortSignal', direct, 'ends a subscription when its signal is aborted'],
  ['unsubscribe, using', memory, 'ends a subscription with its block'],
  ['publish waits by itself', amqpPeers, 'waits for one to its own type, but not for ever'],
  ['to another type it does not wait', amqpPeers, 'does not wait for a subscription to another type'],
  ['when it throws, delivered again', queue, 'delivers a message again that failed, and says how often it has'],
  [
    'A crash or an error later does not bring it back',
    queue,
    'does not deliver a message again that its handler accepted',
  ],
  ['no good: it is dead at once', queue, 'has a message dead at once that its handler rejects'],
  ['this does not count as a failure', queue, 'that its handler releases, and does not count that as a failure'],
  ['The context also has deliveryCount', queue, 'tells handlers what is known of a message'],
  ['aborted when the subscription ends', memory, 'drops the queued messages when it is closed with drain: false'],
  ['Handlers may see a message twice', amqp, 'loses no message of a queue when the peer is gone for a while'],
  [
    'Publishing twice with one messageId delivers twice',
    amqpPeers,
    'does not prevent the handling of a new message with the same id',
  ],
  ['getMessageBroker gives it and throws when there is none', current, 'throws when it is asked for before it is set'],
  ['is subscribed as soon as there is one', current, 'waits until a broker is set'],
  ['takes static methods', decorators, 'registers static methods with'],
  ['Those decorators do not learn of instances', decorators, 'says what to do with the method of an instance'],
  ['has another broker stand in for a function', current, 'lasts as long as the function and all it starts'],
  ['those with the same queue name share the work', wide, 'shares a queue with every process that names it'],
  ['no more than it can work on', queue, 'runs no more handlers at once than concurrency says'],
  [
    'the name of its type as subject',
    amqp,
    'reports that the peer knows no selectors, and sends the properties that others can select by',
  ],
  ['it is opened again', amqp, 'opens a subscription again that the peer has ended'],
  ['broker.health() says whether it is up', amqp, 'is degraded while a subscription is down'],
  ['the event connection tells', amqp, 'reports its health and the changes of its connection'],
  ['the quorum queue TYPE.QUEUE', peers, 'of RabbitMQ 4 make a queue and its binding'],
  ['a queue that goes away by itself', peers, 'of RabbitMQ 4 make a queue for each subscription of subscribe'],
  ['which must be there and be bound', peers, 'of RabbitMQ 3 leave the making of queues to the option prepare'],
  ['a multicast address', peers, 'share durable subscriptions by name unless the peer has a way of its own'],
  ['the subscription name, which must be there', peers, 'of Service Bus want a name for subscribe'],
  ['| qpid |', peers, 'share durable subscriptions by name unless the peer has a way of its own'],
  ['the topic topic/TYPE', peers, 'share durable subscriptions by name unless the peer has a way of its own'],
  ['told what to make over its management node', peers, 'of RabbitMQ 4 make a queue and its binding'],
  [
    'a message that failed stays with the process',
    peers,
    'of RabbitMQ 3 leave the making of queues to the option prepare',
  ],
  ['delivers again what was rejected', amqpPeers, 'which is put aside then'],
  ['peer also takes an object', amqp, 'can be closed while the peer is gone'],
  [
    'It leaves when the work has succeeded',
    outbox,
    'holds messages back until the work succeeds, and returns its result',
  ],
  ['never when it has failed', outbox, 'drops its messages when the work fails, and rejects with its error'],
  ['passes its messages on to the outer one', outbox, 'passes its messages on to the unit it is inside of'],
  [
    'has a function of yours send the messages',
    outbox,
    'leaves the sending to a given function, outside of the unit, and not when there are no messages',
  ],
  [
    'whether it does what a broker must',
    'test/unit/pubsub/contract-fails.test.ts',
    'fails a broker that delivers twice',
  ],
];

/** What docs/pubsub.md states, and the test of each. */
export const PUBSUB: readonly Statement[] = rows.map(([says, file, test]) => ({ says, file, test }));

/** What it does not state but explains, by how it begins. */
export const PUBSUB_EXPLAINS: readonly string[] = ['| peer | a type is |', 'All rows but that of Service Bus'];
