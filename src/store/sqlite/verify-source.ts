import type { DatabaseSync } from 'node:sqlite';
import type { Change, DoctorId, LocalDate, SlotId, TokenId } from '../../engine/index.ts';
import { isTokenChange, type TokenChange } from '../fold.ts';
import { StoreOpenError } from '../store.ts';
import type { KeptDoctor, VerifySource } from '../verify/source.ts';
import { changeOf, type ChangeRow } from './change-rows.ts';
import { damaged, openCurrent } from './open-read-only.ts';
import {
  doctorOf,
  sessionOf,
  slotOf,
  tokenOf,
  type DayRow,
  type DoctorRow,
  type SessionRow,
  type SlotRow,
  type TokenRow,
} from './rows.ts';

/** One consistent view of a database file, stopped or live: nothing is written, nobody is kept from writing. */
export class SqliteVerifySource implements VerifySource {
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when there is no database of this program and its version, or SQLite finds it damaged */
  constructor(path: string) {
    this.#database = openCurrent(path);
    try {
      const [check] = this.#all<{ quick_check: string }>('PRAGMA quick_check(1)');
      if (check?.quick_check !== 'ok') throw new Error(check?.quick_check);
    } catch (error) {
      this.close();
      throw damaged(path, error);
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

  changesOf(id: TokenId): TokenChange[] {
    const rows = this.#all<ChangeRow>(
      'SELECT * FROM changes WHERE token_id = ? ORDER BY position',
      id,
    );
    return rows.map((row) => this.#read(row)).filter(isTokenChange);
  }

  dateOf(id: SlotId): LocalDate | undefined {
    return this.#all<{ date: LocalDate }>('SELECT date FROM slots WHERE id = ?', id)[0]?.date;
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
