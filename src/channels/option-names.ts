import { nearest } from '../config/nearest.js';
import { OptionError } from '../errors.js';

/**
 * Checks that options have no name that is not known.
 *
 * @param what - Whose options they are, for the message.
 * @throws OptionError for a name that is none, with the one that was probably meant.
 */
export function checkNames(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || (options as object | null) === null) {
    throw new OptionError(`The options of ${what} must be an object.`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`;
    throw new OptionError(`There is no option ${name} of ${what}. ${hint}`);
  }
}
