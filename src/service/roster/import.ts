import {
  slotId,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type Session,
  type SlotFacts,
  type SlotId,
} from '../../engine/index.ts';
import type { Store } from '../../store/index.ts';
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
  if (change.kind === 'doctor_set') return doctorLines(doctors.get(change.doctorId), change.doctor);
  return change.kind === 'slot_set' ? [slotLine(slots.get(change.slot.id), change.slot)] : [];
}

function doctorLines(before: DoctorFacts | undefined, doctor: DoctorFacts): string[] {
  const known = new Map(before?.sessions.map((session) => [session.id, session]));
  const sessions = doctor.sessions.flatMap((session) =>
    sessionLine(known.get(session.id), session, doctor.id),
  );
  if (before === undefined) return [`doctor ${doctor.id} added`, ...sessions];
  const remaining = new Set(doctor.sessions.map(({ id }) => id));
  const ended = before.sessions.filter(({ id }) => !remaining.has(id));
  const order = before.sessions.filter(({ id }) => remaining.has(id));
  const newOrder = doctor.sessions.filter(({ id }) => known.has(id));
  const fields = [
    ...differences(FIELDS_OF_DOCTOR, before, doctor),
    ...(order.every(({ id }, index) => newOrder[index]?.id === id) ? [] : ['order of sessions']),
  ];
  return [
    ...(fields.length === 0 ? [] : [`doctor ${doctor.id} revised: ${fields.join(', ')}`]),
    ...sessions,
    ...ended.map(({ id }) => `session ${id} of doctor ${doctor.id} ended`),
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
  return `${name} revised: ${differences(FIELDS_OF_SLOT, before, slot).join(', ')}`;
}

/** The fields that a roster can change, under their names in a roster file. */
type Fields<T> = readonly (readonly [name: string, read: (facts: T) => string | number | null])[];

const FIELDS_OF_DOCTOR: Fields<DoctorFacts> = [
  ['name', ({ name }) => name],
  ['department', ({ department }) => department],
  ['time_zone', ({ timeZone }) => timeZone],
];

const FIELDS_OF_SESSION: Fields<Session> = [
  ['weekdays', ({ weekdays }) => weekdays.join()],
  ['start', ({ start }) => start],
  ['end', ({ end }) => end],
  ['capacity', ({ capacity }) => capacity],
];

const FIELDS_OF_SLOT: Fields<SlotFacts> = [
  ['start_time', ({ startTime }) => startTime],
  ['end_time', ({ endTime }) => endTime],
  ['capacity', ({ capacity }) => capacity],
];

const differences = <T>(fields: Fields<T>, before: T, after: T): string[] =>
  fields.filter(([, read]) => read(before) !== read(after)).map(([name]) => name);
