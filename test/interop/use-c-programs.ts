import { beforeAll, beforeEach } from 'vitest';
import { ProtonUnavailable, buildCPrograms } from './build-c.js';
import type { CProgram, CPrograms } from './build-c.js';

/**
 * Builds the C programs before the tests of a file. Where they cannot be had its tests are skipped, except in CI, where
 * that is an error. Returns how to find the path of a program, once tests run.
 */
export function useCPrograms(): (program: CProgram) => string {
  let programs: CPrograms;
  let unavailable: string | undefined;
  beforeAll(async () => {
    try {
      programs = await buildCPrograms();
    } catch (error) {
      if (!(error instanceof ProtonUnavailable) || process.env['CI'] !== undefined) throw error;
      unavailable = error.message;
      console.warn(`The C Messenger is not tested: ${unavailable}`);
    }
  });
  beforeEach((context) => {
    if (unavailable !== undefined) context.skip(unavailable);
  });
  return (program) => programs.paths[program];
}
