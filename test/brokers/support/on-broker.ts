import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { kindsSuite } from '../suite/kinds.js';
import { messengerSuite } from '../suite/messenger.js';
import { nothingLostSuite } from '../suite/nothing-lost.js';
import { outcomesSuite } from '../suite/outcomes.js';
import { programsSuite } from '../suite/programs.js';
import { pubsubProcessesSuite } from '../suite/pubsub-processes.js';
import { pubsubSuite } from '../suite/pubsub.js';
import { termsSuite } from '../suite/terms.js';
import { BrokerUnavailable } from './broker-unavailable.js';
import type { Broker, LocalBroker } from './broker.js';
import type { BrokerFacts } from './broker-facts.js';
import { externalBroker } from './external-broker.js';

/** Downloading and unpacking a broker may take minutes on a slow line; in milliseconds. */
const startLimit = 600_000;

/** How a broker comes to be tested. */
export interface OnBrokerOptions {
  /**
   * Whether the run goes on without it where `CI` is set, too: its release moves, and may not start tomorrow. Default
   * false.
   */
  mayBeMissing?: boolean;
}

/**
 * Runs tests against a broker, which is started before and stopped after them. One that cannot be had has its tests
 * skipped, with the reason, or failed where `CI` is set.
 *
 * @param tests Declares the tests. The function it is given returns the broker, once tests run.
 */
export function onBroker<Kind extends Broker>(
  facts: BrokerFacts,
  start: (facts: BrokerFacts) => Promise<Kind>,
  tests: (broker: () => Kind, facts: BrokerFacts) => void,
  { mayBeMissing = false }: OnBrokerOptions = {},
): void {
  describe(facts.name, () => {
    let running: Kind | undefined;
    let unavailable: string | undefined;

    beforeAll(async () => {
      try {
        running = await start(facts);
        console.log(`${facts.name}: version ${running.version || 'of this project'}`);
      } catch (error) {
        const mustBeThere = Boolean(process.env['CI']) || !(error instanceof BrokerUnavailable);
        if (mustBeThere && !mayBeMissing) throw error;
        unavailable = String(error);
        console.warn(`${facts.name} is not tested: ${unavailable}`);
      }
    }, startLimit);

    beforeEach((context) => {
      if (unavailable !== undefined) context.skip(unavailable);
    });

    afterAll(() => running?.stop());

    tests(() => {
      if (running === undefined) throw new Error('The broker can be used only while tests run.');
      return running;
    }, facts);
  });
}

/** Runs all tests against a broker that they may kill. Skips them where the environment names a broker. */
export function onLocalBroker(
  facts: BrokerFacts,
  start: (facts: BrokerFacts) => Promise<LocalBroker>,
  options: OnBrokerOptions = {},
): void {
  if (externalBroker() !== undefined) {
    describe.skip(`${facts.name}: AMQP_BROKER_URL names another broker`, () => undefined);
    return;
  }
  const all = (broker: () => LocalBroker): void => {
    messengerSuite(facts, broker);
    programsSuite(facts, broker);
    outcomesSuite(facts, broker);
    termsSuite(facts, broker);
    if (facts.kindFollowsUse === true) kindsSuite(broker);
    nothingLostSuite(facts, broker);
    pubsubSuite(facts, broker);
    pubsubProcessesSuite(facts, broker);
  };
  onBroker(facts, start, all, options);
}
