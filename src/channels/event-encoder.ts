import { InvalidMessageFormatError } from '../errors.js';

/** The fields of a server-sent event, as text (HTML standard, §9.2.6). */
export interface EventFields {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: string | undefined;
  readonly retry?: number | undefined;
}

const LINE_BREAK = /\r\n|\r|\n/;
const LINE_BREAKS = /[\r\n]+/g;
/** A browser sends the id back in a header, where servers refuse these. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/** Headers of a request have 16 KiB in all. */
const LONGEST_ID = 1024;

/**
 * The bytes of an event, or of a block that only sets what the client remembers when it has no data. Whatever is in the
 * fields stays in its field: line breaks in data begin a new line of data, in the others they are left out. Empty data
 * is written, since a browser drops an event without one.
 */
export function encodeEvent({ event, id, data, retry }: EventFields): Buffer {
  let text = '';
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (id !== undefined) text += `id: ${id.replaceAll(LINE_BREAKS, '')}\n`;
  const name = event?.replaceAll(LINE_BREAKS, '') ?? '';
  if (name !== '') text += `event: ${name}\n`;
  if (data !== undefined) for (const line of data.split(LINE_BREAK)) text += `data: ${line}\n`;
  return Buffer.from(`${text}\n`);
}

/**
 * An id as a client will send it back: without line breaks and outer spaces, which a header does not keep.
 *
 * @throws InvalidMessageFormatError when nothing is left, it has a control character, or it is too long to come back.
 */
export function eventIdOf(id: string): string {
  const clean = id.replaceAll(LINE_BREAKS, '').trim();
  if (clean === '') throw new InvalidMessageFormatError('The id of an event must not be empty.');
  if (CONTROL.test(clean)) throw new InvalidMessageFormatError('The id of an event must not have control characters.');
  if (clean.length > LONGEST_ID) {
    throw new InvalidMessageFormatError(`The id of an event must have at most ${LONGEST_ID} characters.`);
  }
  return clean;
}
