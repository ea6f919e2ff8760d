import { isUtf8 } from 'node:buffer';

/** The end of a sentence that begins with the name of a file for which `utf8TextOf` gives null. */
export const NOT_UTF8 =
  'is not written in UTF-8. Save it again with the encoding UTF-8; some editors call this choice "Unicode (UTF-8)".';

/**
 * The text of a file in UTF-8, without the byte order mark that some editors put before it; null if the file is not in
 * UTF-8. Without this check each byte that is not UTF-8 would become U+FFFD in a name.
 */
export const utf8TextOf = (bytes: Buffer): string | null =>
  isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : null;
