import { useEffect, useRef, useState } from 'preact/hooks';
import type { Schemas } from '../lib/client.ts';
import { callersBetween } from './calls.ts';
import { chime } from './chime.ts';

type DoctorQueue = Schemas['DoctorQueue'];

/** Milliseconds for which a call is shown. */
const CALL_MS = 10_000;

/** The ids of the doctors who have just called a patient. A call is heard when it appears, if the board has a sound. */
export function useCalls(
  doctors: readonly DoctorQueue[] | null,
  hasSound: boolean,
): ReadonlySet<string> {
  const before = useRef<readonly DoctorQueue[] | null>(null);
  const [calls, setCalls] = useState<{ readonly ids: ReadonlySet<string> }>({ ids: new Set() });
  useEffect(() => {
    if (doctors === null) return;
    const callers = callersBetween(before.current, doctors);
    before.current = doctors;
    if (callers.length === 0) return;
    if (hasSound) chime();
    setCalls({ ids: new Set(callers) });
  }, [doctors]);
  useEffect(() => {
    if (calls.ids.size === 0) return;
    const timer = setTimeout(() => setCalls({ ids: new Set() }), CALL_MS);
    return () => clearTimeout(timer);
  }, [calls]);
  return calls.ids;
}
