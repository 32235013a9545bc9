import { asError } from '../errors.js';
import type { PubSubError } from '../errors.js';
import { ClientQueue } from '../queue/client-queue.js';
import type { Decision } from './context.js';
import { InvalidMessageError } from './errors.js';
import type { Message } from './message.js';
import type { WorkSettings } from './options.js';

/** Why a message is dead: a handler rejected it, deliveries failed too often, its time ran out, or its broker ended. */
export type DeathReason = 'rejected' | 'failed' | 'expired' | 'closed';

/** A message that no handler will get any more, though it was not dealt with. */
export interface DeadLetter {
  /** The message; `undefined` for one that was received and could not be read. */
  readonly message: Message | undefined;
  /** The name of its type. */
  readonly name: string;
  /** Tells it from all others; `undefined` when whoever sent it gave it none. */
  readonly messageId: string | undefined;
  /** The queue it was in; `undefined` when it was on its way to a subscription of `subscribe`. */
  readonly queueName: string | undefined;
  /** The name under which it is kept; `undefined` when it is not kept. */
  readonly deadLetter: string | undefined;
  /** Why it is dead. */
  readonly reason: DeathReason;
  /** The number of its deliveries that have failed, the last one included. */
  readonly deliveryCount: number;
  /** The last failure, or the reason of the rejection. */
  readonly error: Error | undefined;
}

/**
 * The letter of a message that subscribers of `subscribe` cannot be given, because it is not what their type allows;
 * `undefined` when that is not what has failed.
 */
export function refusalLetter(
  error: PubSubError,
  { message, name, messageId }: Pick<DeadLetter, 'message' | 'name'> & { readonly messageId?: string | undefined },
): DeadLetter | undefined {
  if (!(error instanceof InvalidMessageError)) return undefined;
  const nowhere = { queueName: undefined, deadLetter: undefined };
  return { message, name, messageId, ...nowhere, reason: 'rejected', deliveryCount: 1, error };
}

/**
 * The step that follows a decision: the message is done, goes back to the queue, is delivered again after a delay, or
 * is dead.
 */
export type NextStep =
  | { readonly step: 'done' }
  | { readonly step: 'back' }
  | { readonly step: 'again'; readonly delay: number; readonly deliveryCount: number }
  | DeadStep;

/** A message is dead after so many failures. */
export interface DeadStep {
  readonly step: 'dead';
  readonly reason: 'rejected' | 'failed';
  readonly error: Error;
  readonly deliveryCount: number;
}

/** Works out what follows from a decision on a message whose delivery has failed so often before. */
export function nextStep(decision: Decision, deliveryCount: number, work: WorkSettings): NextStep {
  if (decision.outcome === 'accepted') return { step: 'done' };
  if (decision.outcome === 'released') return { step: 'back' };
  const { outcome: reason, error } = decision;
  const failures = deliveryCount + 1;
  const dead = { step: 'dead', reason, error, deliveryCount: failures } as const;
  if (reason === 'rejected' || failures >= work.maxDeliveries) return dead;
  try {
    return { step: 'again', delay: work.backoff.delayAfter(failures), deliveryCount: failures };
  } catch (thrown) {
    // A back-off function that fails leaves nothing to go by.
    return {
      ...dead,
      error: new AggregateError([error, asError(thrown)], 'The handler failed, and so did the back-off.'),
    };
  }
}

/** The most dead letters that are kept under one name. */
const CAPACITY = 1000;

/** The dead letters of one process, by the name they are kept under: the latest of each. */
export class DeadLetterBox {
  readonly #letters = new Map<string, ClientQueue<DeadLetter>>();

  /** Keeps a dead letter, if it has a name to be kept under. */
  add(letter: DeadLetter): void {
    if (letter.deadLetter === undefined) return;
    let kept = this.#letters.get(letter.deadLetter);
    if (kept === undefined) {
      kept = new ClientQueue({ capacity: CAPACITY, overflow: 'drop-oldest' });
      this.#letters.set(letter.deadLetter, kept);
    }
    kept.push(letter);
  }

  /** Takes what is kept under a name, the oldest first. */
  take(name: string): DeadLetter[] {
    const kept = this.#letters.get(name);
    const taken: DeadLetter[] = [];
    for (let letter = kept?.tryPull(); letter !== undefined; letter = kept?.tryPull()) taken.push(letter);
    return taken;
  }
}
