import { InvalidArgumentError } from 'commander';
import { MessagingError } from '../errors.js';

/** The exit code when something was not done, or the command line was wrong. */
const FAILED = 1;

/** The exit code of what was interrupted, as shells have it for SIGINT. */
export const INTERRUPTED = 130;

/** Says in one line what went wrong, and ends with the exit code for it. */
export function failed(error: unknown): void {
  const message =
    error instanceof MessagingError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`amqp-messenger: ${message}\n`);
  process.exitCode = FAILED;
}

/** Reads a whole number from the command line. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('It must be a whole number.');
  return number;
}
