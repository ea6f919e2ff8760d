import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { timeZoneOf, type DayProps, type Token } from './day.ts';

/** Milliseconds without a key after which the typed patient is searched. */
const PAUSE_MS = 200;
/** Letters of a name from which it is searched. */
const NAME_MIN = 3;
const LIVE = ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'IN_CONSULTATION', 'WAITING'] as const;

/** A patient as typed: the texts may be empty. */
export interface Patient {
  readonly id: string;
  readonly name: string;
}

type PatientHintsProps = DayProps & {
  readonly patient: Patient;
  readonly slotId: string;
  /** Takes the name under which the id was last booked. */
  readonly onName: (name: string) => void;
};

/** What the day already has of the typed patient, before the booking is sent. It fills in the name of a known id. */
export function PatientHints({ patient, slotId, onName, ...day }: PatientHintsProps): VNode {
  const { id, name } = patient;
  const [found, setFound] = useState<readonly Token[]>([]);
  const { date } = day.doctor;
  useEffect(() => {
    let isWanted = true;
    const search = async (): Promise<void> => {
      const tokens = await findLive(patient, date);
      const known = id === '' || name !== '' ? undefined : await nameOf(id);
      if (!isWanted) return;
      setFound(tokens);
      if (known !== undefined) onName(known);
    };
    // A search without an answer gives no hint; the service still refuses a double booking.
    const timer = setTimeout(() => void search().catch(() => setFound([])), PAUSE_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [id, name, date]);
  return html`<ul class="hints" aria-live="polite">
    ${found.map((token) => {
      const isDouble = token.slot_id === slotId && id !== '' && token.patient_id === id;
      return html`<li key=${token.id} class=${isDouble ? 'double' : ''}>
        ${say(
          isDouble
            ? 'desk.double'
            : id !== '' && token.patient_id === id
              ? 'desk.alsoBooked'
              : 'desk.sameName',
          {
            number: token.number,
            name: token.patient_name,
            doctor: day.doctors.find(({ doctor_id }) => doctor_id === token.doctor_id)?.name ?? '',
            time: timeOf(token.start_time, timeZoneOf(day.doctors, token.doctor_id)),
            status: sayCode('status', token.status) ?? token.status,
          },
        )}
      </li>`;
    })}
  </ul>`;
}

/** The live tokens of the date that the patient has, by the id, or else by the name. */
async function findLive({ id, name }: Patient, date: string): Promise<readonly Token[]> {
  if (id === '' && name.length < NAME_MIN) return [];
  const who = id === '' ? { name } : { patient_id: id };
  const { tokens } = await call('post', '/tokens/search', {
    body: { ...who, date, status: [...LIVE], limit: 10 },
  });
  return tokens;
}

/** The name under which the patient was last booked; undefined for a new patient. */
async function nameOf(id: string): Promise<string | undefined> {
  const { tokens } = await call('post', '/tokens/search', { body: { patient_id: id, limit: 1 } });
  return tokens[0]?.patient_name;
}
