import { Temporal } from 'temporal-polyfill';
import type { PatientClass } from '../../src/engine/index.ts';
import type { DoctorView, SlotView } from '../../src/service/index.ts';
import type { Breaches } from '../lib/breaches.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import type { OpenedSlot } from './ledger.ts';

/** The classes and their priorities, as the server's table has them. */
export type Priorities = ReadonlyMap<string, number>;

const DOCTORS = ['Dr. A (Cardiology)', 'Dr. B (Orthopedics)', 'Dr. C (General)'];
/** Of tomorrow morning. */
const HOURS = [9, 10, 11];
/** Scarce enough that every slot fills and most of them have a waitlist. */
const PATIENTS_A_SEAT = 3;

export interface Clinic {
  readonly doctors: readonly DoctorView[];
  readonly priorities: Priorities;
  readonly slots: readonly OpenedSlot[];
}

/**
 * Opens doctors of its own, so that nobody else's patients are called, delayed or moved, whatever the server does
 * besides: each with a slot that goes on now and hourly slots of tomorrow morning.
 */
export async function openClinic(
  client: Client,
  run: string,
  patients: number,
  breaches: Breaches,
): Promise<Clinic> {
  const timeZone = Temporal.Now.timeZoneId();
  const capacity = Math.ceil(patients / PATIENTS_A_SEAT / (DOCTORS.length * (HOURS.length + 1)));
  const doctors: DoctorView[] = [];
  const slots: OpenedSlot[] = [];
  for (const [index, name] of DOCTORS.entries()) {
    const id = `${run}-doc${index + 1}`;
    const doctor = { name, time_zone: timeZone, sessions: [] };
    doctors.push(bodyOf(await client.put(`/doctors/${id}`, doctor), `Doctor ${id}`) as DoctorView);
    for (const { slotId, start, hours } of timesOf(id, timeZone)) {
      const startTime = new Date(start.epochMilliseconds).toISOString();
      const endTime = new Date(start.add({ hours }).epochMilliseconds).toISOString();
      const body = {
        id: slotId,
        doctor_id: id,
        start_time: startTime,
        end_time: endTime,
        capacity,
      };
      const slot = bodyOf(await client.post('/slots', body), `Slot ${slotId}`) as SlotView;
      breaches.same(`POST /slots: status of ${slotId}`, slot.status, 'OPEN');
      breaches.same(`POST /slots: seats_left of ${slotId}`, slot.seats_left, capacity);
      const date = start.toPlainDate().toString();
      slots.push({ id: slotId, doctorId: id, date, capacity, startTime });
    }
  }
  return { doctors, slots, priorities: await prioritiesOf(client) };
}

/** The slot that goes on now is a long one: no run outlasts it. */
function timesOf(id: string, timeZone: string) {
  const now = Temporal.Now.zonedDateTimeISO(timeZone).subtract({ minutes: 1 });
  const tomorrow = now.toPlainDate().add({ days: 1 });
  return [
    { slotId: `${id}-now`, start: now.round('second'), hours: 12 },
    ...HOURS.map((hour) => ({
      slotId: `${id}-${hour}`,
      start: tomorrow.toZonedDateTime({ timeZone, plainTime: { hour } }),
      hours: 1,
    })),
  ];
}

async function prioritiesOf(client: Client): Promise<Priorities> {
  const { patient_types: classes } = bodyOf(await client.get('/patient-types'), 'The classes') as {
    readonly patient_types: readonly PatientClass[];
  };
  return new Map(classes.map(({ type, priority }) => [type, priority]));
}
