import { sessionIdOf, slotIdOf } from './hospital.ts';

/** Something that the hospital does at a time of every day. */
export interface AgendaItem {
  /** `HH:MM`, in the order of the day. */
  readonly at: string;
  /** What happens, as a sentence. */
  readonly says: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: (date: string) => string;
  readonly body: (date: string) => object;
}

const BLOOD = 'Blood samples: room 3, until 12:00. Please bring your token.';

const delay = (at: string, doctorId: string, minutes: number, says: string): AgendaItem => ({
  ...{ at, says, method: 'POST' },
  path: () => `/doctors/${doctorId}/delay`,
  body: (date) => ({ date, minutes }),
});

const pause = (at: string, doctorId: string, minutes: number, says: string): AgendaItem => ({
  ...{ at, says, method: 'POST' },
  path: () => `/doctors/${doctorId}/break`,
  body: () => ({ minutes, reason: 'tea' }),
});

const announcement = (at: string, text: string | null, says: string): AgendaItem => ({
  ...{ at, says, method: 'PUT' },
  path: () => '/announcement',
  body: () => ({ text }),
});

const revision = (
  at: string,
  [doctorId, hour]: readonly [doctorId: string, hour: number],
  values: object,
  says: string,
): AgendaItem => ({
  ...{ at, says, method: 'PATCH' },
  path: (date) => `/slots/${slotIdOf(doctorId, hour, date)}`,
  body: () => values,
});

/** What the hospital does on every day of the demo beside seeing its patients. */
export const AGENDA: readonly AgendaItem[] = [
  announcement('08:50', BLOOD, `The boards say: "${BLOOD}"`),
  delay('08:55', 'iyer', 20, 'Dr. Iyer is 20 minutes late.'),
  pause('10:20', 'rao', 15, 'Dr. Rao has a break of 15 minutes.'),
  revision('10:30', ['rao', 11], { capacity: 12 }, 'Dr. Rao adds 2 seats at 11:00.'),
  pause('11:15', 'sen', 10, 'Dr. Sen has a break of 10 minutes.'),
  delay('11:30', 'iyer', 0, 'Dr. Iyer is on time again.'),
  announcement('12:00', null, 'The boards show no announcement any more.'),
  revision(
    '12:30',
    ['sen', 14],
    { intake: 'EMERGENCY' },
    'Dr. Sen takes new patients at 14:00 only if they are emergencies.',
  ),
  delay('13:40', 'rao', 15, 'Dr. Rao is 15 minutes late after lunch.'),
  {
    ...{ at: '14:20', method: 'POST' },
    says: 'Dr. Das has to leave at 15:00: her patients of that hour are moved to tomorrow.',
    path: (date) => `/slots/${slotIdOf('das', 15, date)}/close`,
    // The session stands for its next slot, which is that of tomorrow.
    body: () => ({ reason: 'Dr. Das has to leave', move_to: sessionIdOf('das', 9) }),
  },
  pause('15:10', 'rao', 10, 'Dr. Rao has a break of 10 minutes.'),
];
