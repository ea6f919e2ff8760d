import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { say, sayCode } from '../lib/words.ts';
import type { DayProps, Token } from './day.ts';
import { useSending } from './faults.ts';
import { Field, valuesOf, type InputEventOf } from './field.ts';
import { runTokenAct } from './token-acts.ts';
import { show } from './view.ts';

/** Checks a patient in by the printed number. While the number is typed, the patient's name is shown. */
export function NumberForm(day: DayProps): VNode {
  const [number, setNumber] = useState('');
  const { faults, send, setFault } = useSending(['number']);
  const token = tokenOf(number, day);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const wanted = tokenOf(valuesOf(form)['number'] ?? '', day);
    const refusal = refusalOf(wanted, day);
    if (wanted === undefined || refusal !== null) {
      setFault('number', refusal ?? '');
      return;
    }
    await send(async () => {
      await runTokenAct('check_in', wanted, { before: day.tokens });
      form.reset();
      setNumber('');
    });
  };
  return html`<form class="panel number-form" novalidate onSubmit=${submit}>
    <${Field}
      form="number"
      name="number"
      label=${say('desk.checkInNumber')}
      keys="Alt N"
      fault=${faults.fields['number'] ?? faults.form}
      onInput=${({ currentTarget }: InputEventOf) => {
        setNumber(currentTarget.value.trim());
        setFault('number', '');
      }}
    >
      <p class="match">
        ${
          token === undefined
            ? say('desk.numberHelp', { name: day.doctor.name })
            : html`<button
                type="button"
                onClick=${() => show({ panel: { kind: 'token', id: token.id, act: null } })}
              >
                ${token.patient_name} · ${sayCode('status', token.status)}
              </button>`
        }
      </p>
    <//>
    <button class="primary">${say('desk.checkIn')}</button>
  </form>`;
}

const tokenOf = (number: string, { tokens }: DayProps): Token | undefined =>
  [...tokens.values()].find((token) => String(token.number) === number);

/** Why a token cannot check in; null if it can. */
function refusalOf(token: Token | undefined, { doctor }: DayProps): string | null {
  if (token === undefined) return say('desk.noSuchNumber', { name: doctor.name });
  const { number, status } = token;
  if (status === 'WAITING') return say('desk.noSeatYet', { number });
  if (status === 'BOOKED' || status === 'SKIPPED') return null;
  return say('desk.notNow', { number, status: sayCode('status', status) ?? status });
}
