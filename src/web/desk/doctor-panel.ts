import type { VNode } from 'preact';
import { call, type Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { timeOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import type { DayProps } from './day.ts';
import { useSending, type Faults } from './faults.ts';
import { Field, givenOf, valuesOf } from './field.ts';
import { report } from './outcome.ts';
import { latePeopleOf, peopleOf } from './people.ts';
import { PlanForm, type PlanAnswer } from './plan-form.ts';
import { closingFields, dryRunOf } from './slot-panel.ts';

type Values = Readonly<Record<string, string>>;

/** A doctor's delay, break and leave. */
export function DoctorPanel(day: DayProps): VNode {
  return html`<h3>${day.doctor.name}</h3>
    <${DelayForm} ...${day} />
    <${BreakForm} ...${day} />
    <${LeaveForm} ...${day} />
    <${Leaves} ...${day} />`;
}

function DelayForm(day: DayProps): VNode {
  const { doctor_id, date, slots, name } = day.doctor;
  const send = async (values: Values, isDryRun: boolean): Promise<PlanAnswer> => {
    const minutes = Number(values['minutes']);
    const delayed = await call('post', '/doctors/{id}/delay', {
      path: { id: doctor_id },
      ...dryRunOf(isDryRun),
      body: { date, minutes },
    });
    return { slots: delayed.slots, people: latePeopleOf(delayed.slots, minutes) };
  };
  const fields = (faults: Faults): VNode =>
    html`<${Field}
      ...${{ form: 'delay', name: 'minutes', label: say('desk.minutesLate'), type: 'number', min: 0 }}
      initial=${String(slots.find(({ status }) => status === 'OPEN')?.delay_minutes ?? 0)}
      fault=${faults.fields['minutes']}
    />`;
  return html`<${PlanForm}
    ...${{ day, fields, send, title: say('desk.doctorLate'), names: ['minutes'] }}
    done=${({ minutes = '' }: Values) => say('desk.done.delayed', { name, minutes })}
  />`;
}

function BreakForm({ doctor }: DayProps): VNode {
  const { faults, send } = useSending(['minutes']);
  const pause = (minutes: number): Promise<void> =>
    send(async () => {
      const { until } = await call('post', '/doctors/{id}/break', {
        path: { id: doctor.doctor_id },
        body: { minutes },
      });
      const { name } = doctor;
      report({
        words:
          until === null
            ? say('desk.done.breakOver', { name })
            : say('desk.done.break', { name, time: timeOf(until, doctor.time_zone) }),
        token: null,
        canUndo: false,
        people: [],
      });
    });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const { minutes = '' } = valuesOf(event.currentTarget as HTMLFormElement);
    void pause(Number(minutes));
  };
  return html`<form class="act" novalidate onSubmit=${submit}>
    <h4>${say('desk.break')}</h4>
    <${Field}
      ...${{ form: 'break', name: 'minutes', label: say('desk.minutes'), type: 'number', min: 1 }}
      initial="15"
      fault=${faults.fields['minutes']}
    />
    <p class="fault" role="alert">${faults.form}</p>
    <button>${say('desk.startBreak')}</button>
    ${
      doctor.break_until === null
        ? null
        : html`<button type="button" onClick=${() => pause(0)}>${say('desk.endBreak')}</button>`
    }
  </form>`;
}

function LeaveForm(day: DayProps): VNode {
  const { doctor_id, date, name } = day.doctor;
  const send = async (values: Values, isDryRun: boolean): Promise<PlanAnswer> => {
    const { from = '', to = '', reason = '' } = values;
    const leave = await call('post', '/doctors/{id}/leave', {
      path: { id: doctor_id },
      ...dryRunOf(isDryRun),
      body: { from, to, reason, ...givenOf(values, 'move_to') },
    });
    const people = leave.slots.flatMap((slot) => peopleOf(slot, day.tokens));
    if (!isDryRun) return { slots: leave.slots, people };
    const { slots: before } = await call('get', '/schedule', { query: { doctor_id, from, to } });
    return { slots: leave.slots, before, people };
  };
  const dateField = (dateName: 'from' | 'to', faults: Faults): VNode =>
    html`<${Field}
      ...${{ form: 'leave', name: dateName, type: 'date', initial: date }}
      label=${say(`desk.${dateName}`)}
      fault=${faults.fields[dateName]}
    />`;
  const fields = (faults: Faults): VNode =>
    html`${dateField('from', faults)}${dateField('to', faults)}
    ${closingFields('leave', day, faults)}`;
  return html`<${PlanForm}
    ...${{ day, fields, send, title: say('desk.leave') }}
    names=${['from', 'to', 'reason', 'move_to']}
    done=${({ from = '', to = '' }: Values) => say('desk.done.leave', { name, from, to })}
  />`;
}

/** The leaves of the doctor, to be taken back. */
function Leaves({ doctor }: DayProps): VNode | null {
  const { doctor_id, name } = doctor;
  const { data, refresh } = useLive('schedule', '/doctors/{id}', { path: { id: doctor_id } });
  const { faults, send } = useSending([]);
  const end = (leave: Schemas['Leave']): Promise<void> =>
    send(async () => {
      await call('delete', '/doctors/{id}/leave/{leave_id}', {
        path: { id: doctor_id, leave_id: leave.id },
      });
      report({
        words: say('desk.done.leaveEnded', { name }),
        token: null,
        canUndo: false,
        people: [],
      });
      refresh();
    });
  const leaves = data?.leaves ?? [];
  return leaves.length === 0
    ? null
    : html`<h4>${say('desk.leaves')}</h4>
        <ul class="leaves">
          ${leaves.map(
            (leave) =>
              html`<li key=${leave.id}>
                ${leave.from} – ${leave.to}: ${leave.reason}
                <button type="button" onClick=${() => end(leave)}>${say('desk.endLeave')}</button>
              </li>`,
          )}
        </ul>
        <p class="fault" role="alert">${faults.form}</p>`;
}
