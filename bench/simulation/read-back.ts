import type { DoctorQueueView, QueueView } from '../../src/http/resources/queue.ts';
import type { ScheduleView, SlotView, TokenView } from '../../src/http/resources/index.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import type { Violations } from '../lib/violations.ts';
import {
  EMERGENCY,
  holdsSeat,
  type ReferenceModel,
  type ReferenceSlot,
  type ReferenceToken,
} from './reference-model.ts';

/** The slots of the simulation's doctors, as read from /schedule, by id. */
export type Board = ReadonlyMap<string, SlotView>;

/** Reads /schedule while no request is in flight and compares every slot with the model. */
export async function readBack(
  client: Client,
  model: ReferenceModel,
  violations: Violations,
): Promise<Board> {
  const board = new Map<string, SlotView>();
  const days = new Set(
    Array.from(model.slots.values(), ({ doctorId, date }) => `doctor_id=${doctorId}&date=${date}`),
  );
  for (const query of days) {
    const path = `/schedule?${query}`;
    const schedule = bodyOf(await client.get(path), path) as ScheduleView;
    for (const slot of schedule.slots) board.set(slot.id, slot);
  }
  for (const slot of model.slots.values()) checkSlot(slot, board.get(slot.id), violations);
  await checkQueues(client, model, violations);
  return board;
}

/** Reads /queue; the calling order of each doctor must be that of the model (R18). */
async function checkQueues(
  client: Client,
  model: ReferenceModel,
  violations: Violations,
): Promise<void> {
  const path = `/queue?${Array.from(model.rooms.keys(), (id) => `doctor_id=${id}`).join('&')}`;
  const { doctors } = bodyOf(await client.get(path), path) as QueueView;
  violations.same(`${path}: doctors`, doctors.length, model.rooms.size);
  for (const queue of doctors) {
    const { doctor_id: id, calling_order: shown } = queue;
    const named = (tokens: readonly { readonly id?: string }[]) => tokens.map((token) => token.id);
    const expected = named(model.callingOrder(id)).join(' ');
    violations.same(`R18: calling order of ${id}`, named(shown).join(' '), expected);
    violations.same(`break of ${id}`, queue.break_until, model.breaks.get(id) ?? null);
    checkTimes(queue, violations);
  }
}

/** The times follow the calling order, and no time is before the end of the doctor's break (R18). */
function checkTimes(
  { doctor_id: id, calling_order: tokens, break_until: breakUntil }: DoctorQueueView,
  violations: Violations,
): void {
  let earliest = breakUntil ?? '';
  for (const { id: tokenId, estimated_time: time } of tokens) {
    const isRight = time !== null && time >= earliest;
    violations.expect(
      isRight,
      `R18: ${id}: ${tokenId ?? ''} is told ${String(time)} after ${earliest}`,
    );
    earliest = time ?? earliest;
  }
}

function checkSlot(slot: ReferenceSlot, shown: SlotView | undefined, violations: Violations): void {
  const { id, capacity, delayMinutes, isClosed } = slot;
  if (shown === undefined) {
    violations.add(`slot ${id} is not in the schedule`);
    return;
  }
  const { tokens, waitlist } = shown;
  const free = capacity - tokens.length;
  violations.same(`slot ${id}: capacity`, shown.capacity, capacity);
  violations.same(`slot ${id}: delay_minutes`, shown.delay_minutes, delayMinutes);
  violations.same(`R23: slot ${id}: intake`, shown.intake, slot.intake);
  violations.same(`slot ${id}: status`, shown.status, isClosed ? 'CLOSED' : 'OPEN');
  violations.expect(free >= 0, `R1: slot ${id} seats ${tokens.length} on ${capacity} seats`);
  violations.expect(
    free <= 0 || waitlist.length === 0,
    `R5: slot ${id} has ${free} free seats and ${waitlist.length} waiting tokens`,
  );
  violations.same(`slot ${id}: seated`, shown.seated, tokens.length);
  violations.same(`slot ${id}: seats_left`, shown.seats_left, free);
  violations.same(`slot ${id}: waiting`, shown.waiting, waitlist.length);
  const listed = new Set([...tokens, ...waitlist].map((token) => token.id));
  for (const token of slot.tokens)
    violations.expect(listed.has(token.id), `slot ${id} has lost token ${token.id}`);
  const expected = new Set(slot.tokens.map((token) => token.id));
  for (const other of listed)
    violations.expect(expected.has(other), `slot ${id} has ${other}, which does not belong there`);
  checkOrder(`slot ${id}: seats by rank`, tokens, slot.tokens.filter(holdsSeat), violations);
  checkOrder(`slot ${id}: waitlist by rank`, waitlist, slot.waiting, violations);
  for (const [index, token] of waitlist.entries())
    violations.same(`slot ${id}: position of ${token.id}`, token.waitlist_position, index + 1);
  for (const token of tokens) checkTime(token, shown, violations);
}

function checkOrder(
  what: string,
  actual: readonly TokenView[],
  expected: readonly ReferenceToken[],
  violations: Violations,
): void {
  const named = ({ id, number, status, type }: TokenView | ReferenceToken): string =>
    `${id} #${number} ${type} ${status}`;
  violations.same(what, actual.map(named).join('; '), expected.map(named).join('; '));
}

/**
 * A seated token has an estimated time; before the first consultation, it is not before the expected start, unless the
 * token is a checked-in emergency, which is called first (R18). A
 * completed or skipped token has none.
 */
function checkTime(
  { id, status, type, estimated_time: time }: TokenView,
  { id: slotId, tokens, expected_start_time: start }: SlotView,
  violations: Violations,
): void {
  const isFirst = status === 'CHECKED_IN' && type === EMERGENCY;
  const hasBegun = isFirst || tokens.some((token) => token.status === 'IN_CONSULTATION');
  const hasNone = status === 'COMPLETED' || status === 'SKIPPED';
  const isRight = time === null ? hasNone : !hasNone && (hasBegun || time >= start);
  violations.expect(
    isRight,
    `slot ${slotId}: estimated_time of ${id}, ${status}, is ${String(time)}`,
  );
}
