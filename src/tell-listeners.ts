import { errorMonitor } from 'node:events';
import type { EventEmitter } from 'node:events';

/** The methods of an emitter that are needed here. A `TypedEmitter` has them, too. */
type Emitter = Pick<EventEmitter, 'emit' | 'listenerCount' | 'rawListeners'>;

/**
 * Calls every listener of an event. An error that a listener throws must not disturb the work of the caller or the
 * other listeners, so it becomes an uncaught exception of the process. So does an `error` event without listeners.
 */
export function tellListeners(emitter: Emitter, name: string, values: readonly unknown[]): void {
  if (name === 'error') tellOfError(emitter, values);
  callEach(emitter, emitter.rawListeners(name), values);
}

/** Calls one callback of the program in the same way. */
export function tellOf<Values extends unknown[]>(listener: (...values: Values) => unknown, ...values: Values): void {
  try {
    listener(...values);
  } catch (error) {
    throwLater(error);
  }
}

/** Treats an `error` event as `emit` does: calls the error monitors, or throws when nobody listens. */
function tellOfError(emitter: Emitter, values: readonly unknown[]): void {
  const isHeard = emitter.listenerCount('error') > 0;
  const throwUnheard = (): unknown => emitter.emit('error', ...values);
  callEach(emitter, isHeard ? emitter.rawListeners(errorMonitor) : [throwUnheard], values);
}

function callEach(
  emitter: Emitter,
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
