import { asError } from '../../errors.js';
import { CHANNEL_ERROR } from '../message.js';
import type { Message } from '../message.js';

/** A message that was handled. */
export interface ProcessedItem<Result> {
  /** The type of the message. */
  readonly event: string;
  /** The value that the handler returned; the payload of the message when the listener handled it. */
  readonly data: Result;
  /** Nothing has failed. */
  readonly error?: undefined;
}

/** A message whose handler has failed, as JSON can show it. */
export interface Failure {
  /** The type of the message. */
  readonly type: string;
  /** Its payload. */
  readonly payload: unknown;
  /** The name and message of the error that the handler threw. */
  readonly error: Readonly<Pick<Error, 'name' | 'message'>>;
}

/** A message whose handler has failed. */
export interface FailedItem {
  /** Tells that it is none of the messages. */
  readonly event: typeof CHANNEL_ERROR;
  /** The message and its error, as JSON can show them. */
  readonly data: Failure;
  /** The error that the handler threw. */
  readonly error: Error;
}

/** An item of `processQueue`. Only that of a failed handler has `error`. */
export type QueueItem<Result> = ProcessedItem<Result> | FailedItem;

/** Shows a failure as an item. */
export function failedItem({ type, payload }: Message, thrown: unknown): FailedItem {
  const error = asError(thrown);
  const data = { type, payload, error: { name: error.name, message: error.message } };
  return { event: CHANNEL_ERROR, data, error };
}
