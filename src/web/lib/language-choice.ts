import type { VNode } from 'preact';
import { html } from './html.ts';
import { chooseLanguage, language, LANGUAGES, type Language } from './words.ts';

/** Buttons by which the user chooses a language. Each shows the name of its language in that language. */
export function LanguageChoice(): VNode {
  return html`<p class="languages">
    ${Object.entries(LANGUAGES).map(
      ([code, { name }]) =>
        html`<button
          type="button"
          lang=${code}
          aria-pressed=${code === language.value}
          onClick=${() => void chooseLanguage(code as Language)}
        >
          ${name}
        </button>`,
    )}
  </p>`;
}
