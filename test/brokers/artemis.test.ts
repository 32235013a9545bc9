import { startArtemis } from './support/artemis.js';
import { brokerFacts } from './support/broker-facts.js';
import { onLocalBroker } from './support/on-broker.js';

onLocalBroker(brokerFacts.artemis, startArtemis);
