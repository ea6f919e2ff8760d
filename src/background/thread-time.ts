/** Milliseconds of processor time that this thread has used, user and system time together. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/**
 * Resolves when Node has made the writes to connections that were asked for in this operation: it makes them at the end of
 * the operation, and they belong to its processor time.
 */
export const afterWrites = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
