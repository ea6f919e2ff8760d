import { Temporal } from 'temporal-polyfill';
import type { PatientClass } from '../../../src/engine/index.ts';
import type { DoctorView, SlotView } from '../../../src/service/index.ts';
import type { Breaches } from '../breaches.ts';
import { bodyOf, type Client } from '../client.ts';
import { ToolError } from '../tool.ts';
import type { Priorities } from './judge.ts';
import type { OpenedSlot } from './ledger.ts';

/** Any others will do where these are not. */
const DEMO_DOCTORS = ['doc1', 'doc2', 'doc3'];
const HOURS = [9, 10, 11];
/** Scarce enough that every slot fills and most of them have a waitlist. */
const PATIENTS_A_SEAT = 3;

export interface Clinic {
  readonly doctors: readonly DoctorView[];
  readonly priorities: Priorities;
  readonly slots: readonly OpenedSlot[];
}

/**
 * Opens hourly slots of its own for tomorrow morning with three doctors of the server: whatever bookings the server
 * has already, nobody else knows these slots.
 */
export async function openClinic(
  client: Client,
  run: string,
  patients: number,
  breaches: Breaches,
): Promise<Clinic> {
  const { doctors: all } = bodyOf(await client.get('/doctors'), 'The list of doctors') as {
    readonly doctors: readonly DoctorView[];
  };
  const isOther = ({ id }: DoctorView): number => Number(!DEMO_DOCTORS.includes(id));
  const doctors = all.toSorted((a, b) => isOther(a) - isOther(b)).slice(0, DEMO_DOCTORS.length);
  if (doctors.length === 0) throw new ToolError(`${client.url} has no doctors to book with.`);
  const capacity = Math.ceil(patients / PATIENTS_A_SEAT / (doctors.length * HOURS.length));
  const slots: OpenedSlot[] = [];
  for (const [index, doctor] of doctors.entries())
    for (const hour of HOURS) {
      const opened = tomorrowAt(hour, doctor, `${run}-${index + 1}-${hour}`, capacity);
      slots.push(opened.slot);
      const answer = await client.post('/slots', opened.body);
      const slot = bodyOf(answer, `Slot ${opened.slot.id}`) as SlotView;
      breaches.same(`POST /slots: status of ${slot.id}`, slot.status, 'OPEN');
      breaches.same(`POST /slots: seats_left of ${slot.id}`, slot.seats_left, capacity);
    }
  return { doctors, slots, priorities: await prioritiesOf(client) };
}

function tomorrowAt(
  hour: number,
  { id: doctorId, time_zone }: DoctorView,
  id: string,
  capacity: number,
): { slot: OpenedSlot; body: object } {
  const date = Temporal.Now.zonedDateTimeISO(time_zone).toPlainDate().add({ days: 1 });
  const start = date.toZonedDateTime({ timeZone: time_zone, plainTime: { hour } });
  const startTime = new Date(start.epochMilliseconds).toISOString();
  const endTime = new Date(start.add({ hours: 1 }).epochMilliseconds).toISOString();
  return {
    slot: { id, doctorId, date: date.toString(), capacity, startTime },
    body: { id, doctor_id: doctorId, start_time: startTime, end_time: endTime, capacity },
  };
}

async function prioritiesOf(client: Client): Promise<Priorities> {
  const { patient_types: classes } = bodyOf(await client.get('/patient-types'), 'The classes') as {
    readonly patient_types: readonly PatientClass[];
  };
  return new Map(classes.map(({ type, priority }) => [type, priority]));
}
