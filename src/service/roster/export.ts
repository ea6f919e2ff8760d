import {
  HOSPITAL,
  NEW_DOCTOR,
  NEW_SESSION,
  endsAt,
  isListed,
  type AllocationEngine,
  type DoctorFacts,
  type EpochMs,
  type Session,
  type SlotFacts,
} from '../../engine/index.ts';
import type { Store } from '../../store/index.ts';
import type { DoctorInput, SessionInput } from '../doctor-input.ts';
import { holidayInputsOf, type LeaveInput } from '../leave-input.ts';
import { load } from '../load.ts';
import { instantOf } from '../instant.ts';
import type { SlotInput } from './single-slot.ts';

/**
 * Writes the stored doctors, single slots and holidays as the text of a roster file that sets up the same: the doctors by
 * id, each with its sessions in order and its leaves, and the open single slots that have not ended, by doctor, start and
 * id. Retired doctors are left out.
 * @returns the text; undefined when there is no doctor
 */
export async function exportRoster(
  store: Pick<Store, 'load'>,
  engine: AllocationEngine,
  now: EpochMs,
): Promise<string | undefined> {
  await load(store, () => now);
  const listed = [...engine.doctors].filter(({ facts }) => isListed(facts));
  const known = listed.sort((a, b) => (a.facts.id < b.facts.id ? -1 : 1));
  if (known.length === 0) return undefined;
  const doctors = known.map(({ facts }) => doctorInputOf(facts));
  const isToExport = ({ facts }: { readonly facts: SlotFacts }): boolean =>
    facts.sessionId === null &&
    facts.closedReason === null &&
    now < endsAt(facts, engine.rules.graceMinutes);
  const slots = known.flatMap((doctor) =>
    doctor.slots.filter(isToExport).map(({ facts }) => slotInputOf(facts)),
  );
  const holidays = holidayInputsOf(engine.doctor(HOSPITAL)?.facts.leaves ?? []);
  const roster = {
    doctors,
    ...(slots.length === 0 ? {} : { slots }),
    ...(holidays.length === 0 ? {} : { holidays }),
  };
  return `${JSON.stringify(roster, null, 2)}\n`;
}

const doctorInputOf = (
  facts: DoctorFacts,
): DoctorInput & { readonly id: string; readonly leaves?: readonly LeaveInput[] } => ({
  id: facts.id,
  name: facts.name,
  ...(facts.department === null ? {} : { department: facts.department }),
  time_zone: facts.timeZone,
  ...(facts.rooms === NEW_DOCTOR.rooms ? {} : { rooms: facts.rooms }),
  sessions: facts.sessions.map(sessionInputOf),
  ...(facts.leaves.length === 0 ? {} : { leaves: facts.leaves.map((leave) => ({ ...leave })) }),
});

const sessionInputOf = ({ weekdays, ...session }: Session): SessionInput => ({
  id: session.id,
  weekdays: [...weekdays],
  start: session.start,
  end: session.end,
  capacity: session.capacity,
  ...(session.validFrom === null ? {} : { valid_from: session.validFrom }),
  ...(session.validUntil === null ? {} : { valid_until: session.validUntil }),
  ...(session.everyWeeks === NEW_SESSION.everyWeeks ? {} : { every_weeks: session.everyWeeks }),
});

const slotInputOf = (facts: SlotFacts): SlotInput => ({
  id: facts.id,
  doctor_id: facts.doctorId,
  start_time: instantOf(facts.startTime),
  end_time: instantOf(facts.endTime),
  capacity: facts.capacity,
});
