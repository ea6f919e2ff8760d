import type { DatabaseSync } from 'node:sqlite';
import {
  invariant,
  unreachable,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type LiveStatus,
  type SlotFacts,
  type TokenId,
} from '../../engine/index.ts';
import { StoreOpenError } from '../store.ts';
import type { KeptDoctor, VerifySource } from '../verify.ts';
import { openReadOnly } from './open-read-only.ts';
import { migrationFiles } from './open.ts';
import {
  doctorOf,
  sessionOf,
  slotOf,
  tokenOf,
  type ChangeRow,
  type DayRow,
  type DoctorRow,
  type SessionRow,
  type SlotRow,
  type TokenRow,
} from './rows.ts';
import type { BookedData } from './statements.ts';

/** One consistent view of a database file, stopped or live: nothing is written, nobody is kept from writing. */
export class SqliteVerifySource implements VerifySource {
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when there is no database of this program and its version, or SQLite finds it damaged */
  constructor(path: string) {
    this.#database = openReadOnly(path);
    try {
      this.#database.exec('BEGIN');
      this.#assertCurrent(path);
      const [check] = this.#all<{ quick_check: string }>('PRAGMA quick_check(1)');
      if (check?.quick_check !== 'ok') throw new Error(check?.quick_check);
    } catch (error) {
      this.close();
      if (error instanceof StoreOpenError) throw error;
      throw new StoreOpenError(`The file ${path} is damaged: ${(error as Error).message}.`);
    }
  }

  doctorIds(): DoctorId[] {
    return this.#all<{ id: DoctorId }>('SELECT id FROM doctors ORDER BY id').map(({ id }) => id);
  }

  *changes(): Generator<Change> {
    const rows = this.#database.prepare('SELECT * FROM changes ORDER BY doctor_id, version');
    for (const row of rows.iterate()) yield this.#read(row as unknown as ChangeRow);
  }

  doctor(id: DoctorId): KeptDoctor | undefined {
    const [row] = this.#all<DoctorRow>('SELECT * FROM doctors WHERE id = ?', id);
    if (row === undefined) return undefined;
    const sessions = this.#all<SessionRow>(
      'SELECT * FROM sessions WHERE doctor_id = ? AND ended = 0 ORDER BY position',
      id,
    );
    const days = this.#all<DayRow>('SELECT * FROM days WHERE doctor_id = ?', id);
    const slots = this.#all<SlotRow>('SELECT * FROM slots WHERE doctor_id = ?', id);
    return {
      facts: doctorOf(row, sessions.map(sessionOf)),
      version: row.version,
      lastArrival: row.last_arrival,
      lastNumbers: days.map((day) => [day.date, day.last_number]),
      slots: slots.map(slotOf),
    };
  }

  token(id: TokenId): ReturnType<VerifySource['token']> {
    return this.#all<TokenRow>('SELECT * FROM tokens WHERE id = ?', id).map(tokenOf)[0];
  }

  strayTokens(): TokenId[] {
    const rows = this.#all<{ id: TokenId }>(
      'SELECT id FROM tokens WHERE NOT EXISTS (SELECT 1 FROM changes WHERE token_id = tokens.id) ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  close(): void {
    this.#database.close();
  }

  #assertCurrent(path: string): void {
    const [applied] = this.#all<{ id: number }>('SELECT ifnull(max(id), 0) AS id FROM migrations');
    const missing = migrationFiles().length - (applied?.id ?? 0);
    if (missing === 0) return;
    throw new StoreOpenError(
      missing > 0
        ? `The database ${path} was written by an older version of this program: start this one on it first.`
        : `The database ${path} was written by a newer version of this program: verify it with that one.`,
    );
  }

  /** @throws StoreOpenError naming the change record that cannot be read */
  #read(row: ChangeRow): Change {
    try {
      return changeOf(row);
    } catch (error) {
      const name = `${row.token_id === null ? '' : `token ${row.token_id}: `}change ${row.doctor_id}:${row.version}`;
      throw new StoreOpenError(`${name} cannot be read: ${(error as Error).message}.`);
    }
  }

  #all<Row>(sql: string, ...values: string[]): Row[] {
    return this.#database.prepare(sql).all(...values) as unknown as Row[];
  }
}

/** A change record as the engine applied it. */
function changeOf(row: ChangeRow): Change {
  const { doctor_id: doctorId, version, at, kind } = row;
  switch (kind) {
    case 'doctor_set':
      return { kind, doctorId, version, at, doctor: dataOf(row) as DoctorFacts };
    case 'slot_set':
      return { kind, doctorId, version, at, slot: dataOf(row) as SlotFacts };
    case 'booked':
      return { ...(dataOf(row) as BookedData), kind, doctorId, version, at, ...placeOf(row) };
    case 'bumped':
    case 'promoted':
    case 'cancelled':
    case 'no_show': {
      const { from_status: from, to_status: to, cause } = row;
      invariant(from !== null && to !== null, 'a transition has both its statuses');
      return {
        ...{ kind, doctorId, version, at, to, cause, from: from as LiveStatus },
        ...tokenIdsOf(row),
      };
    }
    default:
      return unreachable(kind);
  }
}

function tokenIdsOf({ token_id: tokenId, slot_id: slotId }: ChangeRow) {
  invariant(tokenId !== null && slotId !== null, 'a change of a token names it and its slot');
  return { tokenId, slotId };
}

const placeOf = (row: ChangeRow) => ({ ...tokenIdsOf(row), to: row.to_status as LiveStatus });

function dataOf({ data }: ChangeRow): unknown {
  invariant(data !== null, 'a change that sets something has data');
  return JSON.parse(data);
}
