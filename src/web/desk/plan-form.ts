import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { timeOf, whenOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import type { DayProps } from './day.ts';
import { useSending, type Faults } from './faults.ts';
import { valuesOf } from './field.ts';
import { report } from './outcome.ts';
import type { Person, PlacedToken } from './people.ts';
import { PatientName } from './person-line.ts';
import {
  planOf,
  type Plan,
  type PlannedSlot,
  type SlotAfter,
  type SlotChange,
  type TokenChange,
} from './plan.ts';

/** Milliseconds for which a new plan is not executed: a key that is pressed twice must not close a slot unseen. */
const READ_MS = 700;

type Values = Readonly<Record<string, string>>;

/** What the service answers to an act on slots. */
export interface PlanAnswer {
  readonly slots: readonly SlotAfter[];
  /** The slots as they are now, where they are not those of the day. */
  readonly before?: readonly PlannedSlot[];
  readonly people: readonly Person[];
}

interface PlanFormProps {
  readonly day: DayProps;
  readonly title: string;
  /** The names of the fields. */
  readonly names: readonly string[];
  /** Makes the fields, with what is wrong with them. */
  readonly fields: (faults: Faults) => ComponentChildren;
  /** Sends the act; a dry run changes nothing. */
  readonly send: (values: Values, isDryRun: boolean) => Promise<PlanAnswer>;
  /** The words when it is done. */
  readonly done: (values: Values) => string;
}

/** An act on slots: its dry run is shown as a list of before and after, and a second Enter does it. */
export function PlanForm({ day, title, names, fields, send, done }: PlanFormProps): VNode {
  const sending = useSending(names);
  const [planned, setPlanned] = useState<{ values: Values; plan: Plan } | null>(null);
  const confirm = useRef<HTMLButtonElement>(null);
  const [isReady, setReady] = useState(false);
  useLayoutEffect(() => {
    confirm.current?.focus();
    setReady(false);
    const timer = setTimeout(() => setReady(true), READ_MS);
    return () => clearTimeout(timer);
  }, [planned]);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget as HTMLFormElement);
    await sending.send(async () => {
      const { slots, before = day.slots } = await send(values, true);
      setPlanned({ values, plan: planOf(before, slots) });
    }, values);
  };
  const execute = (): Promise<void> =>
    sending.send(async () => {
      if (planned === null || !isReady) return;
      const { people } = await send(planned.values, false);
      report({ words: done(planned.values), token: null, canUndo: false, people });
      setPlanned(null);
    });
  return html`<form class="act" novalidate onSubmit=${submit} onInput=${() => setPlanned(null)}>
    <h4>${title}</h4>
    ${fields(sending.faults)}
    <p class="fault" role="alert">${sending.faults.form}</p>
    <button>${say('desk.preview')}</button>
    ${
      planned === null
        ? null
        : html`<p role="status">
              ${
                planned.plan.tokens.length === 0
                  ? say('desk.nobodyAffected')
                  : say('desk.affected', { count: planned.plan.tokens.length })
              }
            </p>
            <div class="plan" role="group" tabindex="0" aria-label=${title}>
              <${PlanList} ...${planned.plan} timeZone=${day.doctor.time_zone} />
            </div>
            <button
              class="primary"
              type="button"
              ref=${confirm}
              aria-disabled=${!isReady}
              onClick=${execute}
            >
              ${say('desk.confirm')} <kbd>Enter</kbd>
            </button>`
    }
  </form>`;
}

function PlanList({ slots, tokens, timeZone }: Plan & InZone): VNode {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">${say('desk.what')}</th>
        <th scope="col">${say('desk.before')}</th>
        <th scope="col">${say('desk.after')}</th>
      </tr>
    </thead>
    <tbody>
      ${slots.map((change) => html`<${SlotRow} key=${change.after.id} ...${change} timeZone=${timeZone} />`)}
      ${tokens.map((change) => html`<${TokenRow} key=${change.tokenId} ...${change} timeZone=${timeZone} />`)}
    </tbody>
  </table>`;
}

interface InZone {
  readonly timeZone: string;
}

function SlotRow({ before, after, timeZone }: SlotChange & InZone): VNode {
  return html`<tr>
    <th scope="row">${whenOf(after.start_time, timeZone)}–${timeOf(after.end_time, timeZone)}</th>
    <td>${before === null ? '–' : slotInWords(before, timeZone)}</td>
    <td>${slotInWords(after, timeZone)}</td>
  </tr>`;
}

/** The state of a slot: when it sits, how full it is, and whom it takes. */
const slotInWords = (slot: PlannedSlot, timeZone: string): string =>
  [
    slot.status === 'OPEN' ? timeOf(slot.expected_start_time, timeZone) : say('desk.closed'),
    say('desk.seats', { seated: slot.seated, capacity: slot.capacity }),
    ...(slot.waiting > 0 ? [say('desk.waitCount', { count: slot.waiting })] : []),
    ...(slot.intake === 'ALL' ? [] : [sayCode('intake', slot.intake) ?? slot.intake]),
  ].join(' · ');

function TokenRow(change: TokenChange & InZone): VNode {
  const { tokenId, number, before, after, bumpedTo, timeZone } = change;
  return html`<tr>
    <th scope="row"><b class="number">${number}</b> <${PatientName} tokenId=${tokenId} /></th>
    <td>${before === null ? '–' : placeInWords(before, timeZone)}</td>
    <td>
      ${after === null ? say('desk.position', { position: bumpedTo ?? '?' }) : placeInWords(after, timeZone)}
    </td>
  </tr>`;
}

const placeInWords = (
  { status, start_time, waitlist_position }: PlacedToken,
  timeZone: string,
): string =>
  status === 'CANCELLED'
    ? say('status.CANCELLED')
    : `${whenOf(start_time, timeZone)} · ${
        waitlist_position === null
          ? (sayCode('status', status) ?? status)
          : say('desk.position', { position: waitlist_position })
      }`;
