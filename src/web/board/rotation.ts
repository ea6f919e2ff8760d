import { useEffect, useState } from 'preact/hooks';

/** Milliseconds for which a page of doctors is shown. */
const PAGE_MS = 12_000;

/** Splits a list into pages of almost equal length. */
export function pagesOf<T>(items: readonly T[], perPage: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / perPage);
  const length = Math.ceil(items.length / count);
  return Array.from({ length: count }, (_, page) =>
    items.slice(page * length, (page + 1) * length),
  );
}

/**
 * The number of the page that is shown, from 0. Every 12 s it is the next one.
 * @param wanted the page that must be shown now, for example because a patient is called on it; -1 for none
 */
export function useRotation(count: number, wanted: number): number {
  const [page, setPage] = useState(0);
  useEffect(() => {
    if (wanted >= 0) setPage(wanted);
    else if (count > 1) {
      const timer = setTimeout(() => setPage((page + 1) % count), PAGE_MS);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [page, count, wanted]);
  return Math.min(page, Math.max(count - 1, 0));
}
