import { describe, it } from 'vitest';
import { CHECKS } from '../conformance/checks/all.js';
import { OURS, Stage } from '../conformance/stage.js';
import type { Side } from '../conformance/stage.js';
import { cSide } from './c-messenger.js';
import { useCPrograms } from './use-c-programs.js';

const pathOf = useCPrograms();
/** C Messengers. */
const inC = (): Side => cSide(pathOf('messenger'));

describe('the checks of the original, a client of ours and a server in C', () => {
  for (const { number, name, what, withC, run } of CHECKS) {
    if (withC === 'both' || withC === 'server') {
      it(`${number} ${name}: ${what}`, () => run(new Stage(OURS, inC())));
    }
  }
});

describe('the checks of the original, a client in C and a server of ours', () => {
  for (const { number, name, what, withC, run } of CHECKS) {
    if (withC === 'both' || withC === 'client') {
      it(`${number} ${name}: ${what}`, () => run(new Stage(inC(), OURS)));
    }
  }
});
