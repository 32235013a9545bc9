import { AsyncLocalStorage } from 'node:async_hooks';
import { OptionError, asError } from '../errors.js';
import type { Message } from './message.js';
import type { PublishOptions } from './options.js';

/** A message that was published inside a unit of work and has not left yet. */
export interface Held {
  /** The message. */
  readonly message: Message;
  /** The options it was published with. */
  readonly options: PublishOptions;
  /** Sends it to the broker it was published on. Resolves and rejects as `Broker.publish` does. */
  publish(): Promise<void>;
}

/** Sends what was held back. It is called once per unit of work that succeeds, and not for one that has nothing. */
export type PublishAll = (held: readonly Held[]) => void | Promise<void>;

/**
 * Runs work, and sends what it publishes only if it succeeds. Resolves with what the work returns, once the messages
 * have left. Rejects with what the work throws, and then no message leaves.
 */
export type UnitOfWork = <Result>(work: () => Result | Promise<Result>) => Promise<Result>;

/** The messages of one unit of work while it runs. */
class Unit {
  #held: Held[] | undefined = [];

  /** Holds a message back. Returns false once the unit is over. */
  hold(...held: Held[]): boolean {
    this.#held?.push(...held);
    return this.#held !== undefined;
  }

  /** Ends the unit, and returns the messages that it holds. */
  end(): readonly Held[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }
}

const units = new AsyncLocalStorage<Unit | undefined>();

/**
 * Makes a unit of work: inside it `publish` checks a message and then holds it back, on any broker, until the work has
 * succeeded. So nothing is published of what a transaction rolls back.
 *
 * A unit inside another one passes its messages on to the outer one when it succeeds, and drops its own when it fails.
 * What is published after the end of a unit, by work that nobody waited for, leaves at once.
 *
 * Messages leave when the work is done, so a process that dies in between has done the work and not published. Where that
 * matters, let `publishAll` write them to the database inside the transaction, and send them from there.
 *
 * @param publishAll Sends the messages. Default: one after the other in their order; when some cannot be sent the others
 * are, and the unit rejects with an AggregateError.
 * @throws OptionError when `publishAll` is not a function.
 */
export function outbox(publishAll: PublishAll = publishInOrder): UnitOfWork {
  if (typeof publishAll !== 'function') throw new OptionError('outbox() takes a function that publishes, or nothing.');
  return async (work) => {
    const outer = units.getStore();
    const unit = new Unit();
    let result;
    try {
      result = await units.run(unit, work);
    } catch (error) {
      unit.end();
      throw error;
    }
    const held = unit.end();
    if (held.length > 0 && outer?.hold(...held) !== true) await units.run(undefined, () => publishAll(held));
    return result;
  };
}

/** Holds a message back if a unit of work is running. Returns whether it does. */
export function holdBack(message: Message, options: PublishOptions, publish: () => Promise<void>): boolean {
  return units.getStore()?.hold({ message, options, publish }) ?? false;
}

/** Calls something that outlives the unit of work it may be called in, such as the loop of a worker. */
export function outsideUnits<Result>(call: () => Result): Result {
  return units.run(undefined, call);
}

async function publishInOrder(held: readonly Held[]): Promise<void> {
  const errors: Error[] = [];
  for (const message of held) {
    try {
      await message.publish();
    } catch (error) {
      errors.push(asError(error));
    }
  }
  if (errors.length > 0) {
    throw new AggregateError(errors, `The work is done, but ${errors.length} of its ${held.length} messages failed.`);
  }
}
