import {
  NEW_DOCTOR,
  NEW_SESSION,
  doctorId,
  epochMs,
  sessionId,
  WEEKDAYS,
  type DoctorFacts,
} from '../../src/engine/index.ts';
import { localDateAt, slotsOf } from '../../src/service/calendar.ts';
import { serveTask } from '../lib/child.ts';
import { GRACE_MINUTES, HistoryWriter } from '../lib/history-writer.ts';

/** The size of a database that was used for years. */
export interface History {
  readonly path: string;
  readonly doctors: number;
  /** The approximate number of tokens in slots of past days. */
  readonly past: number;
  /** The approximate number of live tokens in slots of coming days. */
  readonly live: number;
  readonly horizonDays: number;
}

export interface HistoryResult {
  readonly tokens: number;
  /** Live tokens in slots of coming days. */
  readonly live: number;
  readonly changes: number;
}

const SESSIONS = [
  ['09:00', '12:00'],
  ['16:00', '19:00'],
] as const;
/** Each slot has 20 seats and 24 bookings, of which 2 are cancelled. */
const CAPACITY = 20;
const BOOKED = 24;
const CANCELLED = 2;
const FILLING = { booked: BOOKED, cancelled: CANCELLED };
const DAY_MS = 86_400_000;

const doctorFacts = (index: number): DoctorFacts => ({
  id: doctorId(`doctor-${index}`),
  name: `Dr. ${index}`,
  department: null,
  timeZone: 'UTC',
  ...NEW_DOCTOR,
  sessions: SESSIONS.map(([start, end], nth) => ({
    id: sessionId(`doctor-${index}-${nth}`),
    weekdays: WEEKDAYS,
    start,
    end,
    capacity: CAPACITY,
    ...NEW_SESSION,
  })),
});

/** Writes the database; returns its real numbers of tokens, live tokens and change records. */
export function writeHistory({ path, doctors, past, live, horizonDays }: History): HistoryResult {
  const now = epochMs(Date.now());
  const slotsPast = Math.ceil(past / BOOKED / doctors);
  const slotsComing = Math.ceil(live / (BOOKED - CANCELLED) / doctors);
  // One day more, because some slots of the first day may have ended already.
  const days = Math.ceil(slotsPast / SESSIONS.length) + 1;
  const start = epochMs(now - days * DAY_MS);
  const writer = new HistoryWriter(path);
  for (let index = 0; index < doctors; index += 1) {
    const facts = doctorFacts(index);
    const slots = slotsOf(facts, start, {
      horizonDays: days + horizonDays,
      graceMinutes: GRACE_MINUTES,
    });
    const doctor = writer.open(facts, slots, start);
    const today = localDateAt(now, facts.timeZone);
    const ended = slots.filter(({ date }) => date < today);
    const coming = slots.filter(({ date }) => date > today);
    for (const slot of ended.slice(-slotsPast)) writer.fill(slot, FILLING, slot.startTime);
    writer.end(doctor, now);
    for (const slot of coming.slice(0, slotsComing)) writer.fill(slot, FILLING, now);
    writer.evict(doctor);
  }
  writer.close();
  const { tokens, changes } = writer;
  const filled = Math.min(slotsComing, horizonDays * SESSIONS.length);
  return { tokens, changes, live: doctors * filled * (BOOKED - CANCELLED) };
}

if (process.send !== undefined && import.meta.main) serveTask(writeHistory);
