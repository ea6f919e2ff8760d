import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { useObservable } from '../lib/observable.ts';
import { say, sayCode } from '../lib/words.ts';
import { useClasses } from './choices.ts';
import { titleOf, type DayProps, type Token } from './day.ts';
import { faultsOf, useSending } from './faults.ts';
import { Field, valuesOf } from './field.ts';
import { outcome } from './outcome.ts';
import { printSlip } from './slip.ts';
import { SlotChoice } from './slot-choice.ts';
import { refusedAct, startTokenAct } from './start-token-act.ts';
import { actsFor, runTokenAct, TOKEN_ACTS, type TokenActField } from './token-acts.ts';
import { show, type TokenActName } from './view.ts';

type TokenPanelProps = DayProps & { readonly id: string; readonly act: TokenActName | null };

/** A token, and everything that can be done with it now. */
export function TokenPanel({ id, act, ...day }: TokenPanelProps): VNode {
  const read = useLive('schedule', '/tokens/{id}', { path: { id } });
  useEffect(() => outcome.subscribe(read.refresh), [read.refresh]);
  const token = read.data ?? day.tokens.get(id);
  if (token === undefined) return html`<p>${say('desk.loading')}</p>`;
  return html`<h3>
      <b class="number">${token.number}</b> ${token.patient_name}
      ${token.patient_id === undefined ? null : html`<small>${token.patient_id}</small>`}
    </h3>
    <p>
      <span class="tag ${token.type}">${sayCode('class', token.type) ?? token.type}</span>
      ${sayCode('status', token.status)} · ${titleOf(token, day)}
    </p>
    <div class="acts">
      ${actsFor(token.status).map(
        (name) =>
          html`<button
            key=${name}
            type="button"
            aria-pressed=${name === act ? 'true' : undefined}
            onClick=${() => startTokenAct(name, token, day)}
          >
            ${say(TOKEN_ACTS[name].label)} <kbd>${TOKEN_ACTS[name].key.toUpperCase()}</kbd>
          </button>`,
      )}
      <button type="button" onClick=${() => printSlip(token)}>${say('desk.printSlip')}</button>
    </div>
    <${Refused} token=${token} ...${day} />
    ${act === null ? null : html`<${ActForm} key=${act} act=${act} token=${token} ...${day} />`}`;
}

type TokenProps = DayProps & { readonly token: Token };

/** Why an act without a form was refused. A no-show that comes too early can be recorded all the same. */
function Refused({ token, tokens }: TokenProps): VNode {
  const refused = useObservable(refusedAct);
  const isOwn = refused?.tokenId === token.id;
  const faults = isOwn ? faultsOf(refused.error, []) : null;
  const force = (): void => {
    refusedAct.set(null);
    runTokenAct('no_show', token, { values: { force: 'yes' }, before: tokens }).catch(
      (error: unknown) => refusedAct.set({ tokenId: token.id, act: 'no_show', error }),
    );
  };
  return html`<div role="alert">
    ${faults === null ? null : html`<p class="fault">${faults.form}</p>`}
    ${
      refused?.act === 'no_show' && faults?.code === 'too_early'
        ? html`<button type="button" onClick=${force}>${say('desk.forceNoShow')}</button>`
        : null
    }
  </div>`;
}

/** Asks for what an act needs. */
function ActForm({ act, token, ...day }: TokenProps & { readonly act: TokenActName }): VNode {
  const fields: readonly TokenActField[] = TOKEN_ACTS[act].fields;
  const { faults, send } = useSending(fields);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const values = valuesOf(event.currentTarget as HTMLFormElement);
    await send(async () => {
      await runTokenAct(act, token, { values, before: day.tokens });
      show({ panel: { kind: 'token', id: token.id, act: null } });
      const row = document.querySelector<HTMLElement>(`[data-token="${CSS.escape(token.id)}"]`);
      (row ?? document.getElementById('number-number'))?.focus();
    }, values);
  };
  return html`<form class="act" novalidate onSubmit=${submit}>
    ${fields.map((field) => html`<${ActField} key=${field} ...${{ field, act, token, day }} fault=${faults.fields[field]} />`)}
    <p class="fault" role="alert">${faults.form}</p>
    <button class="primary">${say(TOKEN_ACTS[act].label)} <kbd>Enter</kbd></button>
  </form>`;
}

interface ActFieldProps {
  readonly field: TokenActField;
  readonly act: TokenActName;
  readonly token: Token;
  readonly day: DayProps;
  readonly fault: string | undefined;
}

function ActField({ field, act, token, day, fault }: ActFieldProps): VNode | null {
  const classes = useClasses();
  const common = { form: 'act', name: field, fault };
  switch (field) {
    case 'slot_id':
      return html`<${SlotChoice}
        ...${common}
        ...${day}
        label=${say('desk.moveTo')}
        except=${token.slot_id}
      />`;
    case 'patient_type':
      return html`<${Field}
        ...${common}
        label=${say('desk.class')}
        choices=${classes}
        initial=${token.type}
      />`;
    case 'patient_name':
      return html`<${Field}
        ...${common}
        label=${say('desk.patientName')}
        initial=${token.patient_name}
      />`;
    case 'patient_id':
      return html`<${Field}
        ...${common}
        label=${say('desk.patientId')}
        initial=${token.patient_id}
      />`;
    case 'room':
      return html`<${Field} ...${common} label=${say('desk.room')} />`;
    case 'reason':
      return html`<${Field}
        ...${common}
        label=${say('desk.reason')}
        initial=${REASONS[act] === undefined ? '' : say(REASONS[act])}
      />`;
    case 'force':
      return null;
  }
}

/** The usual reasons, which the user may overwrite. */
const REASONS: Partial<Record<TokenActName, 'desk.reasonUndo' | 'desk.reasonCorrect'>> = {
  undo: 'desk.reasonUndo',
  correct: 'desk.reasonCorrect',
};
