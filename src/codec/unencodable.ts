import { EncodeError, MessagingError, asError } from '../errors.js';

/**
 * Thrown deep inside a value that AMQP cannot encode. Each list or map that it passes on its way out adds its step to
 * `path`, so that tracking the path costs nothing when nothing is wrong.
 */
export class Unencodable extends Error {
  path = '';

  /** @param reason The text behind the path and a colon. */
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** Adds a step to the path of a thrown error, if it has one, and returns the error to throw again. */
export function within(thrown: unknown, step: string): Error {
  if (thrown instanceof Unencodable) thrown.path = step + thrown.path;
  return asError(thrown);
}

/** The path step to the value of `key` in an object. */
export function propertyStep(key: string): string {
  return /^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Makes the error for the caller out of anything thrown while `root` was encoded. '' stands for a message. */
export function encodeError(thrown: unknown, root: string): MessagingError {
  if (thrown instanceof MessagingError) return thrown;
  if (thrown instanceof Unencodable) {
    return new EncodeError(`${(root + thrown.path).replace(/^\./, '') || 'message'}: ${thrown.reason}.`);
  }
  // A getter of the caller's object threw, or there is not enough memory.
  return new EncodeError(`${root === '' ? 'message' : root}: cannot be encoded; the cause says why.`, {
    cause: thrown,
  });
}

/** Describes a wrong value without showing text or bytes, which might be secret. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'number':
    case 'boolean':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return Array.isArray(value) ? 'an array' : `an object${className(value)}`;
    case 'function':
      return 'a function';
    default:
      return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
  }
}

function className(value: object): string {
  const { constructor } = value as { constructor?: unknown }; // an object without a prototype has none
  return typeof constructor === 'function' && constructor !== Object ? ` of class ${constructor.name}` : '';
}
