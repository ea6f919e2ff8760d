import { DEFAULT_CLASSES } from '../../src/engine/index.ts';
import type { ScheduleView, SlotView } from '../../src/http/resources/index.ts';
import { bodyOf, type Client } from './client.ts';
import { anyClass, must } from './clinic.ts';
import { boardOf } from './one-sentence.ts';
import { forEachConcurrently } from './pool.ts';
import type { Random } from './random.ts';

/** Equal doctors of a server under load. */
export interface HospitalSize {
  readonly doctors: number;
  /** Sessions of every day: an hour each from 00:00, UTC. */
  readonly sessions: number;
  readonly capacity: number;
}

/** A slot to book into. */
export interface Target {
  readonly doctorId: string;
  readonly slotId: string;
}

const CONCURRENCY = 8;
const DAY_MS = 86_400_000;
const PRIORITY = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

/** Sets the doctors up; returns their slots from tomorrow on, the same on every server. */
export async function openHospital(client: Client, size: HospitalSize): Promise<Target[]> {
  const hour = (index: number): string => `${String(index).padStart(2, '0')}:00`;
  const ids = Array.from({ length: size.doctors }, (_, index) => `doctor-${index}`);
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

/** Every slot of these doctors from tomorrow on, by doctor and time. */
export async function boardsOf(client: Client, doctorIds: readonly string[]): Promise<SlotView[]> {
  const date = (days: number): string =>
    new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  const slots = new Map<string, SlotView[]>();
  await forEachConcurrently(doctorIds, CONCURRENCY, async (id) => {
    const path = `/schedule?doctor_id=${id}&from=${date(1)}&to=${date(30)}`;
    const schedule = bodyOf(await client.get(path), path) as ScheduleView;
    slots.set(id, [...schedule.slots]);
  });
  return doctorIds.flatMap((id) => must(slots.get(id)));
}

/** Bookings as JSON: random slots and classes, half with a patient id; `first` sets them apart from those before. */
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
 * Holds the boards of a server against the one sentence: as many live tokens as were booked and not cancelled, each
 * once, nobody over capacity, everybody at the place that class and arrival give.
 * @throws Error naming the slot that is wrong
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
  const claims = [...tokens, ...waitlist].map(({ id, type, number }) => ({
    id,
    priority: must(PRIORITY.get(type)),
    arrival: number,
  }));
  const board = boardOf(claims, capacity);
  const isSame = (shown: readonly { id: string }[], expected: readonly { id: string }[]): boolean =>
    shown.length === expected.length && shown.every(({ id }, index) => id === expected[index]?.id);
  return (
    isSame(tokens, board.seated) &&
    isSame(waitlist, board.waiting) &&
    waitlist.every(({ waitlist_position }, index) => waitlist_position === index + 1) &&
    seated === tokens.length &&
    waiting === waitlist.length &&
    seats_left === capacity - seated
  );
}
