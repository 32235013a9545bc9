import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { BrokerUnavailable } from './broker-unavailable.js';
import type { Broker, LocalBroker } from './broker.js';
import { startEmbedded } from './embedded.js';
import { externalBroker } from './external-broker.js';
import { startRabbitMQ3 } from './rabbitmq-3.js';
import { startRabbitMQ4 } from './rabbitmq-4.js';

/** Downloading and unpacking a broker may take minutes on a slow line; in milliseconds. */
const startLimit = 600_000;

/**
 * Runs tests once against each broker: the embedded one and those started here, or only the one that the environment names.
 * A broker that cannot be had has its tests skipped, with the reason, or failed where `CI` is set.
 *
 * @param tests Declares the tests. The function it is given returns the broker, once tests run.
 */
export function onEachBroker(tests: (broker: () => Broker) => void): void {
  const external = externalBroker();
  if (external === undefined) {
    onBroker('the embedded broker', startEmbedded, tests);
    onEachLocalBroker(tests);
  } else {
    onBroker(external.name, () => Promise.resolve(external), tests);
  }
}

/** As `onEachBroker`, for tests that need a broker of their own, to kill it, say. */
export function onEachLocalBroker(tests: (broker: () => LocalBroker) => void): void {
  onBroker('RabbitMQ 4.0', unlessExternal(startRabbitMQ4), tests);
  onBroker('RabbitMQ 3.10', unlessExternal(startRabbitMQ3), tests);
}

function unlessExternal<Kind>(start: () => Promise<Kind>): () => Promise<Kind> {
  if (externalBroker() === undefined) return start;
  return () => Promise.reject(new BrokerUnavailable('AMQP_BROKER_URL names another broker.'));
}

function onBroker<Kind extends Broker>(
  name: string,
  start: () => Promise<Kind>,
  tests: (broker: () => Kind) => void,
): void {
  describe(name, () => {
    let running: Kind | undefined;
    let unavailable: string | undefined;

    beforeAll(async () => {
      try {
        running = await start();
      } catch (error) {
        if (!(error instanceof BrokerUnavailable) || Boolean(process.env['CI'])) throw error;
        unavailable = error.message;
        console.warn(`${name} is not tested: ${unavailable}`);
      }
    }, startLimit);

    beforeEach((context) => {
      if (unavailable !== undefined) context.skip(unavailable);
    });

    afterAll(() => running?.stop());

    tests(() => {
      if (running === undefined) throw new Error('The broker can be used only while tests run.');
      return running;
    });
  });
}
