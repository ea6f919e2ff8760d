import type { DatabaseSync } from 'node:sqlite';
import {
  type Change,
  type DoctorId,
  type LocalDate,
  type TokenId,
  isTokenChange,
} from '../../engine/index.ts';
import type { StoredToken } from '../archive.ts';
import {
  ROWS_PER_BATCH,
  auditedChange,
  type StoredDoctor,
  type DatedChange,
  type AuditSource,
  type DoubledNumber,
} from '../audit-source.ts';
import type { ChangeRow } from '../change-rows.ts';
import { damaged, openCurrent } from './open-read-only.ts';
import {
  slotOf,
  snapshotOf,
  tokenOf,
  type DayRow,
  type DoctorRow,
  type LeaveRow,
  type SessionRow,
  type SlotRow,
  type TokenRow,
} from '../rows.ts';
import { namesOf, select, stepsOf } from './statements.ts';

/** One consistent snapshot of a database file, stopped or live. It writes nothing and blocks no writer. */
export class SqliteAuditSource implements AuditSource {
  readonly #database: DatabaseSync;

  /** @throws StoreOpenError when there is no database of this program and its version, or SQLite finds it damaged */
  constructor(path: string) {
    this.#database = openCurrent(path);
    try {
      const [check] = this.#all<{ quick_check: string }>('PRAGMA quick_check(1)');
      if (check?.quick_check !== 'ok') throw new Error(check?.quick_check);
    } catch (error) {
      this.#database.close();
      throw damaged(path, error);
    }
  }

  doctorIds(): Promise<readonly DoctorId[]> {
    const rows = this.#all<{ id: DoctorId }>('SELECT id FROM doctors ORDER BY id');
    return Promise.resolve(rows.map(({ id }) => id));
  }

  *changes(): Generator<readonly Change[]> {
    const rows = this.#database.prepare(`${select('changes')} ORDER BY doctor_id, version`);
    let batch: Change[] = [];
    for (const row of rows.iterate()) {
      batch.push(auditedChange(row as unknown as ChangeRow));
      if (batch.length < ROWS_PER_BATCH) continue;
      yield batch;
      batch = [];
    }
    yield batch;
  }

  changesOf(id: DoctorId): Promise<readonly Change[]> {
    const sql = `${select('changes')} WHERE doctor_id = ? ORDER BY version`;
    return Promise.resolve(this.#all<ChangeRow>(sql, id).map(auditedChange));
  }

  doctor(id: DoctorId): Promise<StoredDoctor | undefined> {
    const [row] = this.#all<DoctorRow>(`${select('doctors')} WHERE id = ?`, id);
    if (row === undefined) return Promise.resolve(undefined);
    const sessions = this.#all<SessionRow>(
      `${select('sessions')} WHERE doctor_id = ? AND ended = 0 ORDER BY position`,
      id,
    );
    const leaves = this.#all<LeaveRow>(`${select('leaves')} WHERE doctor_id = ? AND ended = 0`, id);
    const days = this.#all<DayRow>(`${select('days')} WHERE doctor_id = ?`, id);
    const slots = this.#all<SlotRow>(`${select('slots')} WHERE doctor_id = ?`, id);
    return Promise.resolve({
      ...snapshotOf({ doctor: row, sessions, leaves }, days),
      slots: slots.map(slotOf),
    });
  }

  tokens(ids: readonly TokenId[]): Promise<readonly StoredToken[]> {
    const rows = this.#all<TokenRow>(
      `${select('tokens')} WHERE id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    );
    return Promise.resolve(rows.map(tokenOf));
  }

  steps(ids: readonly TokenId[]): Promise<readonly DatedChange[]> {
    this.#listMovedSteps();
    const rows = this.#all<ChangeRow & { readonly date: LocalDate | null }>(
      `SELECT ${namesOf('changes')}, slots.date
        FROM changes LEFT JOIN slots ON slots.id = changes.slot_id
        WHERE position IN (
          SELECT position FROM moved_steps WHERE token_id IN (SELECT value FROM json_each(?1))
          UNION ${stepsOf('id IN (SELECT value FROM json_each(?1))')})
        ORDER BY position`,
      JSON.stringify(ids),
    );
    const steps = rows.map((row) => ({ change: auditedChange(row), date: row.date }));
    return Promise.resolve(steps.filter((step): step is DatedChange => isTokenChange(step.change)));
  }

  orphanTokens(): Promise<readonly TokenId[]> {
    const rows = this.#all<{ id: TokenId }>(
      // All records are read only if a token's last change is not among them.
      `SELECT id FROM tokens WHERE CASE
        WHEN EXISTS (SELECT 1 FROM changes WHERE position = last_change AND token_id = tokens.id) THEN 0
        ELSE id NOT IN (SELECT token_id FROM changes WHERE token_id IS NOT NULL) END ORDER BY id`,
    );
    return Promise.resolve(rows.map(({ id }) => id));
  }

  brokenHistories(): Promise<readonly TokenId[]> {
    const rows = this.#all<{ id: TokenId }>(
      `SELECT DISTINCT token_id AS id FROM (
          SELECT token_id, position, previous, last_change,
            lag(position) OVER record AS before, lead(position) OVER record AS after
          FROM changes LEFT JOIN tokens ON tokens.id = token_id WHERE token_id IS NOT NULL
          WINDOW record AS (PARTITION BY token_id ORDER BY position))
        WHERE previous IS NOT before OR after IS NULL AND last_change IS NOT position ORDER BY id`,
    );
    return Promise.resolve(rows.map(({ id }) => id));
  }

  doubledNumbers(): Promise<readonly DoubledNumber[]> {
    const rows = this.#all<Omit<DoubledNumber, 'tokenIds'> & { readonly ids: string }>(
      `SELECT tokens.doctor_id AS doctorId, date, number, json_group_array(tokens.id) AS ids
        FROM tokens JOIN slots ON slots.id = slot_id
        GROUP BY tokens.doctor_id, date, number HAVING count(*) > 1
        ORDER BY tokens.doctor_id, date, number`,
    );
    return Promise.resolve(
      rows.map(({ ids, ...place }) => ({
        ...place,
        tokenIds: (JSON.parse(ids) as TokenId[]).sort(),
      })),
    );
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  /**
   * Lists the change records of the tokens that have moved, in a table of this connection. All records are searched once,
   * because the audit does not trust the chain along which the service reads a history.
   */
  #listMovedSteps(): void {
    this.#database.exec(`CREATE TEMP TABLE IF NOT EXISTS moved_steps AS
        SELECT token_id, position FROM changes WHERE token_id IN (
          SELECT token_id FROM changes WHERE kind IN ('moved_out', 'moved_in'));
      CREATE INDEX IF NOT EXISTS temp.moved_steps_by_token ON moved_steps (token_id);`);
  }

  #all<Row>(sql: string, ...values: string[]): Row[] {
    return this.#database.prepare(sql).all(...values) as unknown as Row[];
  }
}
