import type { Clock } from '../clock.js';
import type { Messenger } from '../messenger/messenger.js';
import type { Management } from './amqp-broker-management.js';
import type { AmqpPeer, Manage } from './amqp-broker-peer.js';
import { Rejected } from './amqp-broker-rejected.js';
import type { BrokerReport } from './broker-report.js';
import { HealthWatch } from './health.js';

/** An `AmqpBroker` as its sources and deliveries see it. */
export class AmqpBrokerContext {
  readonly messenger: Messenger;
  readonly peer: AmqpPeer;
  readonly clock: Clock;
  readonly report: BrokerReport;
  readonly health: HealthWatch;
  /** The messages that the broker has rejected before. */
  readonly rejected: Rejected = new Rejected();
  /** Asks the management node of the peer. */
  readonly manage: Manage;
  readonly #url: string;

  /** @param url The address of the peer, without a slash at its end. */
  constructor(
    url: string,
    peer: AmqpPeer,
    messenger: Messenger,
    management: Management,
    clock: Clock,
    report: BrokerReport,
  ) {
    this.#url = url;
    this.peer = peer;
    this.messenger = messenger;
    this.clock = clock;
    this.report = report;
    this.health = new HealthWatch(clock);
    this.manage = (request) => management.request(request);
  }

  /** The whole address of a node. */
  addressOf(node: string): string {
    return `${this.#url}/${node}`;
  }
}
