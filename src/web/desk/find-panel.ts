import type { VNode } from 'preact';
import { call } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { Observable, useObservable } from '../lib/observable.ts';
import { dayFrom, isoDateOf, whenOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { timeZoneOf, type DayProps, type Token } from './day.ts';
import { useSending } from './faults.ts';
import { valuesOf } from './field.ts';
import { Keys } from './shortcuts.ts';
import { show } from './view.ts';

/** Days before and after the date of the desk, in which a name is searched. */
const DAYS_AROUND = 15;
const FOUND_MAX = 30;

/** The patients whom the last search has found. */
const found = new Observable<readonly Token[]>([]);

/** Searches a patient by a part of the name, or by the whole hospital id. */
export function FindForm({ date }: { readonly date: string }): VNode {
  const { faults, send } = useSending([]);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { text = '' } = valuesOf(event.currentTarget as HTMLFormElement);
    if (text === '') return;
    await send(async () => {
      found.set(await find(text, date));
      show({ panel: { kind: 'find' } });
    });
  };
  return html`<form class="find" role="search" novalidate onSubmit=${submit}>
    <label for="find-name">${say('desk.find')} <${Keys} keys="Alt F" /></label>
    <input
      id="find-name"
      name="text"
      type="search"
      autocomplete="off"
      aria-describedby="find-fault"
    />
    <button>${say('desk.findButton')}</button>
    <p id="find-fault" class="fault" role="alert">${faults.form}</p>
  </form>`;
}

/** The tokens of a hospital id of any date, and those of a name around the date; the latest date first. */
async function find(text: string, date: string): Promise<readonly Token[]> {
  const [byId, byName] = await Promise.all([
    call('post', '/tokens/search', { body: { patient_id: text, limit: FOUND_MAX } }),
    call('post', '/tokens/search', {
      body: {
        name: text,
        from: dayFrom(date, -DAYS_AROUND),
        to: dayFrom(date, DAYS_AROUND),
        limit: FOUND_MAX,
      },
    }),
  ]);
  const tokens = [...byId.tokens, ...byName.tokens];
  return [...new Map(tokens.map((token) => [token.id, token])).values()];
}

/** What the search has found. A patient leads to the doctor's day. */
export function FoundPatients({ doctors }: DayProps): VNode {
  const tokens = useObservable(found);
  const zoneOf = ({ doctor_id }: Token): string => timeZoneOf(doctors, doctor_id);
  const doctorOf = (token: Token) => doctors.find(({ doctor_id }) => doctor_id === token.doctor_id);
  const statusOf = (token: Token): string =>
    `${whenOf(token.start_time, zoneOf(token))} · ${sayCode('status', token.status) ?? token.status}`;
  const open = (token: Token): void =>
    show({
      doctorId: token.doctor_id,
      date: isoDateOf(token.start_time, zoneOf(token)),
      panel: { kind: 'token', id: token.id, act: null },
    });
  return html`<h3><span role="status">${say('desk.found', { count: tokens.length })}</span></h3>
    <ul class="ranked found">
      ${tokens.map(
        (token) =>
          html`<li key=${token.id}>
            <button type="button" class="token" onClick=${() => open(token)}>
              <b class="number">${token.number}</b>
              <span class="who"
                >${token.patient_name}
                <small>${token.patient_id ?? ''} ${doctorOf(token)?.name ?? ''}</small></span
              >
              <span class="status">${statusOf(token)}</span>
            </button>
          </li>`,
      )}
    </ul>`;
}
