import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BrokerUnavailable } from './broker-unavailable.js';

const execute = promisify(execFile);

/** Where a command runs. */
export interface CommandOptions {
  /** The working folder. Default: that of this process. */
  folder?: string;
  /** Its whole environment. Default: that of this process. */
  environment?: Record<string, string>;
}

/**
 * Runs a command to its end and returns what it printed to standard output.
 * Throws `BrokerUnavailable` when the command is not installed, and what it printed to standard error when it fails.
 */
export async function runCommand(
  command: string,
  commandArguments: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execute(command, commandArguments, {
      cwd: options.folder,
      env: options.environment ?? process.env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    if (isMissing(error)) throw new BrokerUnavailable(`The command ${command} is not installed.`);
    throw new Error(`${command} failed: ${reason(error)}`, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function reason(error: unknown): string {
  if (error instanceof Error && 'stderr' in error) return String(error.stderr).trim() || error.message;
  return String(error);
}
