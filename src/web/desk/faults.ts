import { useRef, useState } from 'preact/hooks';
import { RefusedError, type Problem, type Schemas } from '../lib/client.ts';
import { say, sayCode } from '../lib/words.ts';

/** What is wrong with a form, in words for the user. */
export interface Faults {
  /** By the names of the fields. */
  readonly fields: Readonly<Record<string, string>>;
  /** What belongs to no field; empty for nothing. */
  readonly form: string;
  readonly code: Problem['code'] | null;
}

const NO_FAULTS: Faults = { fields: {}, form: '', code: null };

/** The field whose value causes a refusal. */
const FIELD_OF_CODE: Partial<Record<Problem['code'], readonly string[]>> = {
  duplicate_booking: ['patient_id', 'slot_id'],
  slot_not_found: ['slot_id', 'move_to'],
  slot_ended: ['slot_id', 'move_to'],
  slot_closed: ['slot_id', 'move_to'],
  waitlist_full: ['slot_id', 'move_to'],
  intake_closed: ['slot_id', 'move_to'],
  capacity_below_seated: ['capacity'],
};

/** The members that some problems have beside the common ones. */
interface ProblemFacts {
  readonly errors?: readonly Schemas['Fault'][];
  readonly roles?: readonly string[];
}

/** The words of a refusal. The service's own words stand where the language has none. */
export function problemInWords(problem: Problem): string {
  const { roles = [] } = problem as Problem & ProblemFacts;
  if (problem.code === 'forbidden') return say('desk.forbidden', { roles: roles.join(', ') });
  return sayCode('problem', problem.code) ?? problem.detail;
}

/** Says what is wrong beside the field that causes it, if the form has this field. */
export function faultsOf(
  error: unknown,
  names: readonly string[],
  values: Readonly<Record<string, string>> = {},
): Faults {
  if (!(error instanceof RefusedError)) return { ...NO_FAULTS, form: say('desk.unanswered') };
  const { problem } = error;
  const { code } = problem;
  const { errors = [] } = problem as Problem & ProblemFacts;
  const named = errors
    .map(({ pointer, detail }) => {
      const name = pointer.split('/')[1] ?? '';
      return [name, values[name] === '' ? say('desk.missing') : detail] as const;
    })
    .filter(([name]) => names.includes(name));
  if (named.length > 0) return { fields: Object.fromEntries(named), form: '', code };
  const words = errors[0]?.detail ?? problemInWords(problem);
  const field = FIELD_OF_CODE[code]?.find((name) => names.includes(name));
  return field === undefined
    ? { fields: {}, form: words, code }
    : { fields: { [field]: words }, form: '', code };
}

/** The sending of a form. */
export interface Sending {
  readonly faults: Faults;
  /** Sends, and shows the faults of a refusal. A second call while the first is not answered does nothing. */
  readonly send: (
    command: () => Promise<void>,
    values?: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** Shows a fault of a field, before anything is sent. */
  readonly setFault: (name: string, words: string) => void;
}

/** @param names of the form's fields */
export function useSending(names: readonly string[]): Sending {
  const [faults, setFaults] = useState(NO_FAULTS);
  const isSending = useRef(false);
  const send: Sending['send'] = async (command, values) => {
    if (isSending.current) return;
    isSending.current = true;
    try {
      await command();
      setFaults(NO_FAULTS);
    } catch (error) {
      setFaults(faultsOf(error, names, values));
    } finally {
      isSending.current = false;
    }
  };
  const setFault = (name: string, words: string): void =>
    setFaults({ fields: { [name]: words }, form: '', code: null });
  return { faults, send, setFault };
}
