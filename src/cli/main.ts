#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, failed } from './exit.js';
import { endWithReader } from './output.js';
import { createProgram } from './program.js';

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  // Commander has printed the error, or the help or version that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else failed(error);
}
