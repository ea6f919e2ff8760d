import {
  isTokenChange,
  presenceAt,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type TokenId,
  type TokenTransition,
  type TokenUndone,
} from '../../engine/index.ts';
import { keyRow, secretRow, type KeyWrite } from '../access-keys.ts';
import { responsesExpiredAt, responsesNotAfter } from '../archive.ts';
import { changeRowOf } from '../change-rows.ts';
import { ERASED_NAME, type Erasure } from '../erasure.ts';
import type { RecentChanges } from '../recent-changes.ts';
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
  type Counters,
} from '../rows.ts';
import type { Decision, Origin } from '../store.ts';
import { BatchBuilder } from './batch.ts';
import { valuesOf } from './row-values.ts';
import type { SlotIndex } from './slot-index.ts';
import { SET_DOCTOR_COLUMNS, type Operation } from './statements.ts';
import { recordOperation, webhookOperations } from './webhook-operations.ts';
import type { WriterClient } from './writer-client.ts';

const doctorValues = valuesOf('doctors');
const setDoctorValues = valuesOf('doctors', SET_DOCTOR_COLUMNS);
const sessionValues = valuesOf('sessions');
const leaveValues = valuesOf('leaves');
const slotValues = valuesOf('slots');
const dayValues = valuesOf('days');
const tokenValues = valuesOf('tokens');
const changeValues = valuesOf('changes');
const responseValues = valuesOf('idempotency_keys');
const keyValues = valuesOf('access_keys');
const secretValues = valuesOf('secrets');

// The doctor's own row is written with the counters of the batch.
function addDoctor(batch: BatchBuilder, doctor: DoctorFacts): void {
  batch.add('endSessions', [doctor.id]);
  for (const row of sessionRows(doctor)) batch.add('setSession', sessionValues(row));
  batch.add('endLeaves', [doctor.id]);
  for (const row of leaveRows(doctor)) batch.add('setLeave', leaveValues(row));
}

/** A change with its place in the record. */
interface Placed {
  readonly change: Change;
  readonly origin: Origin;
  readonly position: number;
}

/** Writes what a change sets. New tokens are in the batch already. */
function addState(batch: BatchBuilder, { change, position }: Placed): void {
  switch (change.kind) {
    case 'booked':
      return;
    case 'doctor_set':
      addDoctor(batch, change.doctor);
      return;
    case 'slot_set':
      batch.add('setSlot', slotValues(slotRow(change.slot)));
      return;
    case 'moved_out':
      // The new slot of the token is written with the other half of the move, in the same transaction.
      return;
    case 'moved_in':
      batch.add('moveToken', [...tokenValues(tokenRow(change)), position]);
      return;
    case 'reclassified': {
      const { patientType, priority, from, tokenId } = change;
      batch.add('setClass', [patientType, priority, change.kind, from, position, tokenId]);
      return;
    }
    case 'corrected': {
      const { patientName, patientId, tokenId } = change;
      batch.add('setPatient', [patientName, patientId, position, tokenId]);
      // A name that a correction gives to an erased token is erased later, as every other name.
      if (patientName !== ERASED_NAME) batch.add('setErased', [0, change.slotId]);
      return;
    }
    case 'break_set':
      // The end of a break is written with the doctor's own row.
      return;
    default:
      addStep(batch, change, position);
  }
}

function addStep(
  batch: BatchBuilder,
  change: TokenTransition | TokenUndone,
  position: number,
): void {
  const { kind, to, tokenId } = change;
  const present = presenceAt(to);
  const last = lastColumnsAfter(change);
  const presence = present === null ? null : Number(present);
  const [lastKind, lastFrom] = [last?.last_kind ?? null, last?.last_from ?? null];
  batch.add('setStatus', [to, presence, lastKind, lastFrom, position, tokenId]);
  if (kind === 'started') batch.add('setRoom', [change.room, tokenId]);
}

/**
 * Writes the records of changes. Each record of a token names the one before it: that of the batch if there is one, otherwise
 * the one that the token's row names.
 */
function addRecords(batch: BatchBuilder, placed: readonly Placed[]): void {
  const latest = new Map<TokenId, number>();
  const steps: (readonly [TokenId, Placed])[] = [];
  for (const each of placed) {
    const { change, origin, position } = each;
    const token = isTokenChange(change) ? change.tokenId : null;
    const previous = token === null ? undefined : latest.get(token);
    if (token !== null) latest.set(token, position);
    if (token !== null && previous === undefined && change.kind !== 'booked')
      steps.push([token, each]);
    else
      batch.add('addChange', [
        ...changeValues(changeRowOf(change, origin)),
        position,
        previous ?? null,
      ]);
  }
  for (const [token, { change, origin, position }] of steps)
    batch.add('addStep', [...changeValues(changeRowOf(change, origin)), position, token]);
}

/** The statements that a write of an access key or a secret is. */
export function keyOperations(write: KeyWrite): Operation[] {
  if ('secret' in write) return [['addSecret', secretValues(secretRow(write.secret))]];
  if ('used' in write) return [['noteKeyUse', [write.used.at, write.used.id]]];
  return [['setKey', keyValues(keyRow(write.set))], recordOperation(write.change)];
}

/** Writes what an erasure erases. */
function addErasure(batch: BatchBuilder, erasure: Erasure): void {
  const { tokenIds, patientId, slotIds = [], responses = [], responsesUpTo, answered } = erasure;
  for (const id of tokenIds)
    if (patientId === undefined) batch.add('eraseRecords', [id]);
    else batch.add('eraseRecordsOfPatient', [id, patientId]);
  for (const id of slotIds) batch.add('setErased', [1, id]);
  for (const { answer, caller, key } of responses) batch.add('setAnswer', [answer, caller, key]);
  if (responsesUpTo !== undefined) batch.add('eraseExpiredResponses', [responsesUpTo]);
  if (answered !== undefined) batch.add('answerErasure', [answered.answer, answered.id]);
}

/**
 * Writes what was decided: state, change records, stored responses and erasures.
 * @param first the position of the first change
 */
export function addDecisions(
  batch: BatchBuilder,
  decisions: readonly Decision<unknown>[],
  first: number,
): void {
  let position = first;
  for (const run of runsOf(decisions)) position = addRun(batch, run, position);
}

/** Decisions in runs. An erasure ends a run, because it must not erase what a later decision writes. */
function runsOf<D extends Decision<unknown>>(decisions: readonly D[]): readonly D[][] {
  const runs: D[][] = [[]];
  for (const decision of decisions) {
    runs.at(-1)?.push(decision);
    if (decision.erasure !== undefined) runs.push([]);
  }
  return runs;
}

function addRun(
  batch: BatchBuilder,
  decisions: readonly Decision<unknown>[],
  first: number,
): number {
  let position = first;
  const placed = decisions.flatMap(({ changes, origin }) =>
    changes.map((change): Placed => ({ change, origin, position: position++ })),
  );
  for (const { change, position: at } of placed)
    if (change.kind === 'booked') batch.add('addToken', [...tokenValues(tokenRow(change)), at]);
  // Before the rows of the tokens name these records as their last ones.
  addRecords(batch, placed);
  for (const each of placed) addState(batch, each);
  for (const { response, keys = [], webhooks = [], erasure } of decisions) {
    if (response !== null) {
      batch.add('deleteExpiredResponses', [responsesExpiredAt(response.at)]);
      batch.add('storeResponse', responseValues(responseRow(response)));
    }
    for (const operation of keys.flatMap(keyOperations)) batch.add(...operation);
    for (const operation of webhooks.flatMap(webhookOperations)) batch.add(...operation);
    if (erasure !== undefined) addErasure(batch, erasure);
  }
  return position;
}

/** Writes for each doctor that a batch has changed the doctor's row and the last numbers of the days. */
export function addCounters(batch: BatchBuilder, counters: Counters): void {
  const { doctor, versionBefore, setsDoctor } = counters;
  if (setsDoctor) {
    const row = doctorRow(counters);
    if (versionBefore === 0) batch.add('addDoctor', doctorValues(row));
    else batch.add('setDoctor', [...setDoctorValues(row), row.id, versionBefore]);
  } else
    batch.add('setCounters', [doctor.version, doctor.lastArrival, doctor.facts.id, versionBefore]);
  for (const row of dayRows(counters)) batch.add('setDay', dayValues(row));
}

/** Once for each batch that stores responses. */
function addRestamp(batch: BatchBuilder, decisions: readonly Decision<unknown>[]): void {
  const at = decisions.findLast(({ response }) => response !== null)?.response?.at;
  if (at !== undefined)
    batch.add('restampResponses', [at, responsesNotAfter(at), responsesNotAfter(at)]);
}

/** Makes the batches of `GroupCommit` durable: one transaction of the writer thread each. */
export class BatchWriter {
  readonly #engine: AllocationEngine;
  readonly #client: WriterClient;
  readonly #index: SlotIndex;
  readonly #recent: RecentChanges;
  /** A batch that could not be written yet and is tried again. */
  #unwritten: BatchBuilder | null = null;

  constructor(
    engine: AllocationEngine,
    { client, index, recent }: { client: WriterClient; index: SlotIndex; recent: RecentChanges },
  ) {
    this.#engine = engine;
    this.#client = client;
    this.#index = index;
    this.#recent = recent;
  }

  /**
   * Resolves when the batch is durable.
   * @throws TransientWriteError nothing was written, and the same batch may be written later
   */
  readonly write = async (decisions: readonly Decision<unknown>[]): Promise<void> => {
    this.#unwritten ??= this.#batchOf(decisions);
    await this.#client.write(this.#unwritten);
    this.#unwritten = null;
    this.#recent.committed(decisions);
  };

  /** Everything decided so far is in this batch or an earlier one: the engine is as this batch leaves it. */
  #batchOf(decisions: readonly Decision<unknown>[]): BatchBuilder {
    const batch = new BatchBuilder();
    addRestamp(batch, decisions);
    // The doctors come first, because their versions tell whether another process has written.
    for (const counters of countersOf(this.#engine, decisions)) addCounters(batch, counters);
    addDecisions(batch, decisions, this.#recent.end + 1);
    this.#index.addTo(batch, decisions);
    return batch;
  }
}
