/** Who waits for a signal, by signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal is aborted. However many wait for a signal, it has one listener, and none when nobody waits:
 * Node warns of a leak at the eleventh listener, and looks through all of them to remove one.
 *
 * @param signal One that is not aborted yet: the callback of one that is would never be called.
 * @param callback A function of its own each time, which does not throw.
 * @returns What calls it off, in constant time. Doing so twice, or afterwards, does nothing.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal);
  if (callbacks === undefined) waiting.set(signal, (callbacks = new Set()));
  if (callbacks.size === 0) signal.addEventListener('abort', tell, { once: true });
  callbacks.add(callback);
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) signal.removeEventListener('abort', tell);
  };
}

function tell({ target }: Event): void {
  const callbacks = waiting.get(target as AbortSignal); // it listens to nothing else
  for (const callback of callbacks ?? []) {
    callback();
    callbacks?.delete(callback);
  }
}
