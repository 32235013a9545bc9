/**
 * Aborted by the first SIGINT or SIGTERM, so that what was begun can be brought to an end. The second ends the process at
 * once, as it does where nobody listens.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
