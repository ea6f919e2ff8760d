import type { ComponentChildren, VNode } from 'preact';
import { html } from '../lib/html.ts';
import { Keys } from './shortcuts.ts';

/** A choice of a field. */
export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface FieldProps {
  /** A part of the id, because two forms may have a field of the same name. */
  readonly form: string;
  readonly name: string;
  readonly label: string;
  /** What is wrong with the value; undefined or empty for nothing. */
  readonly fault?: string | undefined;
  /** The shortcut that leads to the field. */
  readonly keys?: string;
  readonly type?: string;
  /** The value at first. */
  readonly initial?: string;
  /** With choices, the field is a list to choose from. */
  readonly choices?: readonly Choice[];
  readonly min?: number;
  readonly max?: number;
  readonly onInput?: (event: InputEventOf) => void;
  readonly wide?: boolean;
  readonly children?: ComponentChildren;
}

export interface InputEventOf {
  readonly currentTarget: HTMLInputElement | HTMLSelectElement;
}

/** A field with its label, and what is wrong with it in words below it. */
export function Field(props: FieldProps): VNode {
  const { form, name, label, fault = '', keys, choices, wide = false, children } = props;
  const id = `${form}-${name}`;
  return html`<div class=${wide ? 'field wide' : 'field'}>
    <label for=${id}>${label} ${keys === undefined ? null : html`<${Keys} keys=${keys} />`}</label>
    ${
      choices === undefined
        ? html`<${TextInput} ...${props} id=${id} />`
        : html`<${ChoiceInput} ...${props} id=${id} />`
    }
    ${children}
    <p id="${id}-fault" class="fault" role="alert">${fault}</p>
  </div>`;
}

type InputProps = FieldProps & { readonly id: string };

function TextInput({ id, name, fault = '', type, initial, min, max, onInput }: InputProps): VNode {
  return html`<input
    id=${id}
    name=${name}
    type=${type ?? 'text'}
    min=${min}
    max=${max}
    defaultValue=${initial ?? ''}
    autocomplete="off"
    spellcheck=${false}
    aria-describedby="${id}-fault"
    aria-invalid=${fault !== ''}
    onInput=${onInput}
  />`;
}

function ChoiceInput({ id, name, fault = '', initial, choices = [], onInput }: InputProps): VNode {
  return html`<select
    id=${id}
    name=${name}
    aria-describedby="${id}-fault"
    aria-invalid=${fault !== ''}
    onChange=${onInput}
    onKeyDown=${sendOnEnter}
  >
    ${choices.length === 0 ? html`<option value="">–</option>` : null}
    ${choices.map(
      ({ value, label }) =>
        html`<option key=${value} value=${value} selected=${value === initial}>${label}</option>`,
    )}
  </select>`;
}

/** Enter sends the form from a list of choices too, where browsers would open the list. */
function sendOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  (event.currentTarget as HTMLSelectElement).form?.requestSubmit();
}

/** The values of a form by the names of its fields, without blanks at their ends. */
export const valuesOf = (form: HTMLFormElement): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from(new FormData(form), ([name, value]) => [
      name,
      typeof value === 'string' ? value.trim() : '',
    ]),
  );

/** The values that are not empty, because the service refuses an empty text. */
export const givenOf = <Name extends string>(
  values: Readonly<Record<string, string>>,
  ...names: readonly Name[]
): Partial<Record<Name, string>> =>
  Object.fromEntries(
    names.flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
  ) as Partial<Record<Name, string>>;
