#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, failed } from './exit.js';
import { endWithReader } from './output.js';
import { createProgram } from './program.js';

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  // Commander has said what is wrong; asked for help or version, it is nothing.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else failed(error);
}
