import { brokerFacts } from './support/broker-facts.js';
import { onLocalBroker } from './support/on-broker.js';
import { releaseSid } from './support/rabbitmq-releases.js';
import { startRabbitMQ } from './support/rabbitmq.js';

onLocalBroker(brokerFacts.rabbitmq43, (facts) => startRabbitMQ(facts, releaseSid), { mayBeMissing: true });
