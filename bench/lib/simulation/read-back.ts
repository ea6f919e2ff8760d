import type { ScheduleView, SlotView, TokenView } from '../../../src/service/index.ts';
import type { Breaches } from '../breaches.ts';
import { bodyOf, type Client } from '../client.ts';
import type { Priorities } from './judge.ts';
import type { Known, Ledger, OpenedSlot } from './ledger.ts';

/** Slots of the simulation's doctors by id, as read back. */
export type Board = ReadonlyMap<string, SlotView>;

/** Reads /schedule while nothing is in flight and judges it against everything answered so far. */
export async function readBack(
  client: Client,
  ledger: Ledger,
  priorities: Priorities,
  breaches: Breaches,
): Promise<Board> {
  const board = new Map<string, SlotView>();
  const days = new Map(
    ledger.slots.map(({ doctorId, date }) => [`doctor_id=${doctorId}&date=${date}`, doctorId]),
  );
  for (const [query, doctorId] of days) {
    const schedule = bodyOf(await client.get(`/schedule?${query}`), 'The schedule') as ScheduleView;
    for (const slot of schedule.slots) board.set(slot.id, slot);
    judgeNumbers(schedule, ledger, doctorId, breaches);
  }
  const live = Map.groupBy(ledger.live, ({ slot }) => slot.id);
  for (const slot of ledger.slots)
    judgeSlot(slot, board.get(slot.id), inRank(live.get(slot.id) ?? [], priorities), breaches);
  ledger.read(board);
  return board;
}

/** The one sentence: by rank, the first `capacity` are seated, the rest wait. */
function judgeSlot(
  { id, capacity }: OpenedSlot,
  slot: SlotView | undefined,
  ranked: readonly Known[],
  breaches: Breaches,
): void {
  if (slot === undefined) {
    breaches.add(`slot ${id} is not in the schedule`);
    return;
  }
  const { tokens, waitlist } = slot;
  const free = capacity - tokens.length;
  breaches.same(`slot ${id}: capacity`, slot.capacity, capacity);
  breaches.expect(free >= 0, `R1: slot ${id} seats ${tokens.length} on ${capacity} seats`);
  breaches.expect(
    free <= 0 || waitlist.length === 0,
    `R5: slot ${id} has ${free} free seats beside ${waitlist.length} waiters`,
  );
  breaches.same(`slot ${id}: seated`, slot.seated, tokens.length);
  breaches.same(`slot ${id}: seats_left`, slot.seats_left, free);
  breaches.same(`slot ${id}: waiting`, slot.waiting, waitlist.length);
  const listed = new Set([...tokens, ...waitlist].map((token) => token.id));
  for (const { booking } of ranked)
    breaches.expect(listed.has(booking.id), `slot ${id} has lost token ${booking.id}`);
  const expected = new Set(ranked.map(({ booking }) => booking.id));
  for (const other of listed)
    breaches.expect(
      expected.has(other),
      `slot ${id} has ${other}, which nobody booked or who left`,
    );
  judgeOrder(`R3: slot ${id}: seats by rank`, tokens, ranked.slice(0, capacity), breaches);
  judgeOrder(`R3: slot ${id}: waitlist by rank`, waitlist, ranked.slice(capacity), breaches);
  for (const [index, token] of waitlist.entries())
    breaches.same(`slot ${id}: position of ${token.id}`, token.waitlist_position, index + 1);
}

function judgeOrder(
  what: string,
  actual: readonly TokenView[],
  expected: readonly Known[],
  breaches: Breaches,
): void {
  const numbers = actual.map(({ number }) => number).join(' ');
  breaches.same(what, numbers, expected.map(({ booking }) => booking.number).join(' '));
}

/** A doctor's numbers of a day, other people's included, are each given once, and stay what they were. */
function judgeNumbers(
  { slots }: ScheduleView,
  ledger: Ledger,
  doctorId: string,
  breaches: Breaches,
): void {
  const holders = new Map<number, string>();
  for (const { slot, booking, departure } of ledger.tokens.values())
    if (departure !== null && slot.doctorId === doctorId) holders.set(booking.number, booking.id);
  for (const token of slots.flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist])) {
    const holder = holders.get(token.number) ?? token.id;
    breaches.same(`R10: ${doctorId}: holder of number ${token.number}`, token.id, holder);
    holders.set(token.number, token.id);
    const known = ledger.tokens.get(token.id);
    if (known !== undefined)
      breaches.same(`R10: number of ${token.id}`, token.number, known.booking.number);
  }
}

/** Numbers count up with the arrivals of a doctor's day: among equals the lower number came first. */
const inRank = (known: readonly Known[], priorities: Priorities): Known[] =>
  known.toSorted(
    ({ booking: a }, { booking: b }) =>
      (priorities.get(b.type) ?? 0) - (priorities.get(a.type) ?? 0) || a.number - b.number,
  );
