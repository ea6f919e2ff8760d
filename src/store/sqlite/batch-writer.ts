import {
  presenceAt,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type TokenTransition,
  type TokenUndone,
} from '../../engine/index.ts';
import { keyRow, secretRow, type KeyWrite } from '../access-keys.ts';
import { responsesExpiredAt, responsesNotAfter, type StoredResponse } from '../archive.ts';
import { changeRowOf } from '../change-rows.ts';
import type { CommitHints } from '../commit-hints.ts';
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
  type Counters,
} from '../rows.ts';
import type { Decision } from '../store.ts';
import { valuesOf } from './row-values.ts';
import { SET_DOCTOR_COLUMNS, type Operation } from './statements.ts';
import { webhookOperations } from './webhook-operations.ts';
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
const keyChangeValues = valuesOf('key_changes');

// The doctor's own row is written with the counters of the batch.
const doctorOperations = (doctor: DoctorFacts): Operation[] => [
  ['endSessions', [doctor.id]],
  ...sessionRows(doctor).map((row): Operation => ['setSession', sessionValues(row)]),
  ['endLeaves', [doctor.id]],
  ...leaveRows(doctor).map((row): Operation => ['setLeave', leaveValues(row)]),
];

function stateOperations(change: Change): Operation[] {
  switch (change.kind) {
    case 'doctor_set':
      return doctorOperations(change.doctor);
    case 'slot_set':
      return [['setSlot', slotValues(slotRow(change.slot))]];
    case 'booked':
      return [['addToken', tokenValues(tokenRow(change))]];
    case 'moved_out':
      // The new slot of the token is written with the other half of the move, in the same transaction.
      return [];
    case 'moved_in':
      return [['moveToken', tokenValues(tokenRow(change))]];
    case 'reclassified': {
      const { patientType, priority, from, tokenId } = change;
      return [['setClass', [patientType, priority, change.kind, from, tokenId]]];
    }
    case 'corrected':
      return [
        ['setPatient', [change.patientName, change.patientId, change.tokenId]],
        // A name that a correction gives to an erased token is erased later, as every other name.
        ...(change.patientName === ERASED_NAME
          ? []
          : [['setErased', [0, change.slotId]] satisfies Operation]),
      ];
    case 'break_set':
      // The end of a break is written with the doctor's own row.
      return [];
    default:
      return stepOperations(change);
  }
}

function stepOperations(change: TokenTransition | TokenUndone): Operation[] {
  const { kind, to, tokenId } = change;
  const present = presenceAt(to);
  const last = lastColumnsAfter(change);
  const presence = present === null ? null : Number(present);
  const values = [to, presence, last?.last_kind ?? null, last?.last_from ?? null, tokenId];
  return kind === 'started'
    ? [
        ['setStatus', values],
        ['setRoom', [change.room, tokenId]],
      ]
    : [['setStatus', values]];
}

const responseOperations = (response: StoredResponse): Operation[] => [
  ['deleteExpiredResponses', [responsesExpiredAt(response.at)]],
  ['storeResponse', responseValues(responseRow(response))],
];

/** The statements that a write of an access key or a secret is. */
export function keyOperations(write: KeyWrite): Operation[] {
  if ('secret' in write) return [['addSecret', secretValues(secretRow(write.secret))]];
  if ('used' in write) return [['noteKeyUse', [write.used.at, write.used.id]]];
  return [
    ['setKey', keyValues(keyRow(write.set))],
    ['recordKeyChange', keyChangeValues(write.change)],
  ];
}

/** What an erasure writes. */
const erasureOperations = (erasure: Erasure): Operation[] => {
  const { tokenIds, patientId, slotIds = [], responses = [], responsesUpTo, answered } = erasure;
  return [
    ...tokenIds.map((id): Operation =>
      patientId === undefined ? ['eraseRecords', [id]] : ['eraseRecordsOfPatient', [id, patientId]],
    ),
    ...slotIds.map((id): Operation => ['setErased', [1, id]]),
    ...responses.map(({ answer, caller, key }): Operation => ['setAnswer', [answer, caller, key]]),
    ...(responsesUpTo === undefined
      ? []
      : [['eraseExpiredResponses', [responsesUpTo]] satisfies Operation]),
    ...(answered === undefined
      ? []
      : [['answerErasure', [answered.answer, answered.id]] satisfies Operation]),
  ];
};

/** What a command writes: state, change records, the stored response if there is one, and the search index. */
export const operationsOf = ({
  changes,
  origin,
  response,
  past = [],
  keys = [],
  webhooks = [],
  erasure,
}: Decision<unknown>): Operation[] => [
  ...changes.flatMap((change): Operation[] => [
    ...stateOperations(change),
    ['addChange', changeValues(changeRowOf(change, origin))],
  ]),
  ...(response === null ? [] : responseOperations(response)),
  ...past.flatMap((id): Operation[] => [
    ['indexTokens', [id]],
    ['indexSlot', [id]],
  ]),
  ...keys.flatMap(keyOperations),
  ...webhooks.flatMap(webhookOperations),
  ...(erasure === undefined ? [] : erasureOperations(erasure)),
];

function doctorOperation(counters: Counters): Operation {
  const { facts, version, lastArrival, versionBefore, setsDoctor } = counters;
  if (!setsDoctor) return ['setCounters', [version, lastArrival, facts.id, versionBefore]];
  const row = doctorRow(counters);
  return versionBefore === 0
    ? ['addDoctor', doctorValues(row)]
    : ['setDoctor', [...setDoctorValues(row), row.id, versionBefore]];
}

/** What a batch writes for each doctor that it has changed: the doctor's row and the last numbers of the days. */
export const counterOperations = (counters: Counters): Operation[] => [
  doctorOperation(counters),
  ...dayRows(counters).map((row): Operation => ['setDay', dayValues(row)]),
];

/** Once for each batch that stores responses. */
function restampOperations(decisions: readonly Decision<unknown>[]): Operation[] {
  const at = decisions.findLast(({ response }) => response !== null)?.response?.at;
  if (at === undefined) return [];
  return [['restampResponses', [at, responsesNotAfter(at), responsesNotAfter(at)]]];
}

/** Makes the batches of `GroupCommit` durable: one transaction of the writer thread each. */
export class BatchWriter {
  readonly #engine: AllocationEngine;
  readonly #client: WriterClient;
  readonly #hints: CommitHints;
  /** The operations of a batch that could not be written yet and is tried again. */
  #unwritten: readonly Operation[] | null = null;

  constructor(engine: AllocationEngine, client: WriterClient, hints: CommitHints) {
    this.#engine = engine;
    this.#client = client;
    this.#hints = hints;
  }

  /**
   * Resolves when the batch is durable.
   * @throws TransientWriteError nothing was written, and the same batch may be written later
   */
  readonly write = async (decisions: readonly Decision<unknown>[]): Promise<void> => {
    // Everything decided so far is in this batch or an earlier one: the engine is as this batch leaves it.
    this.#unwritten ??= [
      ...restampOperations(decisions),
      ...decisions.flatMap(operationsOf),
      ...countersOf(this.#engine, decisions).flatMap(counterOperations),
    ];
    await this.#client.write(this.#unwritten);
    this.#unwritten = null;
    this.#hints.publish();
  };
}
