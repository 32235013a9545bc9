import { artemis, embedded, qpid, rabbitmq3, rabbitmq4 } from 'amqp-messenger/pubsub';
import type { AmqpPeer } from 'amqp-messenger/pubsub';

/** What a broker does that others may not. The tests assert it, so each line of the table below was seen in a run. */
export interface BrokerFacts {
  /** Its product and release, such as `RabbitMQ 4.0`. */
  readonly name: string;
  /** The path by which a queue is addressed, such as `/queues/orders`. */
  address(queue: string): string;
  /**
   * What it does at an address that it has nothing for: it refuses the link with `amqp:not-found`, it makes a queue, or
   * it accepts messages there and drops them.
   */
  readonly unknownAddress: {
    readonly sender: 'refused' | 'made' | 'dropped';
    readonly receiver: 'refused' | 'made';
  };
  /** Whether it makes a queue or a topic of an address by its first use. Default false. */
  readonly kindFollowsUse?: boolean;
  /** Whether it has streams, which keep messages that were read. Default false. */
  readonly streams?: boolean;
  /** Whether it refuses a second connection of a container-id. Default false. */
  readonly oneConnectionOfAName?: boolean;
  /** Whether it carries a list as body. If not, it ends the session. */
  readonly carriesLists: boolean;
  /** Whether credit can be taken back. If not, it ends the session. */
  readonly drains: boolean;
  /**
   * What it says the count of failures is, after a delivery ended so; `closed` when it was released before its connection
   * was closed in order, which is nobody's failure. Default 0.
   */
  readonly counts: {
    readonly released: number;
    readonly failed: number | 'ends the session';
    readonly closed?: number;
  };
  /** Which terms of a subscription it grants. What it does not is to be refused, by it or by us. */
  readonly grants: {
    /** Looking at the messages of a queue, which stay there. */
    readonly browsing: boolean;
    readonly selector: boolean;
    /** The capability `topic`, at the address that pub/sub publishes to. */
    readonly topicCapability: boolean;
    readonly shared: boolean;
    /** A node that is made for a receiver, as answers to requests need it. */
    readonly dynamicNodes: boolean;
  };
  /** Whether a client may log in by its certificate, as it is set up here. */
  readonly certificateLogin: boolean;
  /** How pub/sub uses it. */
  readonly peer: AmqpPeer;
  /** Whether a rejected message is put aside or dropped, or comes again, with one more failure counted. */
  readonly rejected: 'put aside' | 'comes again';
  /** The queue that a rejected message of pub/sub goes to, where the subscription names `named`, if there is one. */
  readonly deadLetterQueue?: (named: string) => string;
  /** Whether pub/sub sees that a queue is there with other settings. */
  readonly checksQueueSettings: boolean;
  /** Whether pub/sub can delete a queue by it. */
  readonly deletesQueues: boolean;
}

const rabbitmq: Omit<BrokerFacts, 'name'> = {
  address: (queue) => `/queues/${encodeURIComponent(queue)}`,
  unknownAddress: { sender: 'refused', receiver: 'refused' },
  carriesLists: true,
  drains: true,
  certificateLogin: true,
  counts: { released: 0, failed: 1 },
  grants: { browsing: false, selector: false, topicCapability: false, shared: false, dynamicNodes: false },
  rejected: 'put aside',
  peer: rabbitmq4(),
  deadLetterQueue: (named) => named,
  checksQueueSettings: true,
  deletesQueues: true,
};

const java: Omit<BrokerFacts, 'name' | 'peer'> = {
  address: (queue) => queue,
  unknownAddress: { sender: 'made', receiver: 'made' },
  carriesLists: true,
  drains: true,
  certificateLogin: false,
  counts: { released: 0, failed: 1 },
  grants: { browsing: true, selector: true, topicCapability: true, shared: true, dynamicNodes: true },
  rejected: 'put aside',
  checksQueueSettings: false,
  deletesQueues: true,
};

/** Virtual topics, whose queues collect for each queue name once they were used. */
const virtualTopics: AmqpPeer = {
  addressOf: (messageName) => `topic://VirtualTopic.${messageName}`,
  direct: (messageName) => ({ address: `topic://VirtualTopic.${messageName}` }),
  queue: (messageName, queueName) => ({
    address: `queue://Consumer.${queueName.replaceAll('.', '_')}.VirtualTopic.${messageName}`,
  }),
  countsFailures: true,
  releasesUnrouted: false,
};

/** The brokers that the tests start. */
export const brokerFacts = {
  /** As strict as RabbitMQ: with users, and only those queues that were declared. */
  embedded: {
    ...rabbitmq,
    name: 'the embedded broker',
    certificateLogin: false,
    peer: embedded(),
    checksQueueSettings: false,
  },
  rabbitmq40: { ...rabbitmq, name: 'RabbitMQ 4.0', streams: true, counts: { released: 0, failed: 0 } },
  /** The release that Debian develops with. */
  rabbitmq43: { ...rabbitmq, name: 'RabbitMQ 4.3', streams: true, grants: { ...rabbitmq.grants, dynamicNodes: true } },
  /** With its AMQP 1.0 plugin. A queue that is declared, and so outlives a restart, is addressed as `/amq/queue/NAME`. */
  rabbitmq3: {
    ...rabbitmq,
    name: 'RabbitMQ 3.10',
    deletesQueues: false,
    // The one escape this plugin reads is that of the slash.
    address: (queue) => `/amq/queue/${queue.replaceAll('/', '%2F')}`,
    unknownAddress: { sender: 'dropped', receiver: 'refused' },
    carriesLists: false,
    drains: false,
    counts: { released: 0, failed: 'ends the session' },
    peer: rabbitmq3(),
    checksQueueSettings: false,
  },
  /** As `artemis create` sets it up. */
  artemis: { ...java, name: 'Artemis', kindFollowsUse: true, peer: artemis(), deadLetterQueue: () => 'DLQ' },
  /** With addresses that are queues, where nobody says what they are. */
  artemisAnycast: {
    ...java,
    name: 'Artemis with ANYCAST defaults',
    kindFollowsUse: true,
    peer: artemis(),
    deadLetterQueue: () => 'DLQ',
  },
  classic: {
    ...java,
    name: 'ActiveMQ Classic',
    oneConnectionOfAName: true,
    deletesQueues: false,
    // It counts whatever it has sent to a consumer that goes, released or not.
    counts: { released: 0, failed: 1, closed: 1 },
    peer: virtualTopics,
    grants: { ...java.grants, topicCapability: false, shared: false },
    deadLetterQueue: () => 'ActiveMQ.DLQ',
  },
  /** With PLAIN, and as it comes: without limit to how often a message is delivered. */
  brokerJ: {
    ...java,
    name: 'Broker-J',
    peer: qpid(),
    rejected: 'comes again',
    unknownAddress: { sender: 'refused', receiver: 'refused' },
  },
} satisfies Record<string, BrokerFacts>;
