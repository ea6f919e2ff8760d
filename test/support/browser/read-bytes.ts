import type { Page } from 'playwright-core';

/**
 * Collects the text of everything that a page receives from now on.
 * @returns gives all texts so far
 */
export function watchBytes(page: Page): () => Promise<string> {
  const texts: Promise<string>[] = [];
  // An answer of a page that was left meanwhile has no text any more.
  page.on('response', (answer) => void texts.push(answer.text().catch(() => '')));
  return async () => (await Promise.all(texts)).join('\n');
}
