/** Milliseconds by which the clock of the service is ahead of the clock of this machine; negative when it is behind. */
let aheadMs = 0;

/**
 * Sets the time by the header `Date` of an answer. A machine on a wall or in a pocket may have a wrong clock, and people
 * compare the clock on a page with the times that the service gives.
 */
export function setServiceTime({ headers }: Response): void {
  const sentAt = Date.parse(headers.get('date') ?? '');
  if (!Number.isNaN(sentAt)) aheadMs = sentAt - Date.now();
}

/** The current time of the service, exact to about a second, in milliseconds since the epoch. */
export const serviceNow = (): number => Date.now() + aheadMs;
