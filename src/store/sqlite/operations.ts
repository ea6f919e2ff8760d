import {
  impliesCheckIn,
  type Change,
  type DoctorFacts,
  type SlotFacts,
  type TokenEntered,
} from '../../engine/index.ts';
import type { Counters } from '../counters.ts';
import { responsesExpiredAt, type Decision, type StoredResponse, type Origin } from '../store.ts';
import { changeRowOf } from '../change-rows.ts';
import type { Operation } from './statements.ts';

const doctorOperations = (doctor: DoctorFacts): Operation[] => [
  ['setDoctor', [doctor.id, doctor.name, doctor.department, doctor.timeZone]],
  ['endSessions', [doctor.id]],
  ...doctor.sessions.map(({ id, weekdays, start, end, capacity }, position): Operation => [
    'setSession',
    [doctor.id, id, position, weekdays.join(), start, end, capacity],
  ]),
];

const slotOperation = (slot: SlotFacts): Operation => [
  'setSlot',
  [
    slot.id,
    slot.doctorId,
    slot.sessionId,
    slot.date,
    slot.startTime,
    slot.endTime,
    slot.delayMinutes,
    slot.capacity,
    slot.closedReason,
  ],
];

const bookingOperation = (token: TokenEntered): Operation => [
  'addToken',
  [
    token.tokenId,
    token.doctorId,
    token.slotId,
    token.patientName,
    token.patientId,
    token.patientType,
    token.priority,
    token.arrival,
    token.number,
    token.bookedAt,
    token.to,
    Number(token.hasCheckedIn),
  ],
];

const moveOperation = (token: TokenEntered): Operation => [
  'moveToken',
  [
    token.doctorId,
    token.slotId,
    token.arrival,
    token.number,
    token.to,
    Number(token.hasCheckedIn),
    token.tokenId,
  ],
];

function stateOperations(change: Change): Operation[] {
  switch (change.kind) {
    case 'doctor_set':
      return doctorOperations(change.doctor);
    case 'slot_set':
      return [slotOperation(change.slot)];
    case 'booked':
      return [bookingOperation(change)];
    case 'moved_out':
      // Where the token is now is written with the other half of the move, in the same transaction.
      return [];
    case 'moved_in':
      return [moveOperation(change)];
    case 'reclassified':
      return [['setClass', [change.patientType, change.priority, change.tokenId]]];
    default:
      return [['setStatus', [change.to, Number(impliesCheckIn(change.to)), change.tokenId]]];
  }
}

const changeOperation = (change: Change, origin: Origin): Operation => {
  const row = changeRowOf(change, origin);
  return [
    'addChange',
    [
      row.doctor_id,
      row.version,
      row.at,
      row.kind,
      row.token_id,
      row.slot_id,
      row.from_status,
      row.to_status,
      row.cause,
      row.actor,
      row.reason,
      row.data,
    ],
  ];
};

const keptOperations = ({ caller, key, requestHash, answer, at }: StoredResponse): Operation[] => [
  ['forgetAnswers', [responsesExpiredAt(at)]],
  ['keepAnswer', [caller, key, requestHash, answer, at]],
];

/** A command's rows: state, change records and the kept answer, if any. */
export const operationsOf = ({
  changes,
  origin,
  response: kept,
}: Decision<unknown>): Operation[] => [
  ...changes.flatMap((change) => [...stateOperations(change), changeOperation(change, origin)]),
  ...(kept === null ? [] : keptOperations(kept)),
];

export const counterOperations = (counters: Counters): Operation[] => {
  const { facts, version, lastArrival, lastNumbers } = counters;
  return [
    ['setCounters', [version, lastArrival, facts.id]],
    ...Array.from(lastNumbers, ([date, lastNumber]): Operation => [
      'setDay',
      [facts.id, date, lastNumber],
    ]),
  ];
};
