import { asError } from '../../errors.js';
import { CHANNEL_ERROR } from '../message.js';
import type { Message } from '../message.js';

/** A message that was handled. */
export interface ProcessedItem<Result> {
  /** The type of the message. */
  readonly event: string;
  /** What its handler returned; its payload when the listener handled it. */
  readonly data: Result;
  /** Nothing has failed. */
  readonly error?: undefined;
}

/** What can be shown as JSON of a message whose handler has failed. */
export interface Failure {
  /** The type of the message. */
  readonly type: string;
  /** Its payload. */
  readonly payload: unknown;
  /** What its handler threw: the name and message of the error. */
  readonly error: Readonly<Pick<Error, 'name' | 'message'>>;
}

/** A message whose handler has failed. */
export interface FailedItem {
  /** Tells that it is none of the messages. */
  readonly event: typeof CHANNEL_ERROR;
  /** What can be shown of it as JSON. */
  readonly data: Failure;
  /** What the handler threw. */
  readonly error: Error;
}

/** What `processQueue` gives out. `error` tells the two apart. */
export type QueueItem<Result> = ProcessedItem<Result> | FailedItem;

/** Shows a failure as an item. */
export function failedItem({ type, payload }: Message, thrown: unknown): FailedItem {
  const error = asError(thrown);
  const data = { type, payload, error: { name: error.name, message: error.message } };
  return { event: CHANNEL_ERROR, data, error };
}
