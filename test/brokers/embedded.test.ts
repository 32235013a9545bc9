import { externalBroker } from './support/external-broker.js';
import { brokerFacts } from './support/broker-facts.js';
import { startEmbedded } from './support/embedded.js';
import { onBroker } from './support/on-broker.js';
import { messengerSuite } from './suite/messenger.js';

const external = externalBroker();
if (external === undefined)
  onBroker(brokerFacts.embedded, startEmbedded, (broker, facts) => messengerSuite(facts, broker));
else
  onBroker(
    external.facts,
    () => Promise.resolve(external),
    (broker, facts) => messengerSuite(facts, broker),
  );
