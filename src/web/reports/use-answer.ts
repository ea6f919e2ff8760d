import { useEffect, useState } from 'preact/hooks';
import {
  readText,
  RefusedError,
  urlOf,
  type AnswerOf,
  type PathOf,
  type Problem,
  type Sent,
} from '../lib/client.ts';

/** The state of a read that is made once. */
export interface AnswerState<T> {
  /** The last answer; null before the first. */
  readonly data: T | null;
  /** Why the service has refused the last request; null when it has not. */
  readonly refusal: Problem | null;
  /** Whether the last request got no answer. */
  readonly isAway: boolean;
  readonly isReading: boolean;
}

/** Reads something once, and again when it changes or `refresh` is called. A report is not read every second, because it is a large read. */
export function useAnswer<P extends PathOf<'get'>>(
  path: P,
  ...sent: Sent<'get', P>
): AnswerState<AnswerOf<'get', P>> & { readonly refresh: () => void } {
  const url = urlOf(path, sent[0]);
  const [count, setCount] = useState(0);
  const [state, setState] = useState<AnswerState<AnswerOf<'get', P>>>({
    ...{ data: null, refusal: null, isAway: false, isReading: true },
  });
  useEffect(() => {
    let isOver = false;
    const show = (next: Partial<AnswerState<AnswerOf<'get', P>>>): void => {
      if (!isOver) setState((before) => ({ ...before, ...next }));
    };
    show({ isReading: true });
    readText(path, ...sent).then(
      (text) =>
        show({
          data: JSON.parse(text) as AnswerOf<'get', P>,
          ...{ refusal: null, isAway: false, isReading: false },
        }),
      (error: unknown) => {
        const refusal = error instanceof RefusedError ? error.problem : null;
        show({ refusal, isAway: refusal === null, isReading: false });
      },
    );
    return () => {
      isOver = true;
    };
  }, [url, count]);
  return { ...state, refresh: () => setCount((before) => before + 1) };
}
