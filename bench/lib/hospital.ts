import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import type { ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { anyClass } from './classes.ts';
import { bodyOf, type Client } from './client.ts';
import { ModelSlot } from './model.ts';
import { forEachConcurrently } from './pool.ts';
import type { Random } from './random.ts';
import { required } from './required.ts';

/** The doctors of a server under load; all have the same sessions. */
export interface HospitalSize {
  readonly doctors: number;
  /** Sessions of each doctor on every day; each takes an hour, the first starts at 00:00 UTC. */
  readonly sessions: number;
  readonly capacity: number;
}

/** A slot that a bench books. */
export interface Target {
  readonly doctorId: string;
  readonly slotId: string;
}

/** Settings of a server in a bench; its waitlists are never full. */
export const BENCH_SETTINGS = { WAITLIST_MAX: '1000000', HORIZON_DAYS: '7' } as const;

const CONCURRENCY = 8;
const DAY_MS = 86_400_000;
const PRIORITY = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

/** Adds the doctors, whose ids begin with `name`; returns their slots from tomorrow on, which are the same on every server. */
export async function openHospital(
  client: Client,
  size: HospitalSize,
  name = 'doctor',
): Promise<Target[]> {
  const hour = (index: number): string => `${String(index).padStart(2, '0')}:00`;
  const ids = Array.from({ length: size.doctors }, (_, index) => `${name}-${index}`);
  await forEachConcurrently(ids, CONCURRENCY, async (id) => {
    const sessions = Array.from({ length: size.sessions }, (_, index) => ({
      id: `${id}-${index}`,
      weekdays: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
      start: hour(index),
      end: hour(index + 1),
      capacity: size.capacity,
    }));
    const doctor = { name: `Dr. ${id}`, time_zone: 'UTC', sessions };
    bodyOf(await client.put(`/doctors/${id}`, doctor), `PUT /doctors/${id}`);
  });
  const boards = await boardsOf(client, ids);
  return boards.map(({ doctor_id, id }) => ({ doctorId: doctor_id, slotId: id }));
}

/** Reads every slot of these doctors from tomorrow on, in the order of the doctors and of time. */
export async function boardsOf(client: Client, doctorIds: readonly string[]): Promise<SlotView[]> {
  const date = (days: number): string =>
    new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const slots = new Map<string, SlotView[]>();
  await forEachConcurrently(doctorIds, CONCURRENCY, async (id) => {
    const path = `/schedule?doctor_id=${id}&from=${date(1)}&to=${date(30)}`;
    const schedule = bodyOf(await client.get(path), path) as ScheduleView;
    slots.set(id, [...schedule.slots]);
  });
  return doctorIds.flatMap((id) => required(slots.get(id)));
}

/**
 * Makes the JSON of `count` bookings with random slots and classes; every second one has a patient id.
 * @param first the number of the first patient, so that no two calls make the same patients
 */
export function bookingsOf(
  targets: readonly Target[],
  { random, first, count }: { random: Random; first: number; count: number },
  classOf = anyClass,
): string[] {
  return Array.from({ length: count }, (_, index) => {
    const { doctorId, slotId } = random.pick(targets);
    return JSON.stringify({
      doctor_id: doctorId,
      slot_id: slotId,
      patient_name: `Patient ${first + index}`,
      patient_type: classOf(random).type,
      ...(index % 2 === 0 ? { patient_id: `p-${first + index}` } : {}),
    });
  });
}

/**
 * Compares the slots of a server, read from /schedule, with the rules: every live token is shown once, no slot seats
 * more than its capacity, and each token has the place that its class and arrival give it.
 * @param live tokens that were booked and not cancelled
 * @throws Error that names the wrong slot
 */
export function checkBoards(boards: readonly SlotView[], live: number): void {
  const ids = boards.flatMap((slot) => [...slot.tokens, ...slot.waitlist].map(({ id }) => id));
  if (ids.length !== live || new Set(ids).size !== live)
    throw new Error(`The schedule shows ${ids.length} live tokens instead of ${live}.`);
  for (const slot of boards)
    if (!isRight(slot)) throw new Error(`The board of ${slot.id} is not what the rules say.`);
}

function isRight(slot: SlotView): boolean {
  const { tokens, waitlist, capacity, seated, seats_left, waiting } = slot;
  const shown = [...tokens, ...waitlist].map(({ id, type, number }) => ({
    id,
    priority: required(PRIORITY.get(type)),
    arrival: number,
  }));
  const model = new ModelSlot(capacity, shown);
  const isSame = (
    actual: readonly { id: string }[],
    expected: readonly { id: string }[],
  ): boolean =>
    actual.length === expected.length &&
    actual.every(({ id }, index) => id === expected[index]?.id);
  return (
    isSame(tokens, model.seated) &&
    isSame(waitlist, model.waiting) &&
    waitlist.every(({ waitlist_position }, index) => waitlist_position === index + 1) &&
    seated === tokens.length &&
    waiting === waitlist.length &&
    seats_left === capacity - seated
  );
}
