import { printable } from '../printable.js';
import { EXIT, CommandError } from './exit.js';

/** The control characters that text may have on a terminal. */
const LAYOUT = '\n\t';

/**
 * Prints the output of a command without control characters, because it may quote a peer or a configuration. JSON keeps
 * its value.
 */
export function print(text: string): Promise<void> {
  return write(printable(text, LAYOUT));
}

/** Prints the bodies of messages unchanged, but without control characters on a terminal. */
export function printBodies(bytes: Buffer): Promise<void> {
  return write(process.stdout.isTTY ? printable(bytes.toString(), LAYOUT) : bytes);
}

/**
 * Writes to standard output. Resolves when the text has left the process, so that a message accepted afterwards is not
 * lost.
 */
function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error == null) resolve();
      else reject(outputError(error));
    });
  });
}

/** Prints a note to the user on standard error. */
export function note(text: string): void {
  process.stderr.write(`${printable(text, LAYOUT)}\n`);
}

/** Prints a warning to the user on standard error. */
export function warn(text: string): void {
  note(`amqp-messenger: warning: ${text}`);
}

/**
 * Handles a reader that closes the output, as `head` does, without a stack trace. The pending write rejects, which ends
 * the command, and the exit code is `brokenPipe`.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exitCode = EXIT.brokenPipe;
  });
  process.stderr.on('error', () => undefined);
}

function outputError(error: NodeJS.ErrnoException): CommandError {
  if (error.code === 'EPIPE') return new CommandError('Nobody reads the output any more.', EXIT.brokenPipe);
  return new CommandError(`The output cannot be written: ${error.message}.`, EXIT.failed);
}
