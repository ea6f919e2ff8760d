import {
  NEW_DOCTOR,
  NEW_SESSION,
  NEW_SLOT,
  doctorId,
  epochMs,
  localDate,
  slotId,
  WEEKDAYS,
  sessionId,
  type DoctorFacts,
  type EpochMs,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { serveTask } from '../lib/child.ts';
import { HistoryWriter } from '../lib/history-writer.ts';
import { required } from '../lib/required.ts';

/** The doctors of the bench, by what is read of them. */
export const DOCTORS = {
  past: 'past',
  live: 'live',
  crowded: 'crowded',
  clinic: 'clinic',
} as const;

/** The sizes of the database that is read. */
export interface Hospital {
  readonly path: string;
  /** Tokens of the doctor `past` on one past day; none of them waits. */
  readonly past: number;
  /** Tokens of the doctor `live` tomorrow, half of them waiting. */
  readonly live: number;
  /** Slots of each of these two days. */
  readonly slots: number;
  /** Tokens in the one slot of the doctor `crowded`, a tenth of them seated. */
  readonly crowded: number;
  /** Change records of one token of the doctor `clinic`. */
  readonly history: number;
  /** Doctors with two sessions each and no patients. */
  readonly doctors: number;
}

export interface Filled {
  readonly pastDate: string;
  readonly liveDate: string;
  /** A token of the past day, and the token with the long history. */
  readonly pastToken: string;
  readonly changedToken: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const PAST_DAYS = 3;
/** The slots of a usual clinic day, and the tokens in each. */
const CLINIC = { slots: 4, booked: 25 };

const facts = (id: string, sessions: DoctorFacts['sessions'] = []): DoctorFacts => ({
  id: doctorId(id),
  name: `Dr. ${id}`,
  department: null,
  timeZone: 'UTC',
  ...NEW_DOCTOR,
  sessions,
});

/** Equal slots of one day. */
function slotsOf(id: string, dayStart: number, count: number, capacity: number): SlotFacts[] {
  const date = localDate(new Date(dayStart).toISOString().slice(0, 10));
  return Array.from({ length: count }, (_, nth) => ({
    id: slotId(`${id}-${nth}`),
    doctorId: doctorId(id),
    sessionId: null,
    date,
    startTime: epochMs(dayStart + nth * MINUTE_MS),
    endTime: epochMs(dayStart + (nth + 60) * MINUTE_MS),
    ...NEW_SLOT,
    capacity,
  }));
}

/** Writes the database with the engine and the statements of the service. */
export function fill({ path, past, live, slots, crowded, history, doctors }: Hospital): Filled {
  const now = Date.now();
  const today = now - (now % DAY_MS);
  const writer = new HistoryWriter(path);
  const write = (id: string, planned: SlotFacts[], booked: number, at: EpochMs) => {
    const doctor = writer.open(facts(id), planned, at);
    const ids = planned.flatMap((slot) => writer.fill(slot, { booked, cancelled: 0 }, at));
    return { doctor, ids };
  };

  const pastDay = today - PAST_DAYS * DAY_MS;
  const perPastSlot = past / slots;
  const ended = slotsOf(DOCTORS.past, pastDay, slots, perPastSlot);
  const pastDoctor = write(DOCTORS.past, ended, perPastSlot, epochMs(pastDay));
  writer.evict(pastDoctor.doctor);

  const liveDay = today + DAY_MS;
  const perLiveSlot = live / slots;
  const coming = slotsOf(DOCTORS.live, liveDay, slots, perLiveSlot / 2);
  writer.evict(write(DOCTORS.live, coming, perLiveSlot, epochMs(now)).doctor);

  const one = slotsOf(DOCTORS.crowded, liveDay, 1, crowded / 10);
  writer.evict(write(DOCTORS.crowded, one, crowded, epochMs(now)).doctor);

  const usual = slotsOf(DOCTORS.clinic, liveDay, CLINIC.slots, CLINIC.booked);
  const clinic = write(DOCTORS.clinic, usual, CLINIC.booked, epochMs(now));
  const changed = required(clinic.ids[0]);
  for (let nth = 1; nth < history; nth += 1) {
    const patientType = nth % 2 === 0 ? 'WALK_IN' : 'FOLLOW_UP';
    writer.run((engine) => engine.reclassify({ tokenId: changed, patientType, at: epochMs(now) }));
  }
  writer.evict(clinic.doctor);

  for (let nth = 0; nth < doctors; nth += 1) {
    const sessions = ['09:00', '14:00'].map((start, index) => ({
      id: sessionId(`d${nth}-${index}`),
      weekdays: WEEKDAYS,
      start,
      end: start.replace('00', '45'),
      capacity: 20,
      ...NEW_SESSION,
    }));
    writer.evict(writer.open(facts(`d${nth}`, sessions), [], epochMs(now)));
  }
  writer.close();
  return {
    pastDate: required(ended[0]).date,
    liveDate: required(coming[0]).date,
    pastToken: required(pastDoctor.ids[0]),
    changedToken: changed,
  };
}

if (process.send !== undefined && import.meta.main) serveTask(fill);
