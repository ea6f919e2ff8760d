import {
  presenceAt,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type SlotFacts,
  isEntry,
  isTokenChange,
  type TokenChange,
  type TokenEntered,
  type TokenMovedOut,
} from '../../engine/index.ts';
import { responsesExpiredAt, responsesNotAfter, type StoredResponse } from '../archive.ts';
import { changeRowOf } from '../change-rows.ts';
import { ERASED_NAME, type Erasure } from '../erasure.ts';
import {
  countersOf,
  dayRows,
  doctorRow,
  lastColumnsAfter,
  leaveRows,
  responseRow,
  sessionRows,
  slotRow,
  tokenRow,
  type ResponseRow,
} from '../rows.ts';
import type { Decision } from '../store.ts';
import { partition } from './partition.ts';
import type { Run } from './session.ts';
import { arrayOf, type StatementName } from './statements.ts';

/** A command of a transaction with its decision. */
export interface Decided {
  /** Names the command in its change records. */
  readonly commandId: string;
  readonly decision: Decision<unknown>;
}

type Row = Readonly<Record<string, unknown>>;

/** A token's row after its change: it is set as a whole, some of its columns are, or it is removed. */
interface TokenWrite {
  readonly statement: 'removeTokens' | 'setTokens' | 'stepTokens';
  readonly row: Record<string, unknown>;
}

/** The rows that the commands of one transaction write: every row once, however many commands touched it. */
export class RowWrites {
  readonly #decided: readonly Decided[];
  readonly #doctors = new Map<DoctorId, DoctorFacts>();
  readonly #slots = new Map<string, SlotFacts>();
  readonly #tokens = new Map<string, TokenWrite>();
  readonly #changes: Row[] = [];
  /** In the order of their keys, because another process may store responses under the same keys at the same time. */
  readonly #responses: readonly ResponseRow[];

  readonly #erasures: readonly Erasure[];
  /** The slots of tokens that a correction has given a name. */
  readonly #named = new Set<string>();

  constructor(decided: readonly Decided[]) {
    this.#decided = decided;
    this.#erasures = decided.flatMap(({ decision: { erasure } }) => erasure ?? []);
    this.#responses = decided
      .flatMap(({ decision: { response } }) => response ?? [])
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .map(responseRow);
    for (const { commandId, decision } of decided)
      for (const change of decision.changes) {
        this.#changes.push({ ...changeRowOf(change, decision.origin), command_id: commandId });
        this.#add(change);
      }
  }

  /** Whether there is nothing to write. */
  get isEmpty(): boolean {
    return (
      this.#changes.length === 0 && this.#responses.length === 0 && this.#erasures.length === 0
    );
  }

  /**
   * Sends all statements at once; they are answered in the same order.
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
    const [known, added] = partition(counters, ({ doctor }) => isKnown(doctor.facts.id));
    send('addDoctors', added.map(doctorRow));
    send('setDoctors', known.map(doctorRow));
    if (this.#doctors.size > 0) sent.push(run('endSessions', arrayOf(this.#doctors.keys())));
    send('setSessions', [...this.#doctors.values()].flatMap(sessionRows));
    if (this.#doctors.size > 0) sent.push(run('endLeaves', arrayOf(this.#doctors.keys())));
    send('setLeaves', [...this.#doctors.values()].flatMap(leaveRows));
    send('setSlots', Array.from(this.#slots.values(), slotRow));
    send('setDays', counters.flatMap(dayRows));
    for (const [name, writes] of Map.groupBy(this.#tokens.values(), (write) => write.statement))
      send(
        name,
        writes.map(({ row }) => row),
      );
    send('addChanges', this.#changes);
    const [first] = this.#responses;
    if (first !== undefined) {
      sent.push(run('restampResponses', first.at, responsesNotAfter(first.at)));
      send('deleteExpiredResponses', this.#responses, responsesExpiredAt(first.at));
      send('storeResponses', this.#responses);
    }
    if (this.#named.size > 0) sent.push(run('setNotErased', arrayOf(this.#named)));
    for (const erasure of this.#erasures) sent.push(...sendErasure(run, erasure));
    return sent;
  }

  #add(change: Change): void {
    if (change.kind === 'doctor_set') this.#doctors.set(change.doctorId, change.doctor);
    else if (change.kind === 'slot_set') this.#slots.set(change.slot.id, change.slot);
    else if (isTokenChange(change)) this.#addToToken(change);
  }

  #addToToken(change: TokenChange): void {
    const { doctorId: doctor_id, tokenId: id } = change;
    const place = `${doctor_id}\n${id}`;
    if (change.kind === 'moved_out')
      return void this.#tokens.set(place, { statement: 'removeTokens', row: { doctor_id, id } });
    if (isEntry(change))
      return void this.#tokens.set(place, {
        statement: 'setTokens',
        row: { ...tokenRow(change) },
      });
    if (change.kind === 'corrected' && change.patientName !== ERASED_NAME)
      this.#named.add(change.slotId);
    const write = this.#tokens.get(place) ?? {
      statement: 'stepTokens',
      row: { doctor_id, id },
    };
    this.#tokens.set(place, write);
    Object.assign(write.row, columnsAfter(change), lastColumnsAfter(change));
  }
}

/** Sends what an erasure writes. No request waits for it. */
function sendErasure(run: Run, erasure: Erasure): Promise<unknown>[] {
  const { tokenIds, patientId, slotIds = [], responses = [], responsesUpTo } = erasure;
  const ids = arrayOf(tokenIds);
  const sent: Promise<unknown>[] = [];
  if (tokenIds.length > 0)
    sent.push(
      patientId === undefined
        ? run('eraseRecords', ids)
        : run('eraseRecordsOfPatient', ids, patientId),
    );
  if (slotIds.length > 0) sent.push(run('setErased', arrayOf(slotIds)));
  if (responses.length > 0)
    sent.push(run('setAnswers', JSON.stringify(responses.map(responseRow))));
  if (responsesUpTo !== undefined) sent.push(run('eraseExpiredResponses', responsesUpTo));
  return sent;
}

/** The columns of a token that a change sets, beside those of its last change. */
function columnsAfter(change: Exclude<TokenChange, TokenEntered | TokenMovedOut>): Row {
  switch (change.kind) {
    case 'reclassified':
      return { patient_type: change.patientType, priority: change.priority };
    case 'corrected':
      return { patient_name: change.patientName, patient_id: change.patientId };
    default: {
      const present = presenceAt(change.to);
      return {
        status: change.to,
        ...(present === null ? {} : { present }),
        ...(change.kind === 'started' ? { called: true, room: change.room } : {}),
      };
    }
  }
}

const keyOf = ({ caller, key }: StoredResponse): string => `${caller}\n${key}`;
