import { createReadStream } from 'node:fs';
import type { RouteTable } from '../address/route-table.js';
import { asError } from '../errors.js';
import { CommandError, EXIT } from './exit.js';
import { linesOf } from './lines.js';

/** An address, its expected destination, and its actual one. */
export interface RouteCase {
  readonly address: string;
  readonly expected: string;
  readonly actual: string;
  readonly line: number;
}

/**
 * Checks the lines of a file: an address, `->`, and the expected destination. Ignores empty lines and comments after
 * `#`.
 */
export async function runCases(file: string | undefined, routes: RouteTable): Promise<RouteCase[]> {
  const name = file ?? 'standard input';
  const cases: RouteCase[] = [];
  try {
    const stream = file === undefined ? process.stdin : createReadStream(file);
    for await (const { text, number } of linesOf(stream, name)) {
      const line = text.trim();
      if (line === '' || line.startsWith('#')) continue;
      const [, address, expected] = /^(\S+)\s+->\s+(\S+)$/.exec(line) ?? [];
      if (address === undefined || expected === undefined) {
        throw new CommandError(`${name}, line ${number}, is not: address -> address.`, EXIT.input);
      }
      cases.push({ address, expected, actual: routes.resolve(address) ?? '', line: number });
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${name} cannot be read: ${asError(error).message}.`, EXIT.input);
  }
  return cases;
}
