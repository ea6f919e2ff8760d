import type { VNode } from 'preact';
import { call, type Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { titleOf, type DayProps, type Slot } from './day.ts';
import { useSending, type Faults } from './faults.ts';
import { Field, givenOf, valuesOf } from './field.ts';
import { report } from './outcome.ts';
import { peopleOf } from './people.ts';
import { PlanForm, type PlanAnswer } from './plan-form.ts';
import { SlotChoice } from './slot-choice.ts';

type SlotPanelProps = DayProps & { readonly slot: Slot };
type Values = Readonly<Record<string, string>>;

const INTAKES: readonly Schemas['Intake'][] = ['ALL', 'EMERGENCY', 'NONE'];

export const dryRunOf = (isDryRun: boolean): { query: { dry_run: 'true' | 'false' } } => ({
  query: { dry_run: isDryRun ? 'true' : 'false' },
});

/** A slot, and what can be done with it: seats, delay, intake, close and reopen. */
export function SlotPanel({ slot, ...day }: SlotPanelProps): VNode {
  const title = titleOf(slot, day);
  return html`<h3>${title}</h3>
    ${
      slot.status === 'CLOSED'
        ? html`<${ReopenForm} slot=${slot} ...${day} />`
        : html`<${ReviseForm} slot=${slot} ...${day} title=${title} />
            <${CloseForm} slot=${slot} ...${day} title=${title} />`
    }`;
}

type SlotFormProps = SlotPanelProps & { readonly title: string };

function ReviseForm({ slot, title, ...day }: SlotFormProps): VNode {
  const send = async (values: Values, isDryRun: boolean): Promise<PlanAnswer> => {
    const revised = await call('patch', '/slots/{id}', {
      path: { id: slot.id },
      ...dryRunOf(isDryRun),
      body: {
        capacity: Number(values['capacity']),
        delay_minutes: Number(values['delay_minutes']),
        intake: values['intake'] as Schemas['Intake'],
      },
    });
    return { slots: [revised], people: peopleOf(revised, day.tokens) };
  };
  const fields = (faults: Faults): VNode =>
    html`<${Field}
        ...${{ form: 'slot', name: 'capacity', label: say('desk.capacity'), type: 'number', min: 1 }}
        initial=${String(slot.capacity)}
        fault=${faults.fields['capacity']}
      />
      <${Field}
        ...${{ form: 'slot', name: 'delay_minutes', label: say('desk.delay'), type: 'number', min: 0 }}
        initial=${String(slot.delay_minutes)}
        fault=${faults.fields['delay_minutes']}
      />
      <${Field}
        ...${{ form: 'slot', name: 'intake', label: say('desk.intake') }}
        choices=${INTAKES.map((value) => ({ value, label: say(`intake.${value}`) }))}
        initial=${slot.intake}
        fault=${faults.fields['intake']}
      />`;
  return html`<${PlanForm}
    ...${{ day, fields, send, title: say('desk.seatsAndTimes') }}
    names=${['capacity', 'delay_minutes', 'intake']}
    done=${() => say('desk.done.revised', { slot: title })}
  />`;
}

function CloseForm({ slot, title, ...day }: SlotFormProps): VNode {
  const send = async (values: Values, isDryRun: boolean): Promise<PlanAnswer> => {
    const closed = await call('post', '/slots/{id}/close', {
      path: { id: slot.id },
      ...dryRunOf(isDryRun),
      body: { reason: values['reason'] ?? '', ...givenOf(values, 'move_to') },
    });
    return { slots: [closed], people: peopleOf(closed, day.tokens) };
  };
  return html`<${PlanForm}
    ...${{ day, send, title: say('desk.closeSlot') }}
    names=${['reason', 'move_to']}
    fields=${(faults: Faults) => closingFields('close', day, faults, slot.id)}
    done=${() => say('desk.done.closed', { slot: title })}
  />`;
}

/** The fields of an act that closes slots. */
export const closingFields = (
  form: string,
  day: DayProps,
  faults: Faults,
  except?: string,
): VNode =>
  html`<${Field}
      ...${{ form, name: 'reason', label: say('desk.reason'), wide: true }}
      fault=${faults.fields['reason']}
    />
    <${SlotChoice}
      ...${{ ...day, form, name: 'move_to', label: say('desk.moveTo'), none: say('desk.moveNowhere') }}
      except=${except}
      fault=${faults.fields['move_to']}
    />`;

function ReopenForm({ slot, doctor }: SlotPanelProps): VNode {
  const { faults, send } = useSending(['reason']);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget as HTMLFormElement);
    await send(async () => {
      const { affected } = await call('post', '/slots/{id}/reopen', {
        path: { id: slot.id },
        body: { reason: values['reason'] ?? '' },
      });
      report({
        words: say('desk.done.reopened', { slot: timeOf(slot.start_time, doctor.time_zone) }),
        token: null,
        canUndo: false,
        people: affected.map(({ id, number, status }) => ({
          tokenId: id,
          number,
          news: { kind: 'reopened' },
          isHere: status === 'CHECKED_IN',
        })),
      });
    }, values);
  };
  return html`<form class="act" novalidate onSubmit=${submit}>
    <${Field}
      ...${{ form: 'reopen', name: 'reason', label: say('desk.reason'), wide: true }}
      fault=${faults.fields['reason']}
    />
    <p class="fault" role="alert">${faults.form}</p>
    <button class="primary">${say('desk.reopen')} <kbd>Enter</kbd></button>
  </form>`;
}
