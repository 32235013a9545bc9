import type { Need } from './contract-case.js';
import { directCases } from './contract-direct.js';
import { nameCases } from './contract-names.js';
import { queueCases } from './contract-queue.js';
import { ContractScene } from './contract-scene.js';
import type { BrokerUnderTest } from './contract-scene.js';
import { schemaCases } from './contract-schema.js';
import { wideCases } from './contract-wide.js';

/** The functions that run the suite: those of vitest, of `node:test`, of jest, or any of the same shape. */
export interface BrokerContractOptions {
  /** Declares a group of tests. */
  readonly describe: (title: string, tests: () => void) => unknown;
  /** Declares a test. */
  readonly it: (title: string, test: () => Promise<void>) => unknown;
  /** Makes a broker for one test. */
  readonly create: () => BrokerUnderTest | Promise<BrokerUnderTest>;
  /** The name of the group. Default `a broker`. */
  readonly title?: string;
  /** True: `publish` waits for the handlers of `subscribe`, and rejects with their errors. Default false. */
  readonly publishWaits?: boolean;
  /** True: messages reach other processes, and `create` gives `another`. Default false. */
  readonly spansProcesses?: boolean;
  /** True: the broker has `deleteQueue`. Default false. */
  readonly deletesQueues?: boolean;
  /** The suite waits so long for anything to happen, in milliseconds. Default 10 000. */
  readonly patience?: number;
}

const DEFAULT_PATIENCE = 10_000;

/**
 * Declares the tests that every broker must pass. It uses types and queues with names of their own for each test, so the
 * peer of the broker may be shared and need not be emptied.
 *
 * A message that must *not* come is not waited for: another one is sent after it, and when that has come, the first
 * would have.
 */
export function brokerContract(options: BrokerContractOptions): void {
  const { describe, it, create, title = 'a broker', patience = DEFAULT_PATIENCE } = options;
  const has: Record<Need, boolean> = {
    'publish that waits': options.publishWaits ?? false,
    'other processes': options.spansProcesses ?? false,
    'queues that can be deleted': options.deletesQueues ?? false,
  };
  describe(title, () => {
    for (const { title: what, needs, test } of [
      ...directCases,
      ...schemaCases,
      ...nameCases,
      ...queueCases,
      ...wideCases,
    ]) {
      if (needs !== undefined && !has[needs]) continue;
      it(what, async () => {
        const made = await create();
        const scene = new ContractScene(made, patience);
        try {
          await test(scene);
        } finally {
          await scene.end();
        }
      });
    }
  });
}
