import {
  AllocationEngine,
  localDate,
  NEW_SESSION,
  sessionId,
  slotId,
  type Doctor,
  type DoctorFacts,
  type Outcome,
  type Session,
  type SlotFacts,
} from '../../../src/engine/index.ts';
import { clock, doctorFacts, NOW, RULES, slotFacts } from './clinic.ts';

export const MORNING: Session = {
  id: sessionId('morning'),
  weekdays: ['mon', 'tue', 'wed'],
  start: '09:00',
  end: '10:00',
  capacity: 2,
  ...NEW_SESSION,
};

export const EVENING: Session = {
  ...MORNING,
  id: sessionId('evening'),
  start: '18:00',
  end: '19:00',
};

/** The slots of a session on these days of January 2026, as the service plans them. */
export const slotsOf = (session: Session, days: readonly number[] = [5, 6]): SlotFacts[] =>
  days.map((day) => {
    const hour = (time: string) => clock((day - 5) * 24 + Number(time.slice(0, 2)));
    return slotFacts({
      id: slotId(`${session.id}@2026-01-0${day}`),
      sessionId: session.id,
      date: localDate(`2026-01-0${day}`),
      startTime: hour(session.start),
      endTime: hour(session.end),
      capacity: session.capacity,
    });
  });

/** Puts the doctor with these sessions and their slots on both days. */
export const put = (
  engine: AllocationEngine,
  sessions: readonly Session[],
  facts: Partial<DoctorFacts> = {},
  at = NOW,
): Outcome<Doctor> => {
  const doctor = doctorFacts({ sessions, ...facts });
  const planned = sessions.flatMap((session) => slotsOf(session));
  const own = planned.map((slot) => ({ ...slot, doctorId: doctor.id }));
  return engine.putDoctor(doctor, own, at);
};

/** An engine whose doctor has these sessions. */
export const week = (...sessions: readonly Session[]): AllocationEngine => {
  const engine = new AllocationEngine(RULES);
  put(engine, sessions);
  return engine;
};
