import {
  invariant,
  NEW_DOCTOR,
  NEW_SESSION,
  NEW_SLOT,
  NO_DESK_FACTS,
  unreachable,
  type BreakSet,
  type Change,
  type DeskFacts,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LiveStatus,
  type SlotFacts,
  type SlotId,
  type Status,
  type TokenCorrected,
  type TokenEntered,
  type TokenId,
  type TokenReclassified,
  type TokenUndone,
  type WaitlistPlace,
  isEntry,
  isLive,
  isTokenChange,
  slotIdOf,
  type TokenChange,
} from '../engine/index.ts';
import type { ChangeRecord, RecordEntry } from './archive.ts';
import type { PlacedChange } from './cursor.ts';
import { ERASED_NAME } from './erasure.ts';
import type { Origin } from './store.ts';
import { parseStored } from './stored-json.ts';
import { columnsOf, type RowOf } from './tables.ts';

// The one mapping between the engine's changes and the rows of the table `changes`, each way.

/**
 * The reason that is recorded with a change. A reason belongs to the command's own token. Tokens that the command only
 * bumped or promoted do not get it, because other patients may read it there (R17).
 */
export const reasonOf = ({ kind }: Change, { reason }: Origin): string | null =>
  kind === 'bumped' || kind === 'promoted' ? null : reason;

/** The change as the token's history tells it (R17). */
export function recordOf(change: TokenChange, origin: Origin): ChangeRecord {
  const { doctorId, version, at, kind, tokenId, slotId } = change;
  return {
    ...{ doctorId, version, at, kind, tokenId, slotId, actor: origin.actor },
    ...stepOf(change),
    room: change.kind === 'started' ? change.room : null,
    undone: change.kind === 'undone' ? change.undone : null,
    reason: reasonOf(change, origin),
  };
}

/** The part of a record that differs from kind to kind. */
function stepOf(change: TokenChange): Pick<ChangeRecord, 'from' | 'to' | 'cause' | 'patientType'> {
  const { kind } = change;
  switch (kind) {
    case 'booked':
    case 'moved_in':
      return { from: null, to: change.to, cause: null, patientType: change.patientType };
    case 'moved_out':
      return { from: change.from, to: null, cause: null, patientType: null };
    case 'reclassified': {
      const { from, patientType } = change;
      return { from, to: from, cause: null, patientType };
    }
    case 'corrected': {
      const { from } = change;
      return { from, to: from, cause: null, patientType: null };
    }
    case 'undone': {
      const { from, to } = change;
      return { from, to, cause: null, patientType: null };
    }
    default:
      return { from: change.from, to: change.to, cause: change.cause, patientType: null };
  }
}

/** A row of `changes` as a database gives it: its tables and the program's own writes guarantee the types. */
export type ChangeRow = RowOf<
  'changes',
  {
    readonly doctor_id: DoctorId;
    readonly version: number;
    readonly position: number;
    readonly at: EpochMs;
    readonly kind: Change['kind'];
    readonly token_id: TokenId | null;
    readonly slot_id: SlotId | null;
    readonly from_status: Status | null;
    readonly to_status: Status | null;
    readonly cause: TokenId | null;
    readonly actor: string;
    readonly reason: string | null;
    readonly data: string | null;
  }
>;

/**
 * The facts of an entered token that the row has no column for. `present` is the stored name of `hasCheckedIn`. A
 * booking has no `bookedAt`, because that is the row's own `at`.
 */
type EnteredData = Omit<
  TokenEntered,
  'kind' | 'doctorId' | 'version' | 'at' | 'tokenId' | 'slotId' | 'to' | 'bookedAt' | 'hasCheckedIn'
> & { readonly present: boolean; readonly bookedAt?: EpochMs };
type ReclassifiedData = Pick<TokenReclassified, 'patientType' | 'priority' | 'waitlistPosition'>;
/** The fields have the names that they have in the data of a booking. */
type CorrectedData = Pick<TokenCorrected, 'patientName' | 'patientId'>;
/** A record of an earlier version has the room alone, or no data. */
type DeskData = Partial<DeskFacts & WaitlistPlace>;
type UndoneData = Pick<TokenUndone, 'undone' | 'waitlistPosition'>;
type BreakData = Pick<BreakSet, 'until'>;

/** The kinds of changes whose records have the name and the id of a patient. */
export const NAMING_KINDS = [
  'booked',
  'moved_in',
  'corrected',
] as const satisfies readonly Change['kind'][];

/** The row of a change record. Its position among all records is drawn by the database. */
export function changeRowOf(change: Change, origin: Origin): Omit<ChangeRow, 'position'> {
  const step = isTokenChange(change) ? stepOf(change) : null;
  return {
    doctor_id: change.doctorId,
    version: change.version,
    at: change.at,
    kind: change.kind,
    token_id: isTokenChange(change) ? change.tokenId : null,
    slot_id: slotIdOf(change),
    from_status: step?.from ?? null,
    to_status: step?.to ?? null,
    cause: step?.cause ?? null,
    actor: origin.actor,
    reason: reasonOf(change, origin),
    data: dataOf(change),
  };
}

/** All that a change has no column for, as JSON; null when there is nothing. The order of the fields is stored too. */
function dataOf(change: Change): string | null {
  if (change.kind === 'doctor_set') return JSON.stringify(change.doctor);
  if (change.kind === 'slot_set') return JSON.stringify(change.slot);
  if (change.kind === 'reclassified') {
    const { patientType, priority } = change;
    return JSON.stringify({ patientType, priority, ...placeOf(change) } satisfies ReclassifiedData);
  }
  if (change.kind === 'break_set')
    return JSON.stringify({ until: change.until } satisfies BreakData);
  if (change.kind === 'corrected') {
    const { patientName, patientId } = change;
    return JSON.stringify({ patientName, patientId } satisfies CorrectedData);
  }
  if (change.kind === 'undone')
    return JSON.stringify({ undone: change.undone, ...placeOf(change) } satisfies UndoneData);
  if (change.kind === 'moved_out') return null;
  if (!isEntry(change)) return deskDataOf(change);
  const { patientName, patientId, patientType, priority, arrival, number } = change;
  const present = change.hasCheckedIn;
  const place = placeOf(change);
  const data = {
    patientName,
    patientId,
    patientType,
    priority,
    arrival,
    number,
    present,
    ...place,
  };
  if (change.kind === 'booked') return JSON.stringify(data satisfies EnteredData);
  return JSON.stringify({ ...data, bookedAt: change.bookedAt } satisfies EnteredData);
}

/** The place on the waitlist, if the token waits: only then the data has it, because most tokens do not wait. */
const placeOf = ({ waitlistPosition }: WaitlistPlace): WaitlistPlace | undefined =>
  waitlistPosition === undefined ? undefined : { waitlistPosition };

function deskDataOf(change: DeskFacts & WaitlistPlace): string | null {
  const { room, today, calledFrom, waitlistPosition } = change;
  if (waitlistPosition !== undefined) return JSON.stringify({ waitlistPosition });
  if (today !== null) return JSON.stringify({ room, today, calledFrom } satisfies DeskData);
  return room === null ? null : JSON.stringify({ room } satisfies DeskData);
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
      return { kind, ...envelope, doctor: doctorFactsOf(read(row) as DoctorFacts) };
    case 'slot_set':
      return { kind, ...envelope, slot: slotFactsOf(read(row) as SlotFacts) };
    case 'break_set':
      return { kind, ...envelope, ...(read(row) as BreakData) };
    case 'booked':
    case 'moved_in':
      return enteredOf(row, kind);
    case 'moved_out':
      return { kind, ...envelope, ...idsOf(row), from: liveFromOf(row) };
    case 'reclassified':
      return {
        ...(read(row) as ReclassifiedData),
        kind,
        ...envelope,
        ...idsOf(row),
        from: liveFromOf(row),
      };
    case 'corrected':
      return {
        ...(read(row) as CorrectedData),
        kind,
        ...envelope,
        ...idsOf(row),
        from: fromOf(row),
      };
    case 'undone':
      return {
        ...(read(row) as UndoneData),
        kind,
        ...envelope,
        ...idsOf(row),
        from: fromOf(row),
        to: toOf(row) as LiveStatus,
      };
    case 'bumped':
    case 'promoted':
    case 'checked_in':
    case 'started':
    case 'skipped':
    case 'completed':
    case 'cancelled':
    case 'no_show':
    case 'expired': {
      const desk = row.data === null ? undefined : (read(row) as DeskData);
      const step = { from: liveFromOf(row), to: toOf(row), cause: row.cause };
      return { kind, ...envelope, ...idsOf(row), ...step, ...NO_DESK_FACTS, ...desk };
    }
    default:
      return unreachable(kind);
  }
}

/** Written field by field, because a live feed reads each booking, and to spread objects takes six times as long. */
function enteredOf(row: ChangeRow, kind: TokenEntered['kind']): TokenEntered {
  const { doctor_id: doctorId, version, at, token_id: tokenId, slot_id: slotId } = row;
  invariant(tokenId !== null && slotId !== null, 'a change of a token names it and its slot');
  const data = read(row) as EnteredData;
  const { patientName, patientId, patientType, priority, arrival, number } = data;
  const { present: hasCheckedIn, bookedAt = at, waitlistPosition } = data;
  const to = toOf(row) as LiveStatus;
  return {
    kind,
    doctorId,
    version,
    at,
    tokenId,
    slotId,
    to,
    patientName,
    patientId,
    patientType,
    priority,
    arrival,
    number,
    hasCheckedIn,
    bookedAt,
    ...(waitlistPosition === undefined ? undefined : { waitlistPosition }),
  };
}

/**
 * The change of a row with its place in the log.
 * @throws as `changeOf` does
 */
export const placedChangeOf = (row: ChangeRow): PlacedChange => ({
  position: row.position,
  change: changeOf(row),
  actor: row.actor,
  reason: row.reason,
});

/** The columns of a change that tell who made it: without the data, which has names. */
export const RECORD_COLUMNS = columnsOf('changes').filter((name) => name !== 'data');

/** The change of a row, as the record tells who made it. */
export const recordEntryOf = (row: Omit<ChangeRow, 'data'>): RecordEntry => ({
  position: row.position,
  doctorId: row.doctor_id,
  version: row.version,
  at: row.at,
  kind: row.kind,
  tokenId: row.token_id,
  slotId: row.slot_id,
  from: row.from_status,
  to: row.to_status,
  cause: row.cause,
  actor: row.actor,
  reason: row.reason,
});

/** The change of a token's row, as the token's history tells it. */
export function recordOfRow(row: ChangeRow): ChangeRecord {
  const change = changeOf(row);
  invariant(isTokenChange(change), 'the history of a token has only changes of the token');
  return recordOf(change, row);
}

/** The facts of a doctor. A record of an earlier version of this program lacks the fields that came later. */
const doctorFactsOf = (stored: DoctorFacts): DoctorFacts => ({
  ...NEW_DOCTOR,
  ...stored,
  sessions: stored.sessions.map((session) => ({ ...NEW_SESSION, ...session })),
});

/** The facts of a slot. A record of an earlier version lacks the fields that came later; a delay moved the start then. */
const slotFactsOf = (stored: SlotFacts): SlotFacts => ({
  ...NEW_SLOT,
  ...stored,
  startDelayMinutes: (stored as Partial<SlotFacts>).startDelayMinutes ?? stored.delayMinutes,
});

function idsOf({ token_id: tokenId, slot_id: slotId }: ChangeRow) {
  invariant(tokenId !== null && slotId !== null, 'a change of a token names it and its slot');
  return { tokenId, slotId };
}

function fromOf({ from_status }: ChangeRow): Status {
  invariant(from_status !== null, 'a change of a token in a slot has the status it starts from');
  return from_status;
}

function liveFromOf(row: ChangeRow): LiveStatus {
  const from = fromOf(row);
  invariant(isLive(from), 'a change of a live token starts from the status of a live token');
  return from;
}

function toOf({ to_status }: ChangeRow): Status {
  invariant(to_status !== null, 'a change that leads to a status names it');
  return to_status;
}

function read({ data }: ChangeRow): unknown {
  invariant(data !== null, 'a change that sets something has data');
  return parseStored(data);
}

/** A change as its record is when the name and the id of the patient are erased. */
export const erasedChange = (change: Change): Change =>
  isTokenChange(change) && 'patientName' in change
    ? { ...change, patientName: ERASED_NAME, patientId: null }
    : change;
