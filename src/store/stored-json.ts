/**
 * The value of a stored JSON text.
 * @throws SyntaxError that quotes nothing of the text, because it may name a patient and the message may go to a log
 */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError('stored data is not JSON');
  }
}
