import type { Message } from '../message.js';

/** What a handler gets besides the message. */
export interface HandlerContext {
  /**
   * Aborted when the message is called off. A handler that throws after that has not handled it: the message goes back
   * into the queue.
   */
  readonly signal: AbortSignal;
}

/** Handles a message. What it returns, or its promise resolves with, is the result. */
export type MessageHandler<Result> = (message: Message, context: HandlerContext) => Result | Promise<Result>;
