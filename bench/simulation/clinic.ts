import { Temporal } from 'temporal-polyfill';
import type { PatientClass } from '../../src/engine/index.ts';
import type { DoctorView, SlotView } from '../../src/http/resources/index.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import type { Violations } from '../lib/violations.ts';
import type { OpenedSlot } from './ledger.ts';

/** The priority of each class in the server's table. */
export type Priorities = ReadonlyMap<string, number>;

const DOCTORS = ['Dr. A (Cardiology)', 'Dr. B (Orthopedics)', 'Dr. C (General)'];
/** The rooms of each doctor (R19). */
const ROOMS = [1, 2, 1];
/** The starts of the slots of tomorrow. */
const HOURS = [9, 10];
/** The slots that are running. */
const RUNNING = ['now', 'beside'];
/** Patients for each seat, so that every slot fills up and most slots have a waitlist. */
const PATIENTS_A_SEAT = 3;

/** The doctors and slots of the simulation. */
export interface Clinic {
  readonly doctors: readonly DoctorView[];
  readonly priorities: Priorities;
  readonly slots: readonly OpenedSlot[];
}

/**
 * Adds doctors for this run, because the simulation must not call, delay or move the patients of others. Each doctor gets
 * two slots that are running now, in which patients can check in, and hourly slots of tomorrow morning.
 */
export async function openClinic(
  client: Client,
  run: string,
  patients: number,
  violations: Violations,
): Promise<Clinic> {
  const timeZone = Temporal.Now.timeZoneId();
  const capacity = Math.ceil(
    patients / PATIENTS_A_SEAT / (DOCTORS.length * (RUNNING.length + HOURS.length)),
  );
  const doctors: DoctorView[] = [];
  const slots: OpenedSlot[] = [];
  for (const [index, name] of DOCTORS.entries()) {
    const id = `${run}-doc${index + 1}`;
    const doctor = { name, time_zone: timeZone, rooms: ROOMS[index], sessions: [] };
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
      violations.same(`POST /slots: status of ${slotId}`, slot.status, 'OPEN');
      violations.same(`POST /slots: seats_left of ${slotId}`, slot.seats_left, capacity);
      const date = start.toPlainDate().toString();
      slots.push({ id: slotId, doctorId: id, date, capacity, startTime });
    }
  }
  return { doctors, slots, priorities: await prioritiesOf(client) };
}

/** The times of a doctor's slots; a running slot takes 12 hours, longer than any run. */
function timesOf(id: string, timeZone: string) {
  const now = Temporal.Now.zonedDateTimeISO(timeZone).subtract({ minutes: 1 });
  const tomorrow = now.toPlainDate().add({ days: 1 });
  return [
    ...RUNNING.map((name, seconds) => ({
      slotId: `${id}-${name}`,
      start: now.round('second').add({ seconds }),
      hours: 12,
    })),
    ...HOURS.map((hour) => ({
      slotId: `${id}-${hour}`,
      start: tomorrow.toZonedDateTime({ timeZone, plainTime: { hour } }),
      hours: 1,
    })),
  ];
}

/** Reads the priority of each class. */
export async function prioritiesOf(client: Client): Promise<Priorities> {
  const { patient_types: classes } = bodyOf(await client.get('/patient-types'), 'The classes') as {
    readonly patient_types: readonly PatientClass[];
  };
  return new Map(classes.map(({ type, priority }) => [type, priority]));
}
