import {
  type Change,
  type DoctorId,
  type LocalDate,
  type TokenId,
  isTokenChange,
} from '../../engine/index.ts';
import type { ChangeRow } from '../change-rows.ts';
import { slotOf, tokenOf, type SlotRow, type TokenRow } from '../rows.ts';
import type { StoredToken } from '../archive.ts';
import {
  auditedChange,
  type StoredDoctor,
  type DatedChange,
  type AuditSource,
  type DoubledNumber,
} from '../audit-source.ts';
import { openStored } from './open.ts';
import { snapshotOfRow } from './rows.ts';
import { arrayOf, namesOf, select, SESSIONS_AND_LEAVES } from './statements.ts';
import type { ReadTransaction } from './read-transaction.ts';

const DOCTOR = `SELECT ${namesOf('doctors')},
    ${SESSIONS_AND_LEAVES},
    coalesce((SELECT jsonb_agg(days) FROM days WHERE doctor_id = doctors.id), '[]') AS days,
    coalesce((SELECT jsonb_agg(slots) FROM slots WHERE doctor_id = doctors.id), '[]') AS slots
  FROM doctors WHERE id = $1`;

const TOKENS = `${select('tokens')} WHERE id = ANY ($1::text::text[])`;

const STEPS = `SELECT ${namesOf('changes')}, slots.date
  FROM changes LEFT JOIN slots ON slots.doctor_id = changes.doctor_id AND slots.id = changes.slot_id
  WHERE token_id = ANY ($1::text::text[]) ORDER BY position`;

/** The pairs of doctor and token of which the last record does not say that the token has moved out. */
const PLACES = `SELECT doctor_id, token_id FROM changes WHERE token_id = ANY ($1::text::text[])
  GROUP BY doctor_id, token_id HAVING (array_agg(kind ORDER BY position DESC))[1] <> 'moved_out'`;

const DOUBLED_NUMBERS = `SELECT doctor_id, date, number, jsonb_agg(tokens.id ORDER BY tokens.id) AS ids
  FROM tokens JOIN slots USING (doctor_id) WHERE slots.id = slot_id
  GROUP BY doctor_id, date, number HAVING count(*) > 1 ORDER BY doctor_id, date, number`;

/** One consistent snapshot of a database, stopped or live. It writes nothing and blocks no writer. */
export class PostgresAuditSource implements AuditSource {
  readonly #view: ReadTransaction;

  constructor(view: ReadTransaction) {
    this.#view = view;
  }

  /** @throws StoreOpenError when there is no database of this program and its version */
  static async open(url: string): Promise<PostgresAuditSource> {
    return new PostgresAuditSource(await openStored(url));
  }

  async doctorIds(): Promise<readonly DoctorId[]> {
    const rows = await this.#view.send('SELECT id FROM doctors ORDER BY id');
    return rows.map(({ id }) => id as DoctorId);
  }

  async *changes(): AsyncGenerator<readonly Change[]> {
    const rows = this.#view.batches(`${select('changes')} ORDER BY doctor_id, version`);
    for await (const batch of rows)
      yield batch.map((row) => auditedChange(row as unknown as ChangeRow));
  }

  async changesOf(id: DoctorId): Promise<readonly Change[]> {
    const sql = `${select('changes')} WHERE doctor_id = $1 ORDER BY version`;
    const rows = await this.#view.send(sql, id);
    return rows.map((row) => auditedChange(row as unknown as ChangeRow));
  }

  async doctor(id: DoctorId): Promise<StoredDoctor | undefined> {
    const [row] = await this.#view.send(DOCTOR, id);
    if (row === undefined) return undefined;
    return { ...snapshotOfRow(row), slots: (row['slots'] as readonly SlotRow[]).map(slotOf) };
  }

  async tokens(ids: readonly TokenId[]): Promise<readonly StoredToken[]> {
    const rows = await this.#view.send(TOKENS, arrayOf(ids));
    return rows.map((row) => tokenOf(row as unknown as TokenRow));
  }

  async steps(ids: readonly TokenId[]): Promise<readonly DatedChange[]> {
    const rows = await this.#view.send(STEPS, arrayOf(ids));
    const steps = rows.map((row) => ({
      change: auditedChange(row as unknown as ChangeRow),
      date: row['date'] as LocalDate | null,
    }));
    return steps.filter((step): step is DatedChange => isTokenChange(step.change));
  }

  brokenHistories(): Promise<readonly TokenId[]> {
    // A history is read by an index of the change records themselves.
    return Promise.resolve([]);
  }

  async orphanTokens(): Promise<readonly TokenId[]> {
    const orphans: TokenId[] = [];
    for await (const batch of this.#view.batches('SELECT doctor_id, id FROM tokens ORDER BY id')) {
      const tokens = batch.map((row) => ({ doctorId: row['doctor_id'], id: row['id'] as TokenId }));
      const places = await this.#view.send(PLACES, arrayOf(tokens.map(({ id }) => id)));
      const doctorsOf = Map.groupBy(places, (row) => row['token_id']);
      // The key is doctor and token, so a token that has moved to another doctor could have left a row behind.
      for (const { doctorId, id } of tokens)
        if (!doctorsOf.get(id)?.some((row) => row['doctor_id'] === doctorId)) orphans.push(id);
    }
    return orphans;
  }

  async doubledNumbers(): Promise<readonly DoubledNumber[]> {
    return (await this.#view.send(DOUBLED_NUMBERS)).map((row) => ({
      doctorId: row['doctor_id'] as DoctorId,
      date: row['date'] as LocalDate,
      number: row['number'] as number,
      tokenIds: row['ids'] as TokenId[],
    }));
  }

  close(): Promise<void> {
    return this.#view.close();
  }
}
