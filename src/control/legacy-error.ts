import { InvalidChannelError, InvalidListenerError, asError } from '../errors.js';
import type { Command } from './command.js';
import { pythonText } from './python-text.js';

/** An error as the legacy protocol tells it: the way Python shows an exception. */
export class LegacyError extends Error {
  /**
   * @param exception - The name of the exception in Python.
   * @param argument - What it was given, if anything.
   */
  constructor(exception: string, argument?: string) {
    super(`${exception}(${argument === undefined ? '' : pythonText(argument)})`);
    this.name = 'LegacyError';
  }
}

/** Returns the answer of the legacy protocol to a command that has failed. */
export function legacyReply(thrown: unknown, command: Command | undefined): string {
  if (thrown instanceof LegacyError) return thrown.message;
  return errorOf(asError(thrown), command).message;
}

function errorOf(error: Error, command: Command | undefined): LegacyError {
  if (error instanceof InvalidChannelError && command?.verb === 'removeChannel') {
    return new LegacyError('KeyError', command.channel);
  }
  if (error instanceof InvalidChannelError) {
    return new LegacyError('InvalidChannelException', `No channel with id ${command?.channel || 'None'}`);
  }
  if (error instanceof InvalidListenerError && command?.verb === 'dispatch') {
    return new LegacyError('InvalidListenerException', `Invalid listener ${command.listener || 'None'}`);
  }
  if (error instanceof InvalidListenerError && command?.verb === 'removeListener') {
    return new LegacyError('KeyError', command.listener);
  }
  if (error instanceof InvalidListenerError) return new LegacyError('InvalidListenerException');
  return new LegacyError(error.name, error.message);
}
