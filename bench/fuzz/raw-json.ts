/** A part of a JSON text that is no value of JavaScript, such as `1e400` or an object with a field given twice. */
export class RawJson {
  readonly text: string;
  /** Whether an object in it has a field twice, of which JavaScript's parser keeps only one. */
  readonly repeatsField: boolean;

  constructor(text: string, { repeatsField = false } = {}) {
    this.text = text;
    this.repeatsField = repeatsField;
  }
}

/** Writes a value as JSON. A `RawJson` in it is written as it is. */
export function jsonText(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`,
  );
  return `{${members.join(',')}}`;
}

/** Whether an object in a value has a field twice. */
export function repeatsField(value: unknown): boolean {
  if (value instanceof RawJson) return value.repeatsField;
  return typeof value === 'object' && value !== null && Object.values(value).some(repeatsField);
}
