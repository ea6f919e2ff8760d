import {
  invariant,
  unreachable,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LiveStatus,
  type SlotFacts,
  type SlotId,
  type Status,
  type TokenEntered,
  type TokenId,
  type TokenReclassified,
  isEntry,
  isTokenChange,
} from '../engine/index.ts';
import { recordOf } from './fold.ts';
import type { ChangeRecord, Origin } from './store.ts';

/** A row of `changes`, as a database hands it over: its tables and our own writes vouch for the types. */
export interface ChangeRow {
  readonly position: number;
  readonly doctor_id: DoctorId;
  readonly version: number;
  readonly at: EpochMs;
  readonly kind: Change['kind'];
  readonly token_id: TokenId | null;
  readonly slot_id: SlotId | null;
  readonly from_status: LiveStatus | null;
  readonly to_status: Status | null;
  readonly cause: TokenId | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly data: string | null;
}

/**
 * The facts of an entered token that the row has no column for. `present` is the stored name of `hasCheckedIn`. A
 * booking has no `bookedAt`, because it is the row's own `at`.
 */
type EnteredData = Omit<
  TokenEntered,
  'kind' | 'doctorId' | 'version' | 'at' | 'tokenId' | 'slotId' | 'to' | 'bookedAt' | 'hasCheckedIn'
> & { readonly present: boolean; readonly bookedAt?: EpochMs };
type ReclassifiedData = Pick<TokenReclassified, 'patientType' | 'priority'>;

/** The row of a change record, but for its place among all of them. */
export function changeRowOf(change: Change, origin: Origin): Omit<ChangeRow, 'position'> {
  const isOfToken = isTokenChange(change);
  const { from, to, cause, actor, reason } = isOfToken
    ? recordOf(change, origin)
    : { from: null, to: null, cause: null, ...origin };
  return {
    doctor_id: change.doctorId,
    version: change.version,
    at: change.at,
    kind: change.kind,
    token_id: isOfToken ? change.tokenId : null,
    slot_id: slotIdOf(change),
    from_status: from,
    to_status: to,
    cause,
    actor,
    reason,
    data: dataOf(change),
  };
}

function slotIdOf(change: Change): SlotId | null {
  if (change.kind === 'doctor_set') return null;
  return change.kind === 'slot_set' ? change.slot.id : change.slotId;
}

/** All that a change has no column for, as JSON; null when there is nothing. */
function dataOf(change: Change): string | null {
  if (change.kind === 'doctor_set') return JSON.stringify(change.doctor);
  if (change.kind === 'slot_set') return JSON.stringify(change.slot);
  if (change.kind === 'reclassified') {
    const { patientType, priority } = change;
    return JSON.stringify({ patientType, priority } satisfies ReclassifiedData);
  }
  if (!isEntry(change)) return null;
  const { patientName, patientId, patientType, priority, arrival, number } = change;
  const present = change.hasCheckedIn;
  const data = { patientName, patientId, patientType, priority, arrival, number, present };
  const moved = change.kind === 'moved_in' ? { bookedAt: change.bookedAt } : {};
  return JSON.stringify({ ...data, ...moved } satisfies EnteredData);
}

/**
 * The change of a row, as the engine applied it.
 * @throws InvariantError or SyntaxError when the row is not one of ours
 */
export function changeOf(row: ChangeRow): Change {
  const { doctor_id: doctorId, version, at, kind } = row;
  const envelope = { doctorId, version, at };
  switch (kind) {
    case 'doctor_set':
      return { kind, ...envelope, doctor: read(row) as DoctorFacts };
    case 'slot_set':
      return { kind, ...envelope, slot: read(row) as SlotFacts };
    case 'booked':
    case 'moved_in': {
      const { present: hasCheckedIn, ...data } = read(row) as EnteredData;
      return {
        bookedAt: at,
        ...data,
        hasCheckedIn,
        kind,
        ...envelope,
        ...idsOf(row),
        to: toOf(row) as LiveStatus,
      };
    }
    case 'moved_out':
      return { kind, ...envelope, ...idsOf(row), from: fromOf(row) };
    case 'reclassified':
      return {
        ...(read(row) as ReclassifiedData),
        kind,
        ...envelope,
        ...idsOf(row),
        from: fromOf(row),
      };
    case 'bumped':
    case 'promoted':
    case 'checked_in':
    case 'started':
    case 'completed':
    case 'cancelled':
    case 'no_show':
    case 'expired': {
      const step = { from: fromOf(row), to: toOf(row), cause: row.cause };
      return { kind, ...envelope, ...idsOf(row), ...step };
    }
    default:
      return unreachable(kind);
  }
}

/** The change of a token's row, as the token's history tells it. */
export function recordOfRow(row: ChangeRow): ChangeRecord {
  const change = changeOf(row);
  invariant(isTokenChange(change), 'the history of a token has changes of the token alone');
  return recordOf(change, row);
}

function idsOf({ token_id: tokenId, slot_id: slotId }: ChangeRow) {
  invariant(tokenId !== null && slotId !== null, 'a change of a token names it and its slot');
  return { tokenId, slotId };
}

function fromOf({ from_status }: ChangeRow): LiveStatus {
  invariant(from_status !== null, 'a change of a token in a slot has the status it starts from');
  return from_status;
}

function toOf({ to_status }: ChangeRow): Status {
  invariant(to_status !== null, 'a change that leads to a status names it');
  return to_status;
}

function read({ data }: ChangeRow): unknown {
  invariant(data !== null, 'a change that sets something has data');
  return JSON.parse(data);
}
