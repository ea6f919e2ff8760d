import { pointerStep, type Fault } from './fault-words.ts';

/** A string, a bracket, a comma, a colon, or anything else that JSON has between them. */
const PART = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:\s]+/g;

/** Characters of a pointer to an object, at most. A fault in an object further inside has the pointer of the outer one. */
const POINTER_LENGTH_MAX = 500;

/** An object or a list whose end is not reached yet. */
interface Container {
  readonly pointer: string;
  /** The fields of an object so far; undefined for a list. */
  readonly fields: Set<string> | undefined;
  /** The field of the object, or the place in the list, whose value comes next. */
  step: string | number;
}

/**
 * The fields that a JSON text gives twice in one object; `JSON.parse` keeps only the last value of each.
 * Nearly no text has such a field, so cheap tests come first: every field has one colon outside strings, and the parsed
 * value has fewer fields than the text exactly if a field was given twice. Most texts have no other colons.
 * @param text valid JSON
 * @param value what `JSON.parse` makes of it
 */
export function duplicateFieldsOf(text: string, value: unknown): Fault[] {
  const fields = fieldsOf(value);
  return colonsIn(text) === fields || fieldsIn(text) === fields ? [] : findDuplicates(text);
}

function colonsIn(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) colons += 1;
  return colons;
}

/** How many fields the objects of a JSON text have, without regard to their names. */
function fieldsIn(text: string): number {
  let fields = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') isInString = !isInString;
    else if (isInString) at += char === '\\' ? 1 : 0;
    else if (char === ':') fields += 1;
  }
  return fields;
}

/** How many fields the objects of a parsed value have. */
function fieldsOf(value: unknown): number {
  let fields = 0;
  // A list and not a recursion, because a body of brackets can be deeper than the stack.
  const containers = typeof value === 'object' ? [value] : [];
  for (const container of containers) {
    const values = Object.values(container ?? {}) as unknown[];
    if (!Array.isArray(container)) fields += values.length;
    for (const each of values) if (typeof each === 'object') containers.push(each);
  }
  return fields;
}

function findDuplicates(text: string): Fault[] {
  const faults: Fault[] = [];
  const open: Container[] = [];
  let previous = '';
  for (const [part] of text.matchAll(PART)) {
    const container = open.at(-1);
    if (part === '{' || part === '[') open.push(containerIn(container, part));
    else if (part === '}' || part === ']') open.pop();
    else if (part === ',' && typeof container?.step === 'number') container.step += 1;
    else if (part === ':' && container?.fields !== undefined) {
      const field = JSON.parse(previous) as string;
      if (container.fields.has(field)) faults.push(faultOf(field, container));
      container.fields.add(field);
      container.step = field;
    }
    previous = part;
  }
  return faults;
}

function containerIn(parent: Container | undefined, bracket: '{' | '['): Container {
  const pointer = parent === undefined ? '' : parent.pointer + pointerStep(String(parent.step));
  return {
    pointer: pointer.length > POINTER_LENGTH_MAX && parent !== undefined ? parent.pointer : pointer,
    ...(bracket === '{' ? { fields: new Set(), step: '' } : { fields: undefined, step: 0 }),
  };
}

const faultOf = (field: string, { pointer }: Container): Fault => ({
  pointer: pointer + pointerStep(field),
  detail: 'must be given once',
});
