import { Temporal } from 'temporal-polyfill';
import { bodyOf, type Client } from '../lib/client.ts';
import type { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Doctors west of UTC, at UTC and east of it, with one room or more. */
const DOCTORS = [
  { id: 'north', time_zone: 'America/New_York', rooms: 1 },
  { id: 'south', time_zone: 'UTC', rooms: 2 },
  { id: 'east', time_zone: 'Asia/Kolkata', rooms: 1 },
  { id: 'west', time_zone: 'Pacific/Auckland', rooms: 3 },
] as const;
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** Slots of a doctor that take bookings and patients today. */
const RUNNING = 3;
/** The hours of a running slot; it lasts longer than any soak. */
const RUNNING_HOURS = 12;
/** The sessions' slots of these days ahead are booked. */
const DAYS_AHEAD = [2, 3];

/** A slot that the clients book. */
export interface SoakSlot {
  readonly id: string;
  readonly doctorId: string;
}

/** The doctors of a soak and the slots that its clients use at present. */
export class Hospital {
  readonly doctorIds: readonly string[] = DOCTORS.map(({ id }) => id);
  /** The running slots of all doctors, the oldest first. */
  readonly running: SoakSlot[] = [];
  /** The slots of the doctors' sessions on coming days, and the sessions themselves. */
  readonly coming: readonly SoakSlot[] = DOCTORS.flatMap(({ id }) => [
    { id: `${id}-morning`, doctorId: id },
    ...DAYS_AHEAD.map((days) => ({ id: `${id}-morning@${this.date(days)}`, doctorId: id })),
  ]);
  #opened = 0;

  /** Adds the doctors and opens their running slots. */
  async open(client: Client): Promise<void> {
    for (const { id } of DOCTORS) {
      bodyOf(await client.put(`/doctors/${id}`, this.doctor(id, 0)), `PUT /doctors/${id}`);
      for (let nth = 0; nth < RUNNING; nth += 1) {
        const slot = this.nextSlot(id);
        bodyOf(await client.post('/slots', slot), `POST /slots of ${slot.id}`);
        this.add(slot.id, id);
      }
    }
  }

  /**
   * The body of a doctor.
   * @param moreSeats seats of the morning session beyond 6
   */
  doctor(id: string, moreSeats: number): object {
    const { time_zone, rooms } = required(DOCTORS.find((doctor) => doctor.id === id));
    const times = { start: '09:00', end: '12:00' };
    return {
      ...{ name: `Dr. ${id}`, time_zone, rooms },
      sessions: [{ id: `${id}-morning`, weekdays: WEEKDAYS, ...times, capacity: 6 + moreSeats }],
    };
  }

  /** The body of a new running slot. */
  nextSlot(doctorId: string): { readonly id: string } {
    this.#opened += 1;
    const start = Date.now() - 60_000;
    return {
      id: `${doctorId}-now-${this.#opened}`,
      ...{ doctor_id: doctorId, capacity: 8 },
      ...{ start_time: instant(start), end_time: instant(start + RUNNING_HOURS * HOUR_MS) },
    };
  }

  /** Adds an opened slot in place of the doctor's oldest one. */
  add(id: string, doctorId: string): void {
    this.running.push({ id, doctorId });
    const own = this.running.filter((slot) => slot.doctorId === doctorId);
    const [oldest] = own;
    if (own.length > RUNNING && oldest !== undefined)
      this.running.splice(this.running.indexOf(oldest), 1);
  }

  /** Chooses a slot for a booking, mostly one that is running. */
  anySlot(random: Random): SoakSlot {
    return random.pick(random.chance(0.7) ? this.running : this.coming);
  }

  /** The doctor's local date of an instant; a doctor counts the numbers of a date. */
  localDate(doctorId: string, time: string): string {
    const { time_zone } = required(DOCTORS.find(({ id }) => id === doctorId));
    return Temporal.Instant.from(time).toZonedDateTimeISO(time_zone).toPlainDate().toString();
  }

  /** The date so many days from today, in UTC. */
  date(days: number): string {
    return instant(Date.now() + days * DAY_MS).slice(0, 10);
  }
}

const instant = (ms: number): string => new Date(ms).toISOString();
