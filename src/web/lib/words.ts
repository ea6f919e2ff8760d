import { en, type WordKey } from '../words/en.ts';
import { hi } from '../words/hi.ts';
import { Observable } from './observable.ts';

/** The languages by their codes: each with its own name and its words. A word that a language lacks is shown in English. */
export const LANGUAGES = {
  en: { name: 'English', words: en },
  hi: { name: 'हिन्दी', words: hi },
} as const satisfies Readonly<
  Record<string, { readonly name: string; readonly words: Partial<Record<WordKey, string>> }>
>;
export type Language = keyof typeof LANGUAGES;

const STORED = 'opd-language';

const isLanguage = (code: string | null | undefined): code is Language =>
  Object.hasOwn(LANGUAGES, code ?? '');

/** The language of the page: of its URL (`?lang=hi`), else as it was chosen before, else of the browser. */
function firstLanguage(): Language {
  const wanted = [
    new URLSearchParams(location.search).get('lang'),
    localStorage.getItem(STORED),
    ...navigator.languages.map((code) => code.slice(0, 2)),
  ];
  return wanted.find(isLanguage) ?? 'en';
}

/** The language of the page. */
export const language = new Observable<Language>(firstLanguage());

/** Chooses a language, for this page and for all that are opened later. */
export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(STORED, chosen);
  language.set(chosen);
}

/** The words of a key in the language of the page. `{name}` in the words is replaced by the value of that name. */
export function say(key: WordKey, values: Readonly<Record<string, string | number>> = {}): string {
  const words: Partial<Record<WordKey, string>> = LANGUAGES[language.value].words;
  return (words[key] ?? en[key]).replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name] ?? ''),
  );
}

/** The words of a code that the service sends, such as a status; the code itself if there are none. */
export function sayCode(
  prefix: 'class' | 'status' | 'problem' | 'intake',
  code: string,
): string | undefined {
  const key = `${prefix}.${code}`;
  return Object.hasOwn(en, key) ? say(key as WordKey) : undefined;
}
