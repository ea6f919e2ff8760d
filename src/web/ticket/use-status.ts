import { useEffect, useState } from 'preact/hooks';
import type { Schemas } from '../lib/client.ts';
import { serviceNow, setServiceTime } from '../lib/service-time.ts';

export type PatientStatus = Schemas['PatientStatus'];

/** Milliseconds between two reads while the page is seen. A phone in a pocket reads nothing. */
const READ_MS = 5_000;
/** Milliseconds within which an answer must come. */
const ANSWER_MS = 10_000;

/** What the page knows. */
export interface StatusState {
  /** The last answer; null before the first. */
  readonly status: PatientStatus | null;
  /** The status of the token before the last answer; null when it is still the same. */
  readonly before: PatientStatus['status'] | null;
  /** Whether the service does not know the ticket. */
  readonly isUnknown: boolean;
  /** Since when no answer comes, in milliseconds since the epoch; null while the service answers. */
  readonly offlineSince: number | null;
}

const NOTHING: StatusState = { status: null, before: null, isUnknown: false, offlineSince: null };

/** The state of the page after an answer of the service. */
function answered(state: StatusState, status: PatientStatus): StatusState {
  const last = state.status?.status ?? null;
  const before = last === null || last === status.status ? state.before : last;
  return { status, before, isUnknown: false, offlineSince: null };
}

/**
 * Reads the status every five seconds while the page is seen, and at once when it is seen again. It does not use the live
 * feed, because that would hold a connection open for each patient, and a phone closes it whenever its screen is off.
 * @returns the state, and a function that shows an answer that came with a command
 */
export function useStatus(ticket: string): readonly [StatusState, (status: PatientStatus) => void] {
  const [state, setState] = useState(NOTHING);
  const show = (status: PatientStatus): void => setState((known) => answered(known, status));
  useEffect(() => {
    const url = `/t/${ticket}/status`;
    let etag: string | null = null;
    let isReading = false;
    const readOnce = async (): Promise<void> => {
      const headers: HeadersInit = etag === null ? {} : { 'if-none-match': etag };
      const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
      // A proxy in between answers with a page of its own while the service is away.
      const isOwn = answer.status === 304 || /json/.test(answer.headers.get('content-type') ?? '');
      if (!isOwn || answer.status === 429 || answer.status >= 500)
        throw new Error(`${url} was answered with ${answer.status}`);
      setServiceTime(answer);
      if (answer.status === 304) setState((known) => ({ ...known, offlineSince: null }));
      else if (answer.ok) {
        const status = (await answer.json()) as PatientStatus;
        etag = answer.headers.get('etag');
        show(status);
      } else setState({ ...NOTHING, isUnknown: true });
    };
    const read = (): void => {
      if (isReading || document.hidden) return;
      isReading = true;
      readOnce()
        .catch(() =>
          setState((known) => ({ ...known, offlineSince: known.offlineSince ?? serviceNow() })),
        )
        .finally(() => (isReading = false));
    };
    read();
    const timer = setInterval(read, READ_MS);
    document.addEventListener('visibilitychange', read);
    addEventListener('online', read);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', read);
      removeEventListener('online', read);
    };
  }, [ticket]);
  return [state, show];
}
