import { OptionError } from './errors.js';
import { nearest } from './nearest.js';

/**
 * Checks that all options are known.
 *
 * @param what The owner of the options, for the error message.
 * @throws OptionError for an unknown name. It names the option that was probably meant, or else all of them.
 */
export function checkNames(what: string, options: object, known: readonly string[]): void {
  const given: unknown = options; // callers without TypeScript may pass any value
  if (typeof given !== 'object' || given === null) throw new OptionError(`The options of ${what} must be an object.`);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${meant}?`;
    throw new OptionError(`There is no option ${name} of ${what}. ${hint}`);
  }
}

/** Checks that an option is a number of at least `least`, and returns it. Throws `OptionError`. */
export function atLeast(least: number, name: string, value: number): number {
  if (typeof value === 'number' && value >= least) return value;
  throw new OptionError(`Option ${name} must be a number from ${least} up.`);
}
