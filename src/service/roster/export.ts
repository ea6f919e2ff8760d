import {
  endsAt,
  type AllocationEngine,
  type DoctorFacts,
  type EpochMs,
  type SlotFacts,
} from '../../engine/index.ts';
import type { Store } from '../../store/index.ts';
import type { DoctorInput } from '../doctor-input.ts';
import { load } from '../load.ts';
import { instantOf } from '../instant.ts';
import type { SlotInput } from './single-slot.ts';

/**
 * Writes the stored doctors and single slots as the text of a roster file that sets up the same: the doctors by id, each
 * with its sessions in order, and the open single slots that have not ended, by doctor, start and id.
 * @returns the text; undefined when there is no doctor
 */
export async function exportRoster(
  store: Pick<Store, 'load'>,
  engine: AllocationEngine,
  now: EpochMs,
): Promise<string | undefined> {
  await load(store, () => now);
  const known = [...engine.doctors].sort((a, b) => (a.facts.id < b.facts.id ? -1 : 1));
  if (known.length === 0) return undefined;
  const doctors = known.map(({ facts }) => doctorInputOf(facts));
  const isToExport = ({ facts }: { readonly facts: SlotFacts }): boolean =>
    facts.sessionId === null &&
    facts.closedReason === null &&
    now < endsAt(facts, engine.rules.graceMinutes);
  const slots = known.flatMap((doctor) =>
    doctor.slots.filter(isToExport).map(({ facts }) => slotInputOf(facts)),
  );
  const roster = slots.length === 0 ? { doctors } : { doctors, slots };
  return `${JSON.stringify(roster, null, 2)}\n`;
}

const doctorInputOf = (facts: DoctorFacts): DoctorInput & { readonly id: string } => ({
  id: facts.id,
  name: facts.name,
  ...(facts.department === null ? {} : { department: facts.department }),
  time_zone: facts.timeZone,
  sessions: facts.sessions.map(({ id, weekdays, start, end, capacity }) => ({
    id,
    weekdays: [...weekdays],
    start,
    end,
    capacity,
  })),
});

const slotInputOf = (facts: SlotFacts): SlotInput => ({
  id: facts.id,
  doctor_id: facts.doctorId,
  start_time: instantOf(facts.startTime),
  end_time: instantOf(facts.endTime),
  capacity: facts.capacity,
});
