import { brokerFacts } from './support/broker-facts.js';
import { startClassic } from './support/classic.js';
import { onLocalBroker } from './support/on-broker.js';

onLocalBroker(brokerFacts.classic, startClassic);
