import type { ScheduleView, SlotView, TokenView } from '../../src/service/index.ts';
import type { Breaches } from '../lib/breaches.ts';
import { bodyOf, type Client } from '../lib/client.ts';
import { holdsSeat, type Ward, type WardSlot, type WardToken } from './ward.ts';

/** Slots of the simulation's doctors by id, as read back. */
export type Board = ReadonlyMap<string, SlotView>;

/** Reads /schedule while nothing is in flight and holds the whole board against what the rules made of the day. */
export async function readBack(client: Client, ward: Ward, breaches: Breaches): Promise<Board> {
  const board = new Map<string, SlotView>();
  const days = new Set(
    Array.from(ward.slots.values(), ({ doctorId, date }) => `doctor_id=${doctorId}&date=${date}`),
  );
  for (const query of days) {
    const path = `/schedule?${query}`;
    const schedule = bodyOf(await client.get(path), path) as ScheduleView;
    for (const slot of schedule.slots) board.set(slot.id, slot);
  }
  for (const slot of ward.slots.values()) judgeSlot(slot, board.get(slot.id), breaches);
  return board;
}

function judgeSlot(slot: WardSlot, shown: SlotView | undefined, breaches: Breaches): void {
  const { id, capacity, delayMinutes, isClosed } = slot;
  if (shown === undefined) {
    breaches.add(`slot ${id} is not in the schedule`);
    return;
  }
  const { tokens, waitlist } = shown;
  const free = capacity - tokens.length;
  breaches.same(`slot ${id}: capacity`, shown.capacity, capacity);
  breaches.same(`slot ${id}: delay_minutes`, shown.delay_minutes, delayMinutes);
  breaches.same(`slot ${id}: status`, shown.status, isClosed ? 'CLOSED' : 'OPEN');
  breaches.expect(free >= 0, `R1: slot ${id} seats ${tokens.length} on ${capacity} seats`);
  breaches.expect(
    free <= 0 || waitlist.length === 0,
    `R5: slot ${id} has ${free} free seats beside ${waitlist.length} waiters`,
  );
  breaches.same(`slot ${id}: seated`, shown.seated, tokens.length);
  breaches.same(`slot ${id}: seats_left`, shown.seats_left, free);
  breaches.same(`slot ${id}: waiting`, shown.waiting, waitlist.length);
  const listed = new Set([...tokens, ...waitlist].map((token) => token.id));
  for (const token of slot.tokens)
    breaches.expect(listed.has(token.id), `slot ${id} has lost token ${token.id}`);
  const expected = new Set(slot.tokens.map((token) => token.id));
  for (const other of listed)
    breaches.expect(expected.has(other), `slot ${id} has ${other}, which does not belong there`);
  judgeOrder(`slot ${id}: seats by rank`, tokens, slot.tokens.filter(holdsSeat), breaches);
  judgeOrder(`slot ${id}: waitlist by rank`, waitlist, slot.waiting, breaches);
  for (const [index, token] of waitlist.entries())
    breaches.same(`slot ${id}: position of ${token.id}`, token.waitlist_position, index + 1);
  for (const token of tokens) judgeTime(token, shown, breaches);
}

function judgeOrder(
  what: string,
  actual: readonly TokenView[],
  expected: readonly WardToken[],
  breaches: Breaches,
): void {
  const named = ({ id, number, status, type }: TokenView | WardToken): string =>
    `${id} #${number} ${type} ${status}`;
  breaches.same(what, actual.map(named).join('; '), expected.map(named).join('; '));
}

/** Who has a seat has a time, not before the doctor comes or has begun; who was seen has none any more. */
function judgeTime(
  { id, status, estimated_time: time }: TokenView,
  { id: slotId, tokens, expected_start_time: start }: SlotView,
  breaches: Breaches,
): void {
  const hasBegun = tokens.some((token) => token.status === 'IN_CONSULTATION');
  const isRight =
    time === null ? status === 'COMPLETED' : status !== 'COMPLETED' && (hasBegun || time >= start);
  breaches.expect(
    isRight,
    `slot ${slotId}: estimated_time of ${id}, ${status}, is ${String(time)}`,
  );
}
