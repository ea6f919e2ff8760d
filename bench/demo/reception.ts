import type { BookingView } from '../../src/http/resources/index.ts';
import type { DoctorQueueView, QueueTokenView, QueueView } from '../../src/http/resources/queue.ts';
import type { Client } from '../lib/client.ts';
import type { Random } from '../lib/random.ts';
import { SURNAMES } from '../simulation/patients.ts';
import { EMERGENCY } from '../simulation/reference-model.ts';
import { DOCTORS, MINUTE_MS, slotIdOf } from './hospital.ts';

const WALK_IN = 'WALK_IN';
/** Patients who come at once, because they are at the hospital already. */
const AT_THE_HOSPITAL: readonly string[] = [EMERGENCY, WALK_IN];

/** Share of the seats that are booked before the day. */
const BOOKED_BEFORE = 0.75;
/** How often something happens in the whole hospital, each hour. */
const HOURLY = { booking: 16, cancel: 4, move: 2, triage: 1 };
/** Share of the patients who booked and do not come. */
const ABSENT = 0.07;
/** Minutes before the start of the slot at which the first of its patients come, and within which all of them come. */
const EARLY_MINUTES = 30;
const ARRIVAL_MINUTES = 45;
/** Minutes after the start of the slot at which the desk does not wait any longer for a patient. */
const PATIENCE_MINUTES = 35;
/** Minutes after which a skipped patient is back. */
const BACK_MINUTES = 10;
/** Minutes until the end of a slot that are enough for a walk-in. */
const LEFT_MINUTES = 15;

const FIRST_NAMES = [
  'Anil',
  'Asha',
  'Deepa',
  'Farah',
  'Gita',
  'Hari',
  'John',
  'Leela',
  'Omar',
  'Priya',
  'Ravi',
  'Sunil',
  'Tara',
  'Uma',
  'Vijay',
  'Zoya',
];

/** What the demo knows of a patient of its own. */
interface DemoPatient {
  /** When the patient comes to the desk, in milliseconds since the epoch; infinite when never. */
  comesAt: number;
  isHere: boolean;
  /** The link to the patient's own page. */
  readonly url: string;
}

/** A patient who books. */
interface NewPatient {
  readonly doctorId: string;
  readonly slotId: string;
  readonly type: string;
  /** When the patient comes to the desk, in milliseconds since the epoch; near the start of the slot by default. */
  readonly comesAt?: number;
}

interface ReceptionDeps {
  readonly client: Client;
  readonly random: Random;
  /** Every class as often as patients of it come. */
  readonly classes: readonly string[];
}

type QueueSlot = DoctorQueueView['slots'][number];

const startOf = ({ start_time, delay_minutes }: QueueSlot): number =>
  Date.parse(start_time) + delay_minutes * MINUTE_MS;
const endOf = ({ end_time, delay_minutes }: QueueSlot): number =>
  Date.parse(end_time) + delay_minutes * MINUTE_MS;

/** The tokens of the patients who have not been called, or were not there when they were called. */
const tokensOf = ({ calling_order, waiting, skipped }: DoctorQueueView): QueueTokenView[] => [
  ...calling_order,
  ...waiting,
  ...skipped,
];

/**
 * The patients of the demo, and the front desk. They decide from what the service shows, not from what they have done,
 * because the people who watch the demo book and call too. A refused command is not repeated.
 */
export class Reception {
  readonly #deps: ReceptionDeps;
  readonly #patients = new Map<string, DemoPatient>();
  #bookings = 0;

  constructor(deps: ReceptionDeps) {
    this.#deps = deps;
  }

  /** Books the patients who call or use the app before a date. */
  async bookBefore(date: string): Promise<void> {
    const { random, classes } = this.#deps;
    const booked = classes.filter((type) => !AT_THE_HOSPITAL.includes(type));
    const seats = DOCTORS.flatMap(({ id, hours, capacity }) =>
      hours.flatMap((hour) =>
        Array.from({ length: Math.round(capacity * BOOKED_BEFORE) }, () => ({
          ...{ doctorId: id, slotId: slotIdOf(id, hour, date) },
        })),
      ),
    );
    for (const seat of random.sample(seats))
      await this.#book({ ...seat, type: random.pick(booked) });
  }

  /** Forgets the patients who are not in the queues, because their day is over. */
  forgetOthers({ doctors }: QueueView): void {
    const known = new Set(doctors.flatMap((doctor) => tokensOf(doctor).map(({ id }) => id)));
    for (const id of this.#patients.keys()) if (!known.has(id)) this.#patients.delete(id);
  }

  /**
   * Does what patients and the desk do in some minutes.
   * @param now the time of the service, in milliseconds since the epoch
   */
  async step({ doctors }: QueueView, now: number, minutes: number): Promise<void> {
    for (const doctor of doctors) {
      const slots = new Map(doctor.slots.map((slot) => [slot.slot_id, slot]));
      for (const token of tokensOf(doctor)) await this.#meet(token, slots.get(token.slot_id), now);
    }
    const { random } = this.#deps;
    const happens = (hourly: number): boolean => random.chance((hourly * minutes) / 60);
    if (happens(HOURLY.booking)) await this.#bookAny(doctors, now);
    const away = doctors.flatMap(({ calling_order }) =>
      calling_order.filter(({ id = '', status }) => status === 'BOOKED' && this.#patients.has(id)),
    );
    if (away.length === 0) return;
    if (happens(HOURLY.cancel)) await this.#send('/cancel', { token_id: random.pick(away).id });
    if (happens(HOURLY.move)) await this.#moveAny(random.pick(away), doctors, now);
    if (happens(HOURLY.triage)) await this.#triageAny(doctors);
  }

  /** The link to the page of the patient of the demo who is called nearest to this time; undefined when there is none. */
  linkOf({ doctors }: QueueView, at: number): string | undefined {
    const [nearest] = doctors
      .flatMap(({ calling_order }) => calling_order)
      .flatMap(({ id = '', estimated_time }) => {
        const patient = this.#patients.get(id);
        if (patient === undefined || estimated_time === null) return [];
        return [{ url: patient.url, distance: Math.abs(Date.parse(estimated_time) - at) }];
      })
      .sort((a, b) => a.distance - b.distance);
    return nearest?.url;
  }

  /** Notes that a patient was skipped. Most come back. */
  skipped(id: string, now: number): void {
    const patient = this.#patients.get(id);
    if (patient === undefined) return;
    patient.isHere = false;
    patient.comesAt = this.#deps.random.chance(0.7) ? now + BACK_MINUTES * MINUTE_MS : Infinity;
  }

  /** Checks a patient in who has come, and gives the seat of one who does not come to the next. */
  async #meet(token: QueueTokenView, slot: QueueSlot | undefined, now: number): Promise<void> {
    const { id = '', status } = token;
    const patient = this.#patients.get(id);
    if (patient === undefined || slot === undefined || patient.isHere) return;
    if (patient.comesAt <= now) {
      patient.isHere = true;
      await this.#send('/check-in', { token_id: id });
    } else if (
      patient.comesAt === Infinity &&
      status !== 'WAITING' &&
      startOf(slot) + PATIENCE_MINUTES * MINUTE_MS <= now
    )
      await this.#send('/no-show', { token_id: id });
  }

  async #bookAny(doctors: readonly DoctorQueueView[], now: number): Promise<void> {
    const { random, classes } = this.#deps;
    const type = random.pick(classes);
    const doctor = random.pick(doctors);
    const slot = this.#slotFor(type, doctor.slots, now);
    if (slot === undefined) return;
    const comesAt = AT_THE_HOSPITAL.includes(type) ? { comesAt: now } : {};
    await this.#book({ doctorId: doctor.doctor_id, slotId: slot.slot_id, type, ...comesAt });
  }

  /** An emergency and a walk-in take the first slot that has time left; the others choose one that has not begun. */
  #slotFor(type: string, slots: readonly QueueSlot[], now: number): QueueSlot | undefined {
    const open = slots.filter(
      (slot) => slot.status === 'OPEN' && endOf(slot) - LEFT_MINUTES * MINUTE_MS > now,
    );
    if (AT_THE_HOSPITAL.includes(type)) return open[0];
    const later = open.filter((slot) => startOf(slot) > now);
    return later.length === 0 ? undefined : this.#deps.random.pick(later);
  }

  async #book({ doctorId, slotId, type, comesAt }: NewPatient): Promise<void> {
    const { random } = this.#deps;
    const nth = (this.#bookings += 1);
    const body = {
      ...{ doctor_id: doctorId, slot_id: slotId, patient_type: type },
      patient_name: `${random.pick(FIRST_NAMES)} ${random.pick(SURNAMES)}`,
      ...(nth % 2 === 0 ? { patient_id: `MRN-${10_000 + nth}` } : {}),
    };
    const booking = (await this.#send('/book', body)) as BookingView | undefined;
    if (booking === undefined) return;
    const { id, start_time, status_url: url = '' } = booking;
    this.#patients.set(id, {
      comesAt: comesAt ?? this.#arrivalFor(start_time),
      isHere: false,
      url,
    });
  }

  /** When a patient comes who has booked before: some before the start of the slot, some after it, some never. */
  #arrivalFor(startTime: string): number {
    const { random } = this.#deps;
    const minutes = random.next() * ARRIVAL_MINUTES - EARLY_MINUTES;
    return random.chance(ABSENT) ? Infinity : Date.parse(startTime) + minutes * MINUTE_MS;
  }

  /** Moves a patient to another slot of the same doctor. */
  async #moveAny(
    token: QueueTokenView,
    doctors: readonly DoctorQueueView[],
    now: number,
  ): Promise<void> {
    const slots = doctors.find(({ slots }) =>
      slots.some((s) => s.slot_id === token.slot_id),
    )?.slots;
    const others = (slots ?? []).filter(
      (slot) => slot.slot_id !== token.slot_id && slot.status === 'OPEN' && startOf(slot) > now,
    );
    if (others.length === 0) return;
    const slot = this.#deps.random.pick(others);
    await this.#send('/move', { token_id: token.id, slot_id: slot.slot_id });
    const patient = this.#patients.get(token.id ?? '');
    if (patient !== undefined) patient.comesAt = this.#arrivalFor(slot.start_time);
  }

  /** Triage finds that a patient in the waiting room is an emergency. */
  async #triageAny(doctors: readonly DoctorQueueView[]): Promise<void> {
    const here = doctors.flatMap(({ calling_order }) =>
      calling_order.filter(({ status, type }) => status === 'CHECKED_IN' && type !== EMERGENCY),
    );
    if (here.length === 0) return;
    const { id } = this.#deps.random.pick(here);
    await this.#send('/reclassify', { token_id: id, patient_type: EMERGENCY, reason: 'triage' });
  }

  /** Sends a command; undefined when it is refused, for example because the person who watches was faster. */
  async #send(path: string, body: object): Promise<unknown> {
    const { status, body: answer } = await this.#deps.client.post(path, body);
    return status < 300 ? answer : undefined;
  }
}
