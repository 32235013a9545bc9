import type { Body } from '../message/body.js';

/** A request to what a peer is managed by, such as `PUT /queues/orders`. */
export interface ManagementRequest {
  /** Such as `PUT`. */
  readonly method: string;
  /** Such as `/queues/orders`. */
  readonly path: string;
  /** The body of the request. */
  readonly body?: Body;
}

/** Asks what a peer is managed by. Rejects with a `TopologyError` when the answer is not one of 200 to 299. */
export type Manage = (request: ManagementRequest) => Promise<unknown>;

/** A node from which an `AmqpBroker` receives the messages of a subscription. */
export interface AmqpSource {
  /** The address of the node, to stand behind the URL of the peer and a slash. */
  readonly address: string;
  /**
   * The name by which the peer knows the subscription, when it is one that several links share. Default: the link has a
   * name of its own, and nobody knows it.
   */
  readonly name?: string | undefined;
  /** The peer keeps the subscription while nobody receives. Default false. */
  readonly durable?: boolean | undefined;
  /** All links of this name share the subscription. Default: they do not. */
  readonly shared?: 'global' | undefined;
  /** The capabilities that the node must have. */
  readonly capabilities?: readonly string[] | undefined;
  /** Makes what is not there yet. Done before each attempt to receive. */
  readonly prepare?: ((manage: Manage) => Promise<void>) | undefined;
  /** Deletes what nobody needs after `unsubscribe`. */
  readonly remove?: ((manage: Manage) => Promise<void>) | undefined;
  /**
   * Deletes a queue, for `deleteQueue`. Does nothing when there is none. Default: a durable subscription is ended, and
   * anything else cannot be deleted.
   */
  readonly delete?: ((manage: Manage) => Promise<void>) | undefined;
}

/** The ways of one AMQP 1.0 broker: the names of its nodes, and what it does with messages that fail. */
export interface AmqpPeer {
  /** The address that messages of a type are published to, to stand behind the URL of the peer and a slash. */
  addressOf(messageName: string): string;
  /**
   * Returns the node for a subscription of `subscribe`: each subscription gets every message.
   *
   * @param name What the subscription was called, if it was.
   */
  direct(messageName: string, name: string | undefined): AmqpSource;
  /**
   * Returns the node for a subscription of `subscribeAsync`: the subscriptions of one queue name share the messages.
   */
  queue(messageName: string, queueName: string, deadLetter: string): AmqpSource;
  /** The capabilities of the nodes that are published to, for peers that make nodes by use. Default none. */
  readonly capabilities?: readonly string[] | undefined;
  /**
   * True: the peer counts deliveries that failed, and takes `modified` with `delivery-failed` (AMQP 1.0 §3.4.5). False:
   * a failed message stays with the process that has it until it is done or dead.
   */
  readonly countsFailures: boolean;
  /** True: the peer releases a message that nobody has subscribed to. */
  readonly releasesUnrouted: boolean;
  /** The node it is managed by, for `prepare` and `remove`. */
  readonly managementNode?: string | undefined;
}
