import { brokerFacts } from './support/broker-facts.js';
import { onLocalBroker } from './support/on-broker.js';
import { release3 } from './support/rabbitmq-releases.js';
import { startRabbitMQ } from './support/rabbitmq.js';

onLocalBroker(brokerFacts.rabbitmq3, (facts) => startRabbitMQ(facts, release3));
