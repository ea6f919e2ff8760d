import { authorization, urlOf } from '../lib/client.ts';
import { queryOf, type Choice } from './choice.ts';

/** Milliseconds within which the table must come. */
const ANSWER_MS = 60_000;
/** The byte order mark. A file has no media type that names its character set, and Excel takes one without the mark for another set. */
const MARK = '\uFEFF';

/**
 * Saves the report as a file in CSV, as the service makes it.
 * @returns whether the service has answered with a table
 */
export async function download(choice: Choice): Promise<boolean> {
  try {
    const answer = await fetch(urlOf('/reports/range', { query: queryOf(choice) }), {
      headers: { accept: 'text/csv', ...authorization() },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!answer.headers.get('content-type')?.startsWith('text/csv')) return false;
    const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1];
    save(new Blob([MARK, await answer.text()], { type: 'text/csv' }), name ?? 'opd-report.csv');
    return true;
  } catch {
    return false;
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
