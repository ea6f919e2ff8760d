import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { say } from '../lib/words.ts';
import { slotChoicesOf } from './choices.ts';
import { timeZoneOf, type DayProps } from './day.ts';
import { Field, type Choice, type InputEventOf } from './field.ts';

type SlotChoiceProps = DayProps & {
  readonly form: string;
  /** Of the field that has the id of the slot. */
  readonly name: string;
  readonly label: string;
  readonly fault: string | undefined;
  /** The id of a slot that cannot be chosen. */
  readonly except?: string;
  /** The words of the choice of no slot; without them, a slot must be chosen. */
  readonly none?: string;
};

/** Chooses an open slot of any doctor and date. */
export function SlotChoice(props: SlotChoiceProps): VNode {
  const { form, name, label, fault, doctor, doctors, except, none } = props;
  /** The id of the slot that the user has chosen; null for the usual one, the first with a free seat. */
  const [chosen, setChosen] = useState<string | null>(null);
  const [doctorId, setDoctor] = useState(doctor.doctor_id);
  const [date, setDate] = useState(doctor.date);
  const { data } = useLive('schedule', '/schedule', { query: { doctor_id: doctorId, date } });
  const slots = (data?.slots ?? []).filter(({ id }) => id !== except);
  const choices: readonly Choice[] = [
    ...(none === undefined ? [] : [{ value: '', label: none }]),
    ...slotChoicesOf(slots, timeZoneOf(doctors, doctorId)),
  ];
  const free = slots.find(({ status, seats_left }) => status === 'OPEN' && seats_left > 0);
  const usual = (none === undefined ? free?.id : '') ?? choices[0]?.value ?? '';
  return html`<${Field}
      ...${{ form, name, label, fault, choices, wide: true }}
      initial=${choices.some(({ value }) => value === chosen) ? chosen : usual}
      onInput=${({ currentTarget }: InputEventOf) => setChosen(currentTarget.value)}
    />
    <${Field}
      ...${{ form, name: `${name}-doctor`, label: say('desk.doctor'), initial: doctorId }}
      choices=${doctors.map((each) => ({ value: each.doctor_id, label: each.name }))}
      onInput=${({ currentTarget }: InputEventOf) => setDoctor(currentTarget.value)}
    />
    <${Field}
      ...${{ form, name: `${name}-date`, label: say('desk.date'), initial: date, type: 'date' }}
      onInput=${({ currentTarget }: InputEventOf) =>
        currentTarget.value && setDate(currentTarget.value)}
    />`;
}
