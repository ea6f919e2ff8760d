// Combining marks that a search ignores: the accents of Latin, Greek and Cyrillic letters, and the vowel points of Hebrew
// and Arabic. The vowel signs of Indic scripts stay, because without them two different names would be the same.
const ACCENTS = /[\u0300-\u036F\u0591-\u05C7\u064B-\u065F\u0670\u1AB0-\u1AFF\u1DC0-\u1DFF]/gu;

/** Letters that Unicode does not take apart into a letter and a mark. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ø: 'o', đ: 'd', ł: 'l', ħ: 'h', ð: 'd', þ: 'th', æ: 'ae', œ: 'oe' },
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** A name as a search compares it: without case, without accents, and with one space between words. */
export const searchedForm = (name: string): string =>
  name
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    // The upper case first, because ß and SS are equal without case.
    .toUpperCase()
    .toLowerCase()
    // The second time, because the change of case can bring an accent, as it does for the Turkish dotted I.
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    .replaceAll(LETTER, (letter) => LETTERS[letter] ?? letter)
    .replaceAll(/\s+/gu, ' ')
    .trim();
