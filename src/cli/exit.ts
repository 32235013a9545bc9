import { InvalidArgumentError } from 'commander';
import { MessagingError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { printable } from '../printable.js';

/** How a command has ended: its exit codes. docs/command-line.md has the same table. */
export const EXIT = {
  /** Everything was done. */
  done: 0,
  /**
   * Some of it was not: messages were not accepted, a test of routes has failed, `bench` has found messages of others, the
   * output cannot be written.
   */
  failed: 1,
  /** The command line is wrong, or an address is. */
  usage: 2,
  /** The configuration file is not there, cannot be read, or has a mistake in it. */
  config: 3,
  /** The input is not what it should be: half a line of JSON, a file that cannot be read. */
  input: 4,
  /** The time was over. */
  timeout: 5,
  /** The peer cannot be reached, is no AMQP 1.0 peer, or the connection was lost for good. */
  connection: 6,
  /** User, password, certificate or mechanism were refused, by the peer or by us. */
  security: 7,
  /** The peer refused a link: no such queue, not allowed. */
  refused: 8,
  /** A port or socket cannot be listened on: it is in use. */
  listen: 9,
  /** Stopped by Ctrl-C or SIGTERM before it was done. */
  interrupted: 130,
  /** Whoever read the output has stopped reading. Nothing is printed. */
  brokenPipe: 141,
} as const;

/** Something that ends a command, in words for whoever typed it. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

const CODES: Partial<Record<ErrorCode, number>> = {
  ERR_OPTION: EXIT.usage,
  ERR_ADDRESS: EXIT.usage,
  ERR_PATTERN: EXIT.usage,
  ERR_CONFIG: EXIT.config,
  ERR_ENCODE: EXIT.input,
  ERR_TIMEOUT: EXIT.timeout,
  ERR_CONNECTION: EXIT.connection,
  ERR_PROTOCOL: EXIT.connection,
  ERR_AUTHENTICATION: EXIT.security,
  ERR_LINK: EXIT.refused,
  ERR_LISTEN: EXIT.listen,
};

/** What TLS calls a certificate it does not take. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof MessagingError)) return EXIT.failed;
  // These only gather what was given up: the reason says more.
  if ((error.code === 'ERR_SEND' || error.code === 'ERR_NO_SOURCES') && error.cause !== undefined) {
    return exitCodeOf(error.cause);
  }
  const { cause } = error;
  const isCertificate = cause instanceof Error && 'code' in cause && CERTIFICATE.test(String(cause.code));
  return isCertificate ? EXIT.security : (CODES[error.code] ?? EXIT.failed);
}

/** Says in a sentence what went wrong, and ends with the exit code for it. */
export function failed(error: unknown): void {
  process.exitCode = exitCodeOf(error);
  if (process.exitCode === EXIT.brokenPipe) return;
  const isOurs = error instanceof MessagingError || error instanceof CommandError;
  // Of what is a mistake of ours, the stack is what helps.
  const message = isOurs ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`amqp-messenger: ${printable(message ?? '', '\n')}\n`);
}

/** Reads a whole number from the command line. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isInteger(number) || number < 0) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return number;
}

/** Reads a whole number from 1 up from the command line. */
export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return number;
}
