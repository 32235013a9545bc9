import { beforeAll, beforeEach, describe, it } from 'vitest';
import { CHECKS } from '../conformance/checks/all.js';
import { OURS, Stage } from '../conformance/stage.js';
import type { Side } from '../conformance/stage.js';
import { buildOrExplain } from './build-c.js';
import { cSide } from './c-messenger.js';

let proton: Side;
let unavailable: string | undefined;

beforeAll(async () => {
  const built = await buildOrExplain();
  if (typeof built === 'string') unavailable = built;
  else proton = cSide(built.paths.messenger);
});

beforeEach((context) => {
  if (unavailable !== undefined) context.skip(unavailable);
});

describe('the checks of the original, a client of ours and a server in C', () => {
  for (const { number, name, what, withC, run } of CHECKS) {
    if (withC === 'both' || withC === 'server') {
      it(`${number} ${name}: ${what}`, () => run(new Stage(OURS, proton)));
    }
  }
});

describe('the checks of the original, a client in C and a server of ours', () => {
  for (const { number, name, what, withC, run } of CHECKS) {
    if (withC === 'both' || withC === 'client') {
      it(`${number} ${name}: ${what}`, () => run(new Stage(proton, OURS)));
    }
  }
});
