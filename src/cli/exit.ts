import { InvalidArgumentError } from 'commander';
import { MessagingError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { printable } from '../printable.js';

/** The exit codes of commands. docs/command-line.md has the same table. */
export const EXIT = {
  /** The command has done everything. */
  done: 0,
  /**
   * The command has failed in part: messages were not accepted, a test of routes failed, `bench` found messages of
   * others, or the output cannot be written.
   */
  failed: 1,
  /** The command line or an address is invalid. */
  usage: 2,
  /** The configuration file is missing, cannot be read, or is invalid. */
  config: 3,
  /** The input is invalid: for example half a line of JSON, or a file that cannot be read. */
  input: 4,
  /** A time limit was reached. */
  timeout: 5,
  /** The peer cannot be reached or does not speak AMQP 1.0, or the connection was lost for good. */
  connection: 6,
  /** The peer or the command refused a user, password, certificate or mechanism. */
  security: 7,
  /** The peer refused a link: the node does not exist or is not allowed. */
  refused: 8,
  /** Listening on a port or socket failed: it is in use. */
  listen: 9,
  /** Ctrl-C or SIGTERM stopped the command before it was done. */
  interrupted: 130,
  /** The reader of the output has closed it. Nothing is printed. */
  brokenPipe: 141,
} as const;

/** An error that ends a command, with a message for the user. */
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

/** The error codes of TLS for refused certificates. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof MessagingError)) return EXIT.failed;
  // These errors only summarize aborted messages or failed sources: their cause tells more.
  if ((error.code === 'ERR_SEND' || error.code === 'ERR_NO_SOURCES') && error.cause !== undefined) {
    return exitCodeOf(error.cause);
  }
  const { cause } = error;
  const isCertificate = cause instanceof Error && 'code' in cause && CERTIFICATE.test(String(cause.code));
  return isCertificate ? EXIT.security : (CODES[error.code] ?? EXIT.failed);
}

/** Prints an error in a sentence, and sets its exit code. */
export function failed(error: unknown): void {
  process.exitCode = exitCodeOf(error);
  if (process.exitCode === EXIT.brokenPipe) return;
  const isOurs = error instanceof MessagingError || error instanceof CommandError;
  // For a bug of this package, the stack is printed.
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
