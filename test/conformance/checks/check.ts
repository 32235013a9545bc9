import type { Stage } from '../stage.js';

/** One check of the original's suite. Its row in docs/conformance.md has the same number and name. */
export interface Check {
  readonly number: number;
  /** What the original calls it. */
  readonly name: string;
  /** What has to happen, in words. */
  readonly what: string;
  /** Which side the C Messenger can play too. */
  readonly withC?: 'server' | 'client' | 'both';
  /** The side on which ours behaves differently on purpose. The table says why. */
  readonly differs?: 'server' | 'client';
  readonly run: (stage: Stage) => Promise<void>;
}
