import type { Message } from '../message.js';
import type { MessageHandler } from './message-handler.js';

/**
 * Threads that do work: the part of a `Piscina` or a `Tinypool` that is used here. Any object of this shape will do, and
 * neither package is ever loaded from here.
 */
export interface WorkerPool {
  /** Does a task in a thread and resolves with its result. Rejects when the signal is aborted before that. */
  run(task: unknown, options: { signal: AbortSignal }): Promise<unknown>;
}

/** The part of a message that a worker thread gets, by structured clone and so without methods. */
export type MessageTask = Pick<Message, 'type' | 'payload' | 'id'>;

/**
 * A handler that has messages handled by worker threads, so that the event loop stays free. A message that is called off
 * ends the thread that works on it, with these pools.
 *
 * Give the channel as many `maxWorkers` as the pool has threads: more would wait in the pool and no longer in the queue.
 *
 * @param pool - The threads. The caller ends them.
 * @param toTask - What a thread is given for a message. Default its type, payload and id.
 */
export function handleInPool<Result = unknown>(
  pool: WorkerPool,
  toTask: (message: Message) => unknown = ({ type, payload, id }): MessageTask => ({ type, payload, id }),
): MessageHandler<Result> {
  // Only the caller knows what the module in the pool returns.
  return (message, { signal }) => pool.run(toTask(message), { signal }) as Promise<Result>;
}
