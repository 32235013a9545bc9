import { asError } from '../errors.js';
import { CHANNEL_ERROR } from '../channels/message.js';
import { protocolError } from './line-splitter.js';

/** A JSON object as it comes in: nothing is known of its fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a line that must be a JSON object.
 *
 * @throws ProtocolError when it is not, or is not UTF-8.
 */
export function readObject(line: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(UTF_8.decode(line));
  } catch (error) {
    throw protocolError('A line is not JSON in UTF-8. Send one JSON object a line.', error);
  }
  if (isObject(value)) return value;
  throw protocolError('A line is not a JSON object. Send one JSON object a line.');
}

/** True for an object that is neither an array nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field of an object, when it is its own: what objects inherit was not sent. */
export function fieldOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * An event of a stream as JSON. What a program has put into a channel need not have any: then an event that tells so
 * takes its place, and the stream goes on.
 */
export function eventText(event: unknown): string {
  try {
    // In an array, a value without JSON text, such as undefined, becomes null.
    return JSON.stringify([event]).slice(1, -1);
  } catch (thrown) {
    const { name, message } = asError(thrown);
    return JSON.stringify({ event: CHANNEL_ERROR, data: { error: { name, message } } });
  }
}
