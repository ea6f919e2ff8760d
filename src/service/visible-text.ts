import { FormatRegistry } from '@sinclair/typebox';

/** The format of a text that a person typed and another person reads. The validators of HTTP and of rosters know it. */
export const VISIBLE_TEXT = 'visible-text';

/**
 * A character that can be seen, by the properties of Unicode. Not seen are spaces, controls, what has no character, and
 * what fonts leave out (`Default_Ignorable_Code_Point`: fillers, joiners, variation selectors, tags). Unicode has no
 * property for the five characters at the end, which are drawn as a blank.
 */
const VISIBLE =
  /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Cn}\u2800\u{13441}\u{13442}\u{16FE4}\u{1D159}]/u;

/** Whether a text has at least one character that can be seen. */
export const isVisibleText = (text: string): boolean => VISIBLE.test(text);

FormatRegistry.Set(VISIBLE_TEXT, isVisibleText);
