import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { html } from '../lib/html.ts';

/** Shows the keys of a shortcut. */
export const Keys = ({ keys }: { readonly keys: string }): VNode => html`<kbd>${keys}</kbd>`;

/** The elements that shortcuts with Alt lead to, by the letter. A button is pressed, a field gets the focus. */
const TARGETS = {
  n: '#number-number',
  b: '#book-patient_id',
  f: '#find-name',
  d: '#doctors button[aria-current="true"]',
  l: '#day [data-token]',
  c: '#call-next button',
  p: '#print-slip',
  u: '#undo-last',
  t: '#to-tell input',
  o: '#doctor-button',
} as const;

/**
 * Alt and a letter leads to a part of the desk, from wherever the focus is. A letter alone would be typed into the field
 * that has the focus, and users of speech input press letters by accident (WCAG 2.1.4).
 */
export function useShortcuts(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (!event.altKey || event.ctrlKey || event.metaKey) return;
      // The code, because Alt with a letter types another character on some keyboards.
      const letter = event.code.replace('Key', '').toLowerCase();
      if (!(letter in TARGETS)) return;
      const element = document.querySelector<HTMLElement>(TARGETS[letter as keyof typeof TARGETS]);
      if (element === null) return;
      event.preventDefault();
      element.focus();
      if (element instanceof HTMLInputElement) element.select();
      if (PRESSED.includes(letter)) element.click();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

/** The letters that press their button. */
const PRESSED: readonly string[] = ['c', 'p', 'o'];
