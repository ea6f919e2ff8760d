import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { call, type Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { whenOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { slotChoicesOf, useClasses } from './choices.ts';
import type { ClassName, DayProps, Slot } from './day.ts';
import { useSending, type Faults } from './faults.ts';
import { Field, givenOf, valuesOf, type InputEventOf } from './field.ts';
import { report } from './outcome.ts';
import { PatientHints, type Patient } from './patient-hints.ts';
import { peopleOf } from './people.ts';

const FIELDS = ['patient_id', 'patient_name', 'patient_type', 'slot_id'] as const;

/** What the user has chosen instead of the usual; null for the usual. */
interface Chosen {
  readonly type: string | null;
  readonly slot: string | null;
}

const NOBODY = { id: '', name: '' };
const USUAL: Chosen = { type: null, slot: null };

/** Books a patient with the doctor whose day is shown. Enter in any field sends it. */
export function BookingForm(day: DayProps): VNode {
  const { doctor, slots } = day;
  const form = useRef<HTMLFormElement>(null);
  const [patient, setPatient] = useState(NOBODY);
  const [chosen, setChosen] = useState(USUAL);
  const { faults, send, setFault } = useSending(FIELDS);
  const classes = useClasses();
  const type = chosen.type ?? classes.at(-1)?.value ?? '';
  const slot = chosen.slot ?? usualSlotOf(slots, type);
  const inputOf = (name: (typeof FIELDS)[number]): HTMLInputElement | null =>
    form.current?.querySelector<HTMLInputElement>(`[name=${name}]`) ?? null;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget as HTMLFormElement);
    const { patient_name = '' } = values;
    if (patient_name === '') {
      setFault('patient_name', say('desk.nameMissing'));
      inputOf('patient_name')?.focus();
      return;
    }
    await send(async () => {
      const { doctor_id } = doctor;
      const who = { patient_name, ...givenOf(values, 'patient_id') };
      const booked = await call('post', '/book', {
        body: { doctor_id, slot_id: slot, patient_type: type as ClassName, ...who },
      });
      reportBooking(booked, day);
      form.current?.reset();
      setPatient(NOBODY);
      setChosen(USUAL);
      inputOf('patient_id')?.focus();
    }, values);
  };
  /** Fills in the name of a known patient, unless the user has typed one. */
  const fillIn = (name: string): void => {
    const field = inputOf('patient_name');
    if (field?.value !== '') return;
    field.value = name;
    setPatient({ ...patient, name });
  };
  return html`<form class="panel booking" novalidate ref=${form} onSubmit=${submit}>
    <h3>${say('desk.book', { name: doctor.name })}</h3>
    <${PatientFields} faults=${faults} patient=${patient} onPatient=${setPatient} />
    <${PatientHints} ...${day} patient=${patient} slotId=${slot} onName=${fillIn} />
    <${Field}
      ...${{ form: 'book', name: 'patient_type', label: say('desk.class'), choices: classes }}
      initial=${type}
      fault=${faults.fields['patient_type']}
      onInput=${(event: InputEventOf) => setChosen({ ...chosen, type: event.currentTarget.value })}
    />
    <${Field}
      ...${{ form: 'book', name: 'slot_id', label: say('desk.slot'), choices: slotChoicesOf(slots, doctor.time_zone) }}
      initial=${slot}
      fault=${faults.fields['slot_id']}
      onInput=${(event: InputEventOf) => setChosen({ ...chosen, slot: event.currentTarget.value })}
    />
    <p class="fault" role="alert">${faults.form}</p>
    <button class="primary">${say('desk.bookButton')} <kbd>Enter</kbd></button>
  </form>`;
}

interface PatientFieldsProps {
  readonly faults: Faults;
  readonly patient: Patient;
  readonly onPatient: (patient: Patient) => void;
}

function PatientFields({ faults, patient, onPatient }: PatientFieldsProps): VNode {
  return html`<${Field}
      ...${{ form: 'book', name: 'patient_id', label: say('desk.patientId'), keys: 'Alt B' }}
      fault=${faults.fields['patient_id']}
      onInput=${(event: InputEventOf) =>
        onPatient({ ...patient, id: event.currentTarget.value.trim() })}
    />
    <${Field}
      ...${{ form: 'book', name: 'patient_name', label: say('desk.patientName') }}
      fault=${faults.fields['patient_name']}
      onInput=${(event: InputEventOf) =>
        onPatient({ ...patient, name: event.currentTarget.value.trim() })}
    />`;
}

/** The slot that is chosen for the user: the first with a free seat; for an emergency, the first. */
function usualSlotOf(slots: readonly Slot[], type: string): string {
  const open = slots.filter(({ status, intake }) => status === 'OPEN' && intake !== 'NONE');
  const free = open.find(
    ({ seats_left, intake }) => type === 'EMERGENCY' || (seats_left > 0 && intake === 'ALL'),
  );
  return (free ?? open[0])?.id ?? '';
}

function reportBooking(booked: Schemas['Booking'], { doctor, tokens }: DayProps): void {
  const { number, patient_name: name, start_time, waitlist_position: position } = booked;
  report({
    words:
      position === null
        ? say('desk.done.booked', { number, name, time: whenOf(start_time, doctor.time_zone) })
        : say('desk.done.waiting', { number, name, position }),
    token: booked,
    canUndo: false,
    people: peopleOf(booked, tokens),
    alternatives: booked.alternatives ?? [],
  });
}
