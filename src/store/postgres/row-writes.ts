import {
  impliesCheckIn,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type SlotFacts,
  isEntry,
  type TokenChange,
} from '../../engine/index.ts';
import { changeRowOf } from '../change-rows.ts';
import { countersOf, type Counters } from '../counters.ts';
import type { StoredResponseRow } from '../rows.ts';
import { responsesExpiredAt, type Decision, type StoredResponse } from '../store.ts';
import { partition } from './partition.ts';
import type { Run } from './session.ts';
import { arrayOf, type StatementName } from './statements.ts';

/** What a command of a transaction came to. */
export interface Decided {
  /** Names the command on record. */
  readonly commandId: string;
  readonly decision: Decision<unknown>;
}

type Row = Readonly<Record<string, unknown>>;

/** What becomes of a token's row: it is set, goes a step from what it is, or is removed. */
interface TokenWrite {
  readonly statement: 'removeTokens' | 'setTokens' | 'stepTokens';
  readonly row: Record<string, unknown>;
}

/** What the commands of one transaction leave in the tables: every row once, however many commands touched it. */
export class RowWrites {
  readonly #decided: readonly Decided[];
  readonly #doctors = new Map<DoctorId, DoctorFacts>();
  readonly #slots = new Map<string, SlotFacts>();
  readonly #tokens = new Map<string, TokenWrite>();
  readonly #changes: Row[] = [];
  /** In the order of their keys, for another process may keep the same. */
  readonly #answers: readonly StoredResponseRow[];

  constructor(decided: readonly Decided[]) {
    this.#decided = decided;
    this.#answers = decided
      .flatMap(({ decision: { response: kept } }) => kept ?? [])
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .map(answerRow);
    for (const { commandId, decision } of decided)
      for (const change of decision.changes) {
        this.#changes.push({ ...changeRowOf(change, decision.origin), command_id: commandId });
        this.#add(change);
      }
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return this.#changes.length === 0 && this.#answers.length === 0;
  }

  /**
   * Sends all of it at once, to be answered in the same order.
   * @param engine as these commands left it
   * @param isKnown whether a doctor has a row
   */
  send(run: Run, engine: AllocationEngine, isKnown: (id: DoctorId) => boolean): Promise<unknown>[] {
    const sent: Promise<unknown>[] = [];
    const send = (name: StatementName, rows: readonly object[], ...more: number[]): void => {
      if (rows.length > 0) sent.push(run(name, JSON.stringify(rows), ...more));
    };
    const counters = countersOf(
      engine,
      this.#decided.map(({ decision }) => decision),
    );
    const [known, added] = partition(counters, ({ facts }) => isKnown(facts.id));
    send('addDoctors', added.map(doctorRow));
    send('setDoctors', known.map(doctorRow));
    if (this.#doctors.size > 0) sent.push(run('endSessions', arrayOf(this.#doctors.keys())));
    send('setSessions', [...this.#doctors.values()].flatMap(sessionRows));
    send('setSlots', Array.from(this.#slots.values(), slotRow));
    send('setDays', counters.flatMap(dayRows));
    for (const [name, writes] of Map.groupBy(this.#tokens.values(), (write) => write.statement))
      send(
        name,
        writes.map(({ row }) => row),
      );
    send('addChanges', this.#changes);
    const [first] = this.#answers;
    send('forgetAnswers', this.#answers, first === undefined ? 0 : responsesExpiredAt(first.at));
    send('keepAnswers', this.#answers);
    return sent;
  }

  #add(change: Change): void {
    if (change.kind === 'doctor_set') this.#doctors.set(change.doctorId, change.doctor);
    else if (change.kind === 'slot_set') this.#slots.set(change.slot.id, change.slot);
    else this.#addToToken(change);
  }

  #addToToken(change: TokenChange): void {
    const { doctorId: doctor_id, tokenId: id } = change;
    const place = `${doctor_id}\n${id}`;
    if (change.kind === 'moved_out')
      return void this.#tokens.set(place, { statement: 'removeTokens', row: { doctor_id, id } });
    if (isEntry(change))
      return void this.#tokens.set(place, {
        statement: 'setTokens',
        row: {
          doctor_id,
          id,
          slot_id: change.slotId,
          patient_name: change.patientName,
          patient_id: change.patientId,
          patient_type: change.patientType,
          priority: change.priority,
          arrival: change.arrival,
          number: change.number,
          booked_at: change.bookedAt,
          status: change.to,
          present: change.hasCheckedIn,
        },
      });
    const write = this.#tokens.get(place) ?? {
      statement: 'stepTokens',
      row: { doctor_id, id, present: false },
    };
    this.#tokens.set(place, write);
    if (change.kind === 'reclassified') {
      write.row['patient_type'] = change.patientType;
      write.row['priority'] = change.priority;
      return;
    }
    write.row['status'] = change.to;
    // Who has been at the desk stays so whatever comes next.
    if (impliesCheckIn(change.to)) write.row['present'] = true;
  }
}

const keyOf = ({ caller, key }: StoredResponse): string => `${caller}\n${key}`;

const answerRow = ({
  caller,
  key,
  requestHash,
  answer,
  at,
}: StoredResponse): StoredResponseRow => ({
  caller,
  key,
  request_hash: requestHash,
  answer,
  at,
});

const doctorRow = ({ facts, version, lastArrival }: Counters): Row => ({
  id: facts.id,
  name: facts.name,
  department: facts.department,
  time_zone: facts.timeZone,
  version,
  last_arrival: lastArrival,
});

const dayRows = ({ facts, lastNumbers }: Counters): Row[] =>
  Array.from(lastNumbers, ([date, lastNumber]) => ({
    doctor_id: facts.id,
    date,
    last_number: lastNumber,
  }));

const sessionRows = (doctor: DoctorFacts): Row[] =>
  doctor.sessions.map(({ id, weekdays, start, end, capacity }, position) => ({
    doctor_id: doctor.id,
    id,
    position,
    weekdays: weekdays.join(),
    start_time: start,
    end_time: end,
    capacity,
    ended: false,
  }));

const slotRow = (slot: SlotFacts): Row => ({
  doctor_id: slot.doctorId,
  id: slot.id,
  session_id: slot.sessionId,
  date: slot.date,
  start_time: slot.startTime,
  end_time: slot.endTime,
  delay_minutes: slot.delayMinutes,
  capacity: slot.capacity,
  closed_reason: slot.closedReason,
});
