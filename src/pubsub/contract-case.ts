import type { ContractScene } from './contract-scene.js';

/** The abilities that only some brokers have. */
export type Need = 'publish that waits' | 'other processes' | 'queues that can be deleted';

/** One test of the contract. */
export interface ContractCase {
  readonly title: string;
  readonly test: (scene: ContractScene) => Promise<void>;
  /** Left out for brokers that do not have it. */
  readonly needs?: Need;
}
