import {
  type Change,
  type DoctorId,
  type LocalDate,
  type TokenId,
  isTokenChange,
} from '../../engine/index.ts';
import { changeOf, type ChangeRow } from '../change-rows.ts';
import { slotOf, tokenOf, type DayRow, type SlotRow, type TokenRow } from '../rows.ts';
import type { StoredToken } from '../store.ts';
import {
  unreadable,
  type StoredDoctor,
  type DatedChange,
  type AuditSource,
} from '../audit-source.ts';
import { openStored } from './open.ts';
import { factsOfRow } from './rows.ts';
import { arrayOf, CHANGE, SESSIONS } from './statements.ts';
import type { ReadTransaction } from './read-transaction.ts';

const DOCTOR = `SELECT doctors.*,
    ${SESSIONS},
    coalesce((SELECT jsonb_agg(days) FROM days WHERE doctor_id = doctors.id), '[]') AS days,
    coalesce((SELECT jsonb_agg(slots) FROM slots WHERE doctor_id = doctors.id), '[]') AS slots
  FROM doctors WHERE id = $1`;

const TOKENS = `SELECT * FROM tokens WHERE id = ANY ($1::text::text[])`;

const STEPS = `SELECT ${CHANGE}, slots.date
  FROM changes LEFT JOIN slots ON slots.doctor_id = changes.doctor_id AND slots.id = changes.slot_id
  WHERE token_id = ANY ($1::text::text[]) ORDER BY position`;

/** Those of the tokens that are with a doctor by the doctor's records. */
const PRESENT = `SELECT doctor_id, token_id FROM changes WHERE token_id = ANY ($1::text::text[])
  GROUP BY doctor_id, token_id HAVING (array_agg(kind ORDER BY position DESC))[1] <> 'moved_out'`;

/** One consistent view of a database, stopped or live: nothing is written, nobody is kept from writing. */
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
    const rows = this.#view.batches(`SELECT ${CHANGE} FROM changes ORDER BY doctor_id, version`);
    for await (const batch of rows) yield batch.map((row) => read(row as unknown as ChangeRow));
  }

  async doctor(id: DoctorId): Promise<StoredDoctor | undefined> {
    const [row] = await this.#view.send(DOCTOR, id);
    return (
      row && {
        facts: factsOfRow(row),
        version: row['version'] as number,
        lastArrival: row['last_arrival'] as number,
        lastNumbers: (row['days'] as readonly DayRow[]).map((day) => [day.date, day.last_number]),
        slots: (row['slots'] as readonly SlotRow[]).map(slotOf),
      }
    );
  }

  async tokens(ids: readonly TokenId[]): Promise<readonly StoredToken[]> {
    const rows = await this.#view.send(TOKENS, arrayOf(ids));
    return rows.map((row) => tokenOf(row as unknown as TokenRow));
  }

  async steps(ids: readonly TokenId[]): Promise<readonly DatedChange[]> {
    const rows = await this.#view.send(STEPS, arrayOf(ids));
    const steps = rows.map((row) => ({
      change: read(row as unknown as ChangeRow),
      date: row['date'] as LocalDate | null,
    }));
    return steps.filter((step): step is DatedChange => isTokenChange(step.change));
  }

  async orphanTokens(): Promise<readonly TokenId[]> {
    const strays: TokenId[] = [];
    for await (const batch of this.#view.batches('SELECT doctor_id, id FROM tokens ORDER BY id')) {
      const tokens = batch.map((row) => ({ doctorId: row['doctor_id'], id: row['id'] as TokenId }));
      const present = await this.#view.send(PRESENT, arrayOf(tokens.map(({ id }) => id)));
      const doctorsOf = Map.groupBy(present, (row) => row['token_id']);
      // The key is doctor and token: who has moved to another doctor must have left no row behind.
      for (const { doctorId, id } of tokens)
        if (!doctorsOf.get(id)?.some((row) => row['doctor_id'] === doctorId)) strays.push(id);
    }
    return strays;
  }

  close(): Promise<void> {
    return this.#view.close();
  }
}

/** @throws StoreOpenError naming the change record */
function read(row: ChangeRow): Change {
  try {
    return changeOf(row);
  } catch (error) {
    throw unreadable(row, error);
  }
}
