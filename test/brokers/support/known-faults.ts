import { it } from 'vitest';
import type { TestContext } from 'vitest';
import type { BrokerFacts } from './broker-facts.js';

/** A test that fails on some brokers, because this library does not do yet what the test asks for. */
interface KnownFault {
  readonly test: string;
  /** The names of the brokers on which it fails. */
  readonly on: readonly string[];
  /** What the library does not do yet. */
  readonly missing: string;
}

const knownFaults: readonly KnownFault[] = [];

type Declare = (title: string, test: (context: TestContext) => unknown, timeout?: number) => void;

/**
 * Declares tests on a broker, as `it` does. One with a known fault is expected to fail: once the fault is mended, the run
 * says so, and the fault is to be taken off the list.
 */
export function testsOn({ name }: BrokerFacts): Declare {
  const fails = (title: string): boolean => knownFaults.some(({ test, on }) => test === title && on.includes(name));
  return (title, test, timeout) => {
    (fails(title) ? it.fails : it)(title, timeout === undefined ? {} : { timeout }, test);
  };
}
