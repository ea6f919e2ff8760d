import { readFileSync } from 'node:fs';

/** The root folder of the project. */
export const ROOT = new URL('../../', import.meta.url);

/** The text of a file, by its path from the root folder. */
export const readDocument = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8');

interface Line {
  readonly text: string;
  /** Whether the line belongs to a fenced block. The fences belong to it too. */
  readonly isCode: boolean;
}

function linesOf(markdown: string): Line[] {
  let isOpen = false;
  return markdown.split('\n').map((text) => {
    const isFence = text.startsWith('```');
    const isCode = isOpen || isFence;
    if (isFence) isOpen = !isOpen;
    return { text, isCode };
  });
}

/** The text outside fenced blocks. */
export const proseOf = (markdown: string): string =>
  linesOf(markdown)
    .filter(({ isCode }) => !isCode)
    .map(({ text }) => text)
    .join('\n');

/** The titles of all headings of a level, 1 to 6. */
export const headingsOf = (markdown: string, level: number): string[] =>
  proseOf(markdown)
    .split('\n')
    .filter((text) => text.startsWith(`${'#'.repeat(level)} `))
    .map((text) => text.slice(level + 1));

/** The text under a heading, up to the next heading of the same or a higher level. */
export function sectionOf(markdown: string, heading: string): string {
  const lines = linesOf(markdown);
  const first = lines.findIndex(({ text, isCode }) => !isCode && text === heading);
  if (first === -1) throw new Error(`there is no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const length = lines.slice(first + 1).findIndex(({ text, isCode }) => {
    const depth = /^(#+) /.exec(text)?.[1]?.length;
    return !isCode && depth !== undefined && depth <= level;
  });
  const end = length === -1 ? lines.length : first + 1 + length;
  return lines
    .slice(first + 1, end)
    .map(({ text }) => text)
    .join('\n');
}

/** The rows of all tables, without the header rows, as trimmed cells. */
export function rowsOf(markdown: string): string[][] {
  const lines = proseOf(markdown).split('\n');
  return lines.flatMap((text, index) => {
    const isHead = /^\| ?-+/.test(lines[index + 1] ?? '');
    if (!text.startsWith('|') || isHead || /^\| ?-+/.test(text)) return [];
    return [
      text
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ];
  });
}

/** The texts in backticks. */
export const codesIn = (text = ''): string[] =>
  Array.from(text.matchAll(/`([^`\n]+)`/g), ([, code = '']) => code);

/** The fenced blocks of a language. */
export const blocksOf = (markdown: string, language: string): string[] =>
  Array.from(
    markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')),
    ([, block = '']) => block,
  );

/** The anchor that GitHub gives a heading. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
