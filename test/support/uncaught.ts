/** The messages of what nobody has caught while this ran, and in the turn after it. */
export async function uncaught(work: () => unknown): Promise<string[]> {
  const others = process.listeners('uncaughtException');
  const errors: string[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => errors.push(error.message));
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
  }
  return errors;
}
