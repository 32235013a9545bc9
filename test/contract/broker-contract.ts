import { brokerContract } from 'amqp-messenger/testing';
import type { BrokerContractOptions } from 'amqp-messenger/testing';
import { describe, it } from 'vitest';

/** The tests that every broker must pass, run by vitest. */
export function testBroker(options: Omit<BrokerContractOptions, 'describe' | 'it'>): void {
  brokerContract({ describe, it, ...options });
}
