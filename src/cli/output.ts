import { printable } from '../printable.js';
import { EXIT, CommandError } from './exit.js';

/** What text may do on a terminal. */
const LAYOUT = '\n\t';

/**
 * Prints what a command has to say, which may quote a peer or a configuration: without control characters. JSON stays JSON of
 * the same value.
 */
export function print(text: string): Promise<void> {
  return write(printable(text, LAYOUT));
}

/** Prints the bodies of messages: as they are, but on a terminal without control characters. */
export function printBodies(bytes: Buffer): Promise<void> {
  return write(process.stdout.isTTY ? printable(bytes.toString(), LAYOUT) : bytes);
}

/** Writes to standard output. Resolves when it has left the process: what is accepted after that is not lost. */
function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error == null) resolve();
      else reject(outputError(error));
    });
  });
}

/** Says something to whoever runs the command, without its being part of the output. */
export function note(text: string): void {
  process.stderr.write(`${printable(text, LAYOUT)}\n`);
}

/** Warns whoever runs the command. */
export function warn(text: string): void {
  note(`amqp-messenger: warning: ${text}`);
}

/**
 * A reader that stops reading, as `head` does, is told to the write that fails, and must not end the process with a stack.
 * Without a write that waits for it, the command has nobody left to write for and ends.
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
