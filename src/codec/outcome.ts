import { DecodeError } from '../errors.js';
import type { PeerError } from '../errors.js';
import type { Properties } from '../message/message.js';
import type { Outcome } from '../message/outcome.js';
import { ACCEPTED, RELEASED } from '../message/outcome.js';
import { Described, Typed } from '../message/typed.js';
import type { AmqpValue } from '../message/typed.js';
import { storeUint32 } from './big-endian.js';
import { encodeSymbolMap, encodeValue } from './encode-value.js';
import { Output } from './output.js';
import { readValue } from './read.js';

/** The codes of delivery states (AMQP 1.0 §3.4). */
const CODES = { received: 0x23, accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const;

/** Fits into every frame, of which 512 bytes are always taken (AMQP 1.0 §2.4.1). */
const LONGEST_CONDITION = 255;

/** Stands for words that are left out. */
const ELLIPSIS = '...';

/**
 * Checks that an outcome can be encoded. It is encoded at the end of the tick, where no caller could catch the error.
 *
 * @throws `EncodeError` when AMQP cannot encode its error or annotations.
 */
export function checkOutcome(outcome: Outcome): void {
  if (outcome.type === 'rejected' || outcome.type === 'modified') encodeOutcome(new Output(1024), outcome);
}

/** Writes an outcome as a delivery-state. */
export function encodeOutcome(output: Output, outcome: Outcome): void {
  output.need(4);
  output.u8(0);
  output.u8(0x53);
  output.u8(CODES[outcome.type]);
  switch (outcome.type) {
    case 'accepted':
    case 'released':
      output.u8(0x45);
      return;
    case 'rejected':
      encodeValue(output, outcome.error === undefined ? [] : [errorValue(outcome.error)]);
      return;
    case 'modified':
      encodeModified(output, outcome.deliveryFailed, outcome.undeliverableHere, outcome.annotations);
  }
}

/**
 * An outcome that takes `excess` bytes less: the description of a rejection is cut, and annotations are left out. A peer
 * takes no frame beyond its limit, and what counts is that the delivery has an outcome.
 */
export function shortened(outcome: Outcome, excess: number): Outcome {
  if (outcome.type === 'modified') return { ...outcome, annotations: undefined };
  if (outcome.type !== 'rejected' || outcome.error === undefined) return outcome;
  const { condition, description = '' } = outcome.error;
  const bytes = Buffer.from(description);
  // A character that is cut in two would be a sign that stands for damage.
  const kept = bytes.toString('utf8', 0, Math.max(0, bytes.length - excess - ELLIPSIS.length)).replace(/\uFFFD$/, '');
  if (kept !== '') return { type: 'rejected', error: { condition, description: `${kept}${ELLIPSIS}` } };
  return condition.length > LONGEST_CONDITION ? { type: 'rejected' } : { type: 'rejected', error: { condition } };
}

function errorValue(error: PeerError): Described {
  return new Described(new Typed('ulong', 0x1d), [new Typed('symbol', error.condition), error.description ?? null]);
}

function encodeModified(output: Output, failed = false, undeliverable = false, annotations?: Properties): void {
  // Written by hand as a list32 whose size is filled in afterwards: the keys of annotations must be symbols.
  output.need(11);
  output.u8(0xd0);
  const sizeAt = output.position - output.start;
  output.u32(0);
  output.u32(annotations === undefined ? 2 : 3);
  output.u8(failed ? 0x41 : 0x42);
  output.u8(undeliverable ? 0x41 : 0x42);
  if (annotations !== undefined) encodeSymbolMap(output, annotations);
  const at = output.start + sizeAt;
  storeUint32(output.buffer, at, output.position - at - 4);
}

/**
 * Reads a delivery-state. `received` (§3.4.1) and states of extensions, such as those of transactions, are not outcomes
 * and read as `undefined`.
 */
export function readOutcome(buffer: Buffer, position: number, end: number): Outcome | undefined {
  // Nearly every outcome is `accepted`, which its descriptor alone identifies.
  if (buffer[position] === 0 && buffer[position + 1] === 0x53 && buffer[position + 2] === CODES.accepted)
    return ACCEPTED;
  const state = readValue(buffer, position, end);
  if (!(state instanceof Described)) throw new DecodeError('A delivery-state is not a described list.');
  const fields = Array.isArray(state.value) ? (state.value as AmqpValue[]) : [];
  switch (state.descriptor) {
    case CODES.accepted:
    case 'amqp:accepted:list':
      return ACCEPTED;
    case CODES.released:
    case 'amqp:released:list':
      return RELEASED;
    case CODES.rejected:
    case 'amqp:rejected:list':
      return { type: 'rejected', error: peerError(fields[0]) };
    case CODES.modified:
    case 'amqp:modified:list':
      return {
        type: 'modified',
        deliveryFailed: fields[0] === true,
        undeliverableHere: fields[1] === true,
        annotations: isProperties(fields[2]) ? fields[2] : undefined,
      };
    default:
      return undefined;
  }
}

function peerError(value: AmqpValue): PeerError | undefined {
  if (!(value instanceof Described) || !Array.isArray(value.value)) return undefined;
  const [condition, description] = value.value as AmqpValue[];
  return {
    condition: typeof condition === 'string' ? condition : 'amqp:internal-error',
    description: typeof description === 'string' ? description : undefined,
  };
}

function isProperties(value: AmqpValue): value is Properties {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}
