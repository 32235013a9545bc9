import { errorMonitor } from 'node:events';
import type { EventEmitter } from 'node:events';

/**
 * Calls every listener of an event. This happens in the midst of other work, so what a listener throws reaches neither
 * the caller nor the other listeners: it is an uncaught exception of the process. So is an `error` nobody listens to.
 */
export function tellListeners<Events extends Record<keyof Events, unknown[]>>(
  emitter: EventEmitter<Events>,
  name: keyof Events & string,
  values: readonly unknown[],
): void {
  // The listener types of EventEmitter do not follow a generic name.
  const untyped = emitter as EventEmitter;
  if (name === 'error') tellOfError(untyped, values);
  callEach(untyped, untyped.rawListeners(name), values);
}

/** Calls one function of the program in the same way. */
export function tellOf<Values extends unknown[]>(listener: (...values: Values) => unknown, ...values: Values): void {
  try {
    listener(...values);
  } catch (error) {
    throwLater(error);
  }
}

/** What `emit` does with an error besides calling its listeners. */
function tellOfError(emitter: EventEmitter, values: readonly unknown[]): void {
  const isHeard = emitter.listenerCount('error') > 0;
  const throwUnheard = (): unknown => emitter.emit('error', ...values);
  callEach(emitter, isHeard ? emitter.rawListeners(errorMonitor) : [throwUnheard], values);
}

function callEach(
  emitter: EventEmitter,
  listeners: ReturnType<EventEmitter['rawListeners']>,
  values: readonly unknown[],
): void {
  for (const listener of listeners) {
    try {
      Reflect.apply(listener, emitter, values);
    } catch (error) {
      throwLater(error);
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
