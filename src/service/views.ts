import {
  delayedStartOf,
  endsAt,
  holdsSeat,
  type Booked,
  type Called,
  type ClosedSlot,
  type ClosingOutcome,
  type DelayDay,
  type DoctorFacts,
  type EpochMs,
  type Departure,
  type Reordered,
  type RevisedSlot,
  type Slot,
  type SlotFacts,
  type Status,
  type Token,
} from '../engine/index.ts';
import type { ChangeRecord, StoredToken } from '../store/index.ts';

// The resources of the HTTP contract. They are made at the instant of the decision, as plain values: the engine's
// own objects go on changing while an answer waits for the disk.

export interface TokenView {
  readonly id: string;
  readonly number: number;
  readonly patient_name: string;
  readonly patient_id?: string;
  readonly type: string;
  readonly timestamp: string;
  readonly slot_id: string;
  readonly doctor_id: string;
  readonly status: Status;
  readonly start_time: string;
  readonly end_time: string;
  readonly waitlist_position: number | null;
  readonly estimated_time: string | null;
}

export interface BumpedView {
  readonly id: string;
  readonly number: number;
  readonly type: string;
  readonly waitlist_position: number | null;
}

export interface AlternativeView {
  readonly id: string;
  readonly start_time: string;
  readonly seats_left: number;
}

export interface BookingView extends TokenView {
  readonly bumped: BumpedView | null;
  readonly alternatives?: readonly AlternativeView[];
}

export interface CancelView {
  readonly status: 'CANCELLED';
  readonly id: string;
  readonly promoted: TokenView | null;
}

export interface NoShowView extends TokenView {
  readonly promoted: TokenView | null;
}

export interface CalledView extends TokenView {
  readonly completed: TokenView | null;
}

export interface ReorderedView extends TokenView {
  readonly bumped: BumpedView | null;
  readonly promoted: TokenView | null;
  readonly alternatives?: readonly AlternativeView[];
}

export interface SlotView {
  readonly id: string;
  readonly doctor_id: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly delay_minutes: number;
  readonly expected_start_time: string;
  readonly expected_end_time: string;
  readonly capacity: number;
  readonly seated: number;
  readonly seats_left: number;
  readonly waiting: number;
  readonly status: 'OPEN' | 'CLOSED' | 'ENDED';
  readonly tokens: readonly TokenView[];
  readonly waitlist: readonly TokenView[];
}

export interface RevisedView extends SlotView {
  readonly bumped: readonly BumpedView[];
  readonly promoted: readonly TokenView[];
}

export interface AffectedView {
  readonly outcome: ClosingOutcome;
  readonly seated: boolean;
  readonly token: TokenView;
}

export interface ClosedView extends SlotView {
  readonly affected: readonly AffectedView[];
  readonly bumped: readonly BumpedView[];
}

export interface DelayView {
  readonly doctor_id: string;
  readonly date: string;
  readonly minutes: number;
  readonly slots: readonly SlotView[];
}

export interface SessionView {
  readonly id: string;
  readonly weekdays: readonly string[];
  readonly start: string;
  readonly end: string;
  readonly capacity: number;
}

export interface DoctorView {
  readonly id: string;
  readonly name: string;
  readonly department?: string;
  readonly time_zone: string;
  readonly sessions: readonly SessionView[];
}

export interface ScheduleView extends DoctorView {
  readonly slots: readonly SlotView[];
}

export interface ChangeView {
  /** Stable: the doctor and the change's place in the doctor's order. */
  readonly id: string;
  readonly kind: ChangeRecord['kind'];
  readonly at: string;
  readonly slot_id: string;
  readonly from: Status | null;
  readonly to: Status | null;
  readonly type: string | null;
  readonly cause: string | null;
  readonly actor: string;
  readonly reason: string | null;
}

export interface HistoryView {
  readonly token_id: string;
  readonly changes: readonly ChangeView[];
}

const DAY_MS = 24 * 3_600_000;

/** Slots with free seats offered to one who has to wait. */
const ALTERNATIVES_MAX = 3;

/** Texts kept of instants told lately: a slot's times and the time of a turn come again and again. */
const INSTANTS_MAX = 10_000;
const instants = new Map<number, string>();

/** RFC 3339, UTC, milliseconds. */
export function instantOf(ms: number): string {
  const known = instants.get(ms);
  if (known !== undefined) return known;
  if (instants.size >= INSTANTS_MAX) instants.clear();
  const text = new Date(ms).toISOString();
  instants.set(ms, text);
  return text;
}

export const tokenView = (token: Token, at: EpochMs): TokenView => ({
  ...tokenFactsView(token, token.patientClass.type, token.slot.facts),
  waitlist_position: token.slot.waitlistPositionOf(token),
  estimated_time: estimatedTimeOf(token, at),
});

/** A token that is over: it has neither a place in a line nor a time. */
export const overTokenView = (token: StoredToken, slot: SlotFacts): TokenView => ({
  ...tokenFactsView(token, token.patientType, slot),
  waitlist_position: null,
  estimated_time: null,
});

const tokenFactsView = (
  token: Token | StoredToken,
  type: string,
  slot: SlotFacts,
): Omit<TokenView, 'waitlist_position' | 'estimated_time'> => ({
  id: token.id,
  number: token.number,
  patient_name: token.patientName,
  ...(token.patientId === null ? {} : { patient_id: token.patientId }),
  type,
  timestamp: instantOf(token.bookedAt),
  slot_id: slot.id,
  doctor_id: slot.doctorId,
  status: token.status,
  start_time: instantOf(slot.startTime),
  end_time: instantOf(slot.endTime),
});

/**
 * When a seated patient's turn should come: what remains ahead, at the slot's pace of one patient every
 * `(end - start) / capacity`; from now on once the doctor sees somebody there, before that from the delayed start. A day
 * after the slot's end nobody is expected any more.
 */
function estimatedTimeOf(token: Token, at: EpochMs): string | null {
  if (!holdsSeat(token.status) || token.status === 'COMPLETED') return null;
  const { slot } = token;
  const { startTime, endTime, capacity } = slot.facts;
  if (at >= endsAt(slot.facts, 0) + DAY_MS) return null;
  const from = slot.inConsultation > 0 ? at : Math.max(delayedStartOf(slot.facts), at);
  const pace = (endTime - startTime) / capacity;
  return instantOf(Math.floor(from + slot.seatedAheadOf(token) * pace));
}

export const bookingView = (
  { token, bumped }: Booked,
  at: EpochMs,
  graceMinutes: number,
): BookingView => ({
  ...tokenView(token, at),
  bumped: bumped === null ? null : bumpedView(bumped),
  ...alternativesOf(token, at, graceMinutes),
});

export const reorderedView = (
  { token, bumped, promoted }: Reordered,
  at: EpochMs,
  graceMinutes: number,
): ReorderedView => ({
  ...tokenView(token, at),
  bumped: bumped === null ? null : bumpedView(bumped),
  promoted: promoted === null ? null : tokenView(promoted, at),
  ...alternativesOf(token, at, graceMinutes),
});

const bumpedView = (bumped: Token): BumpedView => ({
  id: bumped.id,
  number: bumped.number,
  type: bumped.patientClass.type,
  waitlist_position: bumped.slot.waitlistPositionOf(bumped),
});

/** Who has to wait is told where there is room. */
const alternativesOf = (
  { status, slot }: Token,
  at: EpochMs,
  graceMinutes: number,
): { alternatives?: readonly AlternativeView[] } =>
  status === 'WAITING' ? { alternatives: alternativesTo(slot, at, graceMinutes) } : {};

function alternativesTo(full: Slot, at: EpochMs, graceMinutes: number): AlternativeView[] {
  const found: AlternativeView[] = [];
  for (const slot of full.doctor.slots) {
    if (statusOf(slot.facts, at, graceMinutes) !== 'OPEN' || slot.seatsLeft === 0) continue;
    const { id, startTime } = slot.facts;
    found.push({ id, start_time: instantOf(startTime), seats_left: slot.seatsLeft });
    if (found.length === ALTERNATIVES_MAX) break;
  }
  return found;
}

export const cancelView = ({ token, promoted }: Departure, at: EpochMs): CancelView => ({
  status: 'CANCELLED',
  id: token.id,
  promoted: promoted === null ? null : tokenView(promoted, at),
});

export const noShowView = ({ token, promoted }: Departure, at: EpochMs): NoShowView => ({
  ...tokenView(token, at),
  promoted: promoted === null ? null : tokenView(promoted, at),
});

export const calledView = ({ token, completed }: Called, at: EpochMs): CalledView => ({
  ...tokenView(token, at),
  completed: completed === null ? null : tokenView(completed, at),
});

const statusOf = (slot: SlotFacts, at: EpochMs, graceMinutes: number): SlotView['status'] => {
  if (at >= endsAt(slot, graceMinutes)) return 'ENDED';
  return slot.closedReason === null ? 'OPEN' : 'CLOSED';
};

export const slotView = (slot: Slot, at: EpochMs, graceMinutes: number): SlotView => ({
  id: slot.facts.id,
  doctor_id: slot.facts.doctorId,
  start_time: instantOf(slot.facts.startTime),
  end_time: instantOf(slot.facts.endTime),
  delay_minutes: slot.facts.delayMinutes,
  expected_start_time: instantOf(delayedStartOf(slot.facts)),
  expected_end_time: instantOf(endsAt(slot.facts, 0)),
  capacity: slot.facts.capacity,
  seated: slot.seated,
  seats_left: slot.seatsLeft,
  waiting: slot.waiting,
  status: statusOf(slot.facts, at, graceMinutes),
  tokens: slot.seatedTokens().map((token) => tokenView(token, at)),
  waitlist: slot.waitlist().map((token) => tokenView(token, at)),
});

export const revisedView = (
  { slot, bumped, promoted }: RevisedSlot,
  at: EpochMs,
  graceMinutes: number,
): RevisedView => ({
  ...slotView(slot, at, graceMinutes),
  bumped: bumped.map(bumpedView),
  promoted: promoted.map((token) => tokenView(token, at)),
});

export const closedView = (
  { slot, affected, bumped }: ClosedSlot,
  at: EpochMs,
  graceMinutes: number,
): ClosedView => ({
  ...slotView(slot, at, graceMinutes),
  affected: affected.map(({ token, outcome }) => ({
    outcome,
    seated: holdsSeat(token.status),
    token: tokenView(token, at),
  })),
  bumped: bumped.map(bumpedView),
});

export const delayView = (
  { doctorId, date, minutes, slots }: Omit<DelayDay, 'at'> & { readonly slots: readonly Slot[] },
  at: EpochMs,
  graceMinutes: number,
): DelayView => ({
  doctor_id: doctorId,
  date,
  minutes,
  slots: slots.map((slot) => slotView(slot, at, graceMinutes)),
});

export const doctorView = (facts: DoctorFacts): DoctorView => ({
  id: facts.id,
  name: facts.name,
  ...(facts.department === null ? {} : { department: facts.department }),
  time_zone: facts.timeZone,
  sessions: facts.sessions,
});

export const changeView = (change: ChangeRecord): ChangeView => ({
  id: `${change.doctorId}:${change.version}`,
  kind: change.kind,
  at: instantOf(change.at),
  slot_id: change.slotId,
  from: change.from,
  to: change.to,
  type: change.patientType,
  cause: change.cause,
  actor: change.actor,
  reason: change.reason,
});
