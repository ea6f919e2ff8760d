import type { VNode } from 'preact';
import type { Problem, Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { say } from '../lib/words.ts';
import { choose, datesOf, type Choice, type Doctors, type Span } from './choice.ts';

/** The dates that have a button. */
const SPANS = [
  { key: 'reports.today', days: 1, ago: 0 },
  { key: 'reports.yesterday', days: 1, ago: 1 },
  { key: 'reports.days7', days: 7, ago: 0 },
  { key: 'reports.days30', days: 30, ago: 0 },
] as const satisfies readonly (Span & { readonly key: string })[];

interface ChoiceFormProps {
  readonly choice: Choice;
  readonly today: string;
  readonly doctors: Doctors;
  readonly refusal: Problem | null;
  /** Reads the report again, also when the choice is the same. */
  readonly refresh: () => void;
}

/** What the page reports on, and what the service says against it. */
export function ChoiceForm({ choice, today, doctors, refusal, refresh }: ChoiceFormProps): VNode {
  const { from, to, doctor_id, department } = choice;
  const { errors = [] } = (refusal ?? {}) as { readonly errors?: readonly Schemas['Fault'][] };
  const faults = errors.map(({ pointer }) => pointer);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => values.get(name) as string;
    choose({ from: text('from'), to: text('to'), ...chosenOf(text('doctors')) });
    refresh();
  };
  // The fields are made anew when the choice changes, because their text belongs to the user until the form is sent.
  return html`<form key=${`${from} ${to}`} class="panel choice" onSubmit=${submit} novalidate>
    <div class="spans">
      ${SPANS.map((span) => {
        const dates = datesOf(span, today);
        return html`<button
          key=${span.key}
          type="button"
          aria-pressed=${dates.from === from && dates.to === to}
          onClick=${() => choose({ ...choice, ...dates })}
        >
          ${say(span.key)}
        </button>`;
      })}
    </div>
    <${DateField}
      name="from"
      label=${say('reports.from')}
      value=${from}
      isWrong=${faults.includes('/from')}
    />
    <${DateField}
      name="to"
      label=${say('reports.to')}
      value=${to}
      isWrong=${faults.includes('/to')}
    />
    <${DoctorField}
      doctors=${doctors}
      value=${valueOf({ doctor_id, department })}
      isWrong=${faults.includes('/department') || refusal?.code === 'doctor_not_found'}
    />
    <button class="primary">${say('reports.show')}</button>
  </form>`;
}

interface DateFieldProps {
  readonly name: 'from' | 'to';
  readonly label: string;
  readonly value: string;
  readonly isWrong: boolean;
}

const DateField = ({ name, label, value, isWrong }: DateFieldProps): VNode =>
  html`<div class="field">
    <label for=${name}>${label}</label>
    <input
      id=${name}
      name=${name}
      type="date"
      defaultValue=${value}
      aria-describedby="${name}-fault"
      aria-invalid=${isWrong}
    />
    <p id="${name}-fault" class="fault" role="alert">
      ${isWrong ? say(name === 'from' ? 'reports.fault.from' : 'reports.fault.to') : ''}
    </p>
  </div>`;

// One list names all doctors, those of a department, or one doctor, so that no choice contradicts another one.
type Chosen = Pick<Choice, 'doctor_id' | 'department'>;

const valueOf = ({ doctor_id, department }: Chosen): string =>
  doctor_id !== null
    ? `doctor ${doctor_id}`
    : department !== null
      ? `department ${department}`
      : '';

/** The doctors that a value of the list means. */
function chosenOf(value: string): Chosen {
  const [, kind, name = ''] = /^(doctor|department) (.*)$/.exec(value) ?? [];
  return {
    doctor_id: kind === 'doctor' ? name : null,
    department: kind === 'department' ? name : null,
  };
}

interface DoctorFieldProps {
  readonly doctors: Doctors;
  readonly value: string;
  readonly isWrong: boolean;
}

function DoctorField({ doctors: { active, retired }, value, isWrong }: DoctorFieldProps): VNode {
  const departments = Map.groupBy(active, ({ department }) => department ?? '');
  const named = [...departments.keys()].filter((name) => name !== '').sort();
  const others = departments.get('') ?? [];
  return html`<div class="field">
    <label for="doctors">${say('reports.doctors')}</label>
    <select
      id="doctors"
      name="doctors"
      value=${value}
      aria-describedby="doctors-fault"
      aria-invalid=${isWrong}
    >
      <option value="">${say('reports.allDoctors')}</option>
      ${named.map(
        (name) =>
          html`<optgroup key=${name} label=${name}>
            <option value=${valueOf({ doctor_id: null, department: name })}>
              ${say('reports.allOf', { department: name })}
            </option>
            <${DoctorOptions} doctors=${departments.get(name) ?? []} />
          </optgroup>`,
      )}
      <${DoctorGroup}
        label=${say('reports.noDepartment')}
        doctors=${others}
        isPlain=${named.length === 0}
      />
      <${DoctorGroup} label=${say('reports.retired')} doctors=${retired} isPlain=${false} />
    </select>
    <p id="doctors-fault" class="fault" role="alert">
      ${isWrong ? say('reports.fault.doctors') : ''}
    </p>
  </div>`;
}

interface DoctorsProps {
  readonly doctors: readonly Schemas['Doctor'][];
}

const DoctorOptions = ({ doctors }: DoctorsProps): VNode =>
  html`${doctors.map(
    ({ id, name }) =>
      html`<option key=${id} value=${valueOf({ doctor_id: id, department: null })}>
        ${name}
      </option>`,
  )}`;

interface DoctorGroupProps extends DoctorsProps {
  readonly label: string;
  /** Whether the doctors need no heading. */
  readonly isPlain: boolean;
}

function DoctorGroup({ label, doctors, isPlain }: DoctorGroupProps): VNode | null {
  if (doctors.length === 0) return null;
  const options = html`<${DoctorOptions} doctors=${doctors} />`;
  return isPlain ? options : html`<optgroup label=${label}>${options}</optgroup>`;
}
