import { externalBroker } from './support/external-broker.js';
import { brokerFacts } from './support/broker-facts.js';
import { startEmbedded } from './support/embedded.js';
import { onBroker } from './support/on-broker.js';
import type { Broker } from './support/broker.js';
import type { BrokerFacts } from './support/broker-facts.js';
import { messengerSuite } from './suite/messenger.js';
import { programsSuite } from './suite/programs.js';

const external = externalBroker();

function tests(broker: () => Broker, facts: BrokerFacts): void {
  messengerSuite(facts, broker);
  programsSuite(facts, broker);
}

if (external === undefined) onBroker(brokerFacts.embedded, startEmbedded, tests);
else onBroker(external.facts, () => Promise.resolve(external), tests);
