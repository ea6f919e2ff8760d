/** Milliseconds of processor time that this thread has used, user and system time together. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
