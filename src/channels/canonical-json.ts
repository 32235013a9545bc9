import { InvalidMessageFormatError } from '../errors.js';

/**
 * The JSON text of a value with the members of objects sorted and nothing optional (the JSON Canonicalization Scheme,
 * RFC 8785): the same value has the same text wherever it has been in between.
 *
 * @throws InvalidMessageFormatError for what has no JSON text.
 */
export function canonicalJson(value: unknown): string {
  // To JSON and back: what `toJSON` and undefined members become is what the other side will see.
  return write(JSON.parse(jsonOf(value)) as unknown);
}

/**
 * The JSON text of a value; that of `undefined` is `null`.
 *
 * @throws InvalidMessageFormatError for what has no JSON text: a bigint, a cycle, a function.
 */
export function jsonOf(value: unknown): string {
  const text = tryJson(value ?? null);
  if (typeof text === 'string') return text;
  throw new InvalidMessageFormatError('The payload of a message must be a JSON value.');
}

/** For a function or a symbol the text is undefined, which the type of JSON.stringify does not say. */
function tryJson(value: unknown): unknown {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new InvalidMessageFormatError('The payload of a message must be a JSON value.', { cause: error });
  }
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`);
  return `{${members.join(',')}}`;
}
