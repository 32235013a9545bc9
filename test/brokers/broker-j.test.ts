import { brokerFacts } from './support/broker-facts.js';
import { startBrokerJ } from './support/broker-j.js';
import { onLocalBroker } from './support/on-broker.js';

onLocalBroker(brokerFacts.brokerJ, startBrokerJ);
