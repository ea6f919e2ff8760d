import type { WordKey } from '../words/en.ts';
import { Observable } from './observable.ts';

type Words = Partial<Record<WordKey, string>>;

/**
 * The languages by their codes: each with its own name and its words. A page loads the one that it shows. The service puts
 * the English words into a file that lacks them.
 */
export const LANGUAGES = {
  en: {
    name: 'English',
    load: (): Promise<Words> => import('../words/en.ts').then(({ en }) => en),
  },
  hi: { name: 'हिन्दी', load: (): Promise<Words> => import('../words/hi.ts').then(({ hi }) => hi) },
} as const;
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

// No module that imports this one runs before the words are there.
let words = await LANGUAGES[language.value].load();

/** Chooses a language, for this page and for all that are opened later. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  localStorage.setItem(STORED, chosen);
  words = await LANGUAGES[chosen].load();
  language.set(chosen);
}

/** The words of a key in the language of the page. `{name}` in the words is replaced by the value of that name. */
export function say(key: WordKey, values: Readonly<Record<string, string | number>> = {}): string {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** The words of a code that the service sends, such as a status; the code itself if there are none. */
export function sayCode(
  prefix: 'class' | 'status' | 'problem' | 'intake',
  code: string,
): string | undefined {
  const key = `${prefix}.${code}`;
  return Object.hasOwn(words, key) ? say(key as WordKey) : undefined;
}
