import { describe, it } from 'vitest';
import { CHECKS } from './checks/all.js';
import { OURS, Stage } from './stage.js';

/** What the original's suite checks, between two messengers of ours. The titles begin with its numbers and names. */
describe('the checks of the original, ours alone', () => {
  for (const { number, name, what, run } of CHECKS) {
    it(`${number} ${name}: ${what}`, () => run(new Stage(OURS, OURS)));
  }
});
