import {
  isDoctor,
  sameLeave,
  slotId,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type Leave,
  type Session,
  type SlotFacts,
  type SlotId,
} from '../../engine/index.ts';
import type { Store } from '../../store/index.ts';
import { localDateAt } from '../calendar.ts';
import { overlapsOf } from '../overlaps.ts';
import { applyRoster, type RosterDeps } from './apply.ts';
import { load } from '../load.ts';
import type { RosterFile } from './file.ts';

interface ImportDeps extends RosterDeps {
  readonly store: Pick<Store, 'load' | 'transact'>;
}

/**
 * Loads the stored state and sets up a roster file: all of it, or nothing if a part cannot be set up.
 * @returns one line for each change, and one for each part of the file that was left out
 * @throws RosterError in one sentence that names each doctor and slot that cannot be set up
 */
export async function importRoster(deps: ImportDeps, file: RosterFile): Promise<string[]> {
  const { engine, store, clock } = deps;
  await load(store, clock);
  const known = [...engine.doctors];
  const doctors = new Map(known.map(({ facts }) => [facts.id, facts]));
  const slots = new Map(
    known.flatMap((doctor) => doctor.slots.map(({ facts }) => [facts.id, facts])),
  );
  const changes = await applyRoster(deps, file);
  return [
    ...(changes.length === 0 ? ['nothing to change'] : []),
    ...changes.flatMap((change) => linesOf(change, doctors, slots)),
    ...file.doctors.flatMap((facts) => overlapLines(facts, clock())),
    ...file.slots.flatMap((slot) => {
      const seats = engine.slot(slotId(slot.id))?.facts.capacity;
      if (seats === undefined) return [`slot ${slot.id} left out: it has ended`];
      return seats === slot.capacity ? [] : [`slot ${slot.id} left with capacity ${seats}`];
    }),
    ...(file.patientTypes.length === 0 ? [] : [PATIENT_TYPES]),
  ];
}

const PATIENT_TYPES =
  'patient_types are valid; they are not stored in the database: every start reads them from ROSTER';

function linesOf(
  change: Change,
  doctors: ReadonlyMap<DoctorId, DoctorFacts>,
  slots: ReadonlyMap<SlotId, SlotFacts>,
): string[] {
  if (change.kind === 'doctor_set') {
    const before = doctors.get(change.doctorId);
    const { doctor } = change;
    return isDoctor(doctor) ? doctorLines(before, doctor) : leaveLines('holiday', before, doctor);
  }
  if (change.kind === 'slot_set') return [slotLine(slots.get(change.slot.id), change.slot)];
  return change.kind === 'cancelled' ? [`token ${change.tokenId} cancelled`] : [];
}

const overlapLines = ({ id, sessions, timeZone }: DoctorFacts, now: EpochMs): string[] =>
  overlapsOf(sessions, localDateAt(now, timeZone)).map(
    ({ sessions: [a, b], date }) =>
      `sessions ${a} and ${b} of doctor ${id} overlap, first on ${date}`,
  );

/** The leaves of a doctor, or the holidays, that a change adds and removes. */
function leaveLines(what: string, before: DoctorFacts | undefined, after: DoctorFacts): string[] {
  const known = before?.leaves ?? [];
  const line = ({ from, to }: Leave): string => (from === to ? from : `${from} to ${to}`);
  const missingIn = (leaves: readonly Leave[], others: readonly Leave[]): Leave[] =>
    leaves.filter((leave) => !others.some((each) => sameLeave(leave, each)));
  return [
    ...missingIn(known, after.leaves).map((leave) => `${what} ${line(leave)} removed`),
    ...missingIn(after.leaves, known).map((leave) => `${what} ${line(leave)} added`),
  ];
}

function doctorLines(before: DoctorFacts | undefined, doctor: DoctorFacts): string[] {
  const known = new Map(before?.sessions.map((session) => [session.id, session]));
  const sessions = doctor.sessions.flatMap((session) =>
    sessionLine(known.get(session.id), session, doctor.id),
  );
  const leaves = leaveLines(`leave of doctor ${doctor.id}`, before, doctor);
  if (before === undefined) return [`doctor ${doctor.id} added`, ...sessions, ...leaves];
  if (doctor.isRetired) return [`doctor ${doctor.id} retired`];
  const remaining = new Set(doctor.sessions.map(({ id }) => id));
  const ended = before.sessions.filter(({ id }) => !remaining.has(id));
  const order = before.sessions.filter(({ id }) => remaining.has(id));
  const newOrder = doctor.sessions.filter(({ id }) => known.has(id));
  const fields = [
    ...differences(FIELDS_OF_DOCTOR, before, doctor),
    ...(order.every(({ id }, index) => newOrder[index]?.id === id) ? [] : ['order of sessions']),
  ];
  return [
    ...(before.isRetired ? [`doctor ${doctor.id} is back`] : []),
    ...(fields.length === 0 ? [] : [`doctor ${doctor.id} revised: ${fields.join(', ')}`]),
    ...sessions,
    ...ended.map(({ id }) => `session ${id} of doctor ${doctor.id} ended`),
    ...leaves,
  ];
}

function sessionLine(before: Session | undefined, session: Session, id: DoctorId): string[] {
  const name = `session ${session.id} of doctor ${id}`;
  if (before === undefined) return [`${name} added`];
  const fields = differences(FIELDS_OF_SESSION, before, session);
  return fields.length === 0 ? [] : [`${name} changed: ${fields.join(', ')}`];
}

function slotLine(before: SlotFacts | undefined, slot: SlotFacts): string {
  const name = `slot ${slot.id} of doctor ${slot.doctorId}`;
  if (before === undefined) return `${name} opened`;
  if (slot.closedReason !== null) return `${name} closed`;
  if (before.closedReason !== null) return `${name} opened again`;
  if (slot.kept !== null) return `${name} kept for its patients: it takes nobody new`;
  const fields = differences(FIELDS_OF_SLOT, before, slot);
  return fields.length === 0
    ? `${name} takes patients again`
    : `${name} revised: ${fields.join(', ')}`;
}

/** The fields that a roster can change, under their names in a roster file. */
type Fields<T> = readonly (readonly [name: string, read: (facts: T) => string | number | null])[];

const FIELDS_OF_DOCTOR: Fields<DoctorFacts> = [
  ['name', ({ name }) => name],
  ['department', ({ department }) => department],
  ['time_zone', ({ timeZone }) => timeZone],
  ['rooms', ({ rooms }) => rooms],
];

const FIELDS_OF_SESSION: Fields<Session> = [
  ['weekdays', ({ weekdays }) => weekdays.join()],
  ['start', ({ start }) => start],
  ['end', ({ end }) => end],
  ['capacity', ({ capacity }) => capacity],
  ['valid_from', ({ validFrom }) => validFrom],
  ['valid_until', ({ validUntil }) => validUntil],
  ['every_weeks', ({ everyWeeks }) => everyWeeks],
];

const FIELDS_OF_SLOT: Fields<SlotFacts> = [
  ['start_time', ({ startTime }) => startTime],
  ['end_time', ({ endTime }) => endTime],
  ['capacity', ({ capacity }) => capacity],
];

const differences = <T>(fields: Fields<T>, before: T, after: T): string[] =>
  fields.filter(([, read]) => read(before) !== read(after)).map(([name]) => name);
