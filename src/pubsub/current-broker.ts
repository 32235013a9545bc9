import { AsyncLocalStorage } from 'node:async_hooks';
import { OptionError, asError } from '../errors.js';
import { Broker } from './broker.js';
import { BrokerNotInitializedError } from './errors.js';

/** A broker that stands in for the one of the process, in one flow of asynchronous calls. */
interface Override {
  /** `undefined` once it is over. A flow may outlive it: what a function started, or whoever called the function. */
  broker: Broker | undefined;
  readonly outer: Override | undefined;
}

const overrides = new AsyncLocalStorage<Override | undefined>();
let ofProcess: Broker | undefined;
const waiting: ((broker: Broker) => void)[] = [];

/**
 * The broker of this process; inside `overrideMessageBroker`, the one that stands in for it.
 *
 * @throws BrokerNotInitializedError when there is none.
 */
export function getMessageBroker(): Broker {
  const broker = currentBroker();
  if (broker !== undefined) return broker;
  throw new BrokerNotInitializedError(
    'There is no message broker yet. Call setMessageBroker(broker) when the program starts.',
  );
}

/**
 * Sets the broker of this process, and attaches the consumers that were waiting for one. Calling it again replaces the
 * broker; neither is closed. Nothing changes inside `overrideMessageBroker`.
 *
 * @param broker The broker, or `undefined` for none.
 * @throws OptionError for something else; AggregateError when consumers cannot subscribe on it. It is set all the same.
 */
export function setMessageBroker(broker: Broker | undefined): void {
  if (broker !== undefined) requireBroker(broker);
  ofProcess = broker;
  if (broker === undefined) return;
  const errors: Error[] = [];
  for (const attach of waiting.splice(0)) {
    try {
      attach(broker);
    } catch (error) {
      errors.push(asError(error));
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} consumers cannot subscribe on the broker.`);
}

/**
 * Has another broker stand in while a function runs, for it and for all that it starts and calls. Other flows of calls,
 * such as tests that run beside this one, do not see it. Neither broker is closed.
 *
 * @returns What the function returns.
 * @throws What the function throws, and OptionError for something that is no broker.
 */
export function overrideMessageBroker<Result>(broker: Broker, run: () => Result): Result;
/**
 * Has another broker stand in until the end of a `using` block: for the rest of the function it is in, and all that this
 * starts and calls. Whoever called the function without waiting for it sees the override, too, until the block ends, and
 * so does what the caller starts meanwhile. Where others run beside it, give a function instead.
 *
 * @throws OptionError for something that is no broker.
 */
export function overrideMessageBroker(broker: Broker): Disposable;
export function overrideMessageBroker<Result>(broker: Broker, run?: () => Result): Result | Disposable {
  requireBroker(broker);
  const override: Override = { broker, outer: overrides.getStore() };
  if (run !== undefined) return overrides.run(override, run);
  overrides.enterWith(override);
  return {
    [Symbol.dispose]: () => {
      // Calls that the function made may have come into the override, too: it must end for all of them.
      override.broker = undefined;
      if (overrides.getStore() === override) overrides.enterWith(override.outer);
    },
  };
}

/** Calls back with the broker: at once when there is one, else when one is set. */
export function whenBroker(attach: (broker: Broker) => void): void {
  const broker = currentBroker();
  if (broker === undefined) waiting.push(attach);
  else attach(broker);
}

function currentBroker(): Broker | undefined {
  let override = overrides.getStore();
  while (override !== undefined && override.broker === undefined) override = override.outer;
  return override?.broker ?? ofProcess;
}

function requireBroker(broker: unknown): void {
  if (!(broker instanceof Broker)) throw new OptionError('A broker is needed, such as a MemoryBroker.');
}
