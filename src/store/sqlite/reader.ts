import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DoctorSnapshot, EpochMs, LocalDate, SlotFacts } from '../../engine/index.ts';
import {
  responsesExpiredAt,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
} from '../archive.ts';
import { placedChangeOf, type ChangeRow } from '../change-rows.ts';
import type { PlacedChange } from '../cursor.ts';
import {
  slotOf,
  snapshotOf,
  storedResponseOf,
  storedSlotOf,
  tokenOf,
  type DayRow,
  type DoctorRow,
  type ResponseRow,
  type SessionRow,
  type SlotOfDayRow,
  type TokenRow,
} from '../rows.ts';
import { READS, type ReadName, type SqlValue } from './statements.ts';

/** A read-only connection: every query of the service is a look-up by key or by an index. */
export class Reader {
  readonly #database: DatabaseSync;
  readonly #statements: Record<ReadName, StatementSync>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = Object.fromEntries(
      Object.entries(READS).map(([name, sql]) => [name, database.prepare(sql)]),
    ) as Record<ReadName, StatementSync>;
  }

  /** All doctors, with the numbers of the days from this one on. */
  doctors(from: LocalDate): DoctorSnapshot[] {
    const sessions = Map.groupBy(this.#all<SessionRow>('sessions'), (row) => row.doctor_id);
    const days = Map.groupBy(this.#all<DayRow>('daysFrom', from), (row) => row.doctor_id);
    return this.#all<DoctorRow>('doctors').map((row) =>
      snapshotOf(row, sessions.get(row.id) ?? [], days.get(row.id) ?? []),
    );
  }

  /** Slots that end after this instant, and those with a waiting token. */
  *slotsToLoad(instant: number): Generator<StoredSlot> {
    for (const row of this.#all<SlotOfDayRow>('slotsToLoad', instant)) yield this.#withTokens(row);
  }

  slot(id: string): StoredSlot | undefined {
    return this.#all<SlotOfDayRow>('slot', id).map((row) => this.#withTokens(row))[0];
  }

  slotFacts(id: string): SlotFacts | undefined {
    return this.#all<SlotOfDayRow>('slot', id).map(slotOf)[0];
  }

  slots(doctorId: string, from: LocalDate, to: LocalDate): SlotFacts[] {
    return this.#all<SlotOfDayRow>('slotsOf', doctorId, from, to).map(slotOf);
  }

  token(id: string): StoredToken | undefined {
    return this.#all<TokenRow>('token', id).map(tokenOf)[0];
  }

  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined {
    const rows = this.#all<ResponseRow>('storedResponse', caller, key, responsesExpiredAt(now));
    return rows.map(storedResponseOf)[0];
  }

  changesFrom(position: number, count: number): PlacedChange[] {
    return this.#all<ChangeRow>('changesFrom', position, count).map(placedChangeOf);
  }

  lastChange(): PlacedChange | undefined {
    return this.#all<ChangeRow>('lastChange').map(placedChangeOf)[0];
  }

  close(): void {
    this.#database.close();
  }

  #withTokens(row: SlotOfDayRow): StoredSlot {
    return storedSlotOf(row, this.#all<TokenRow>('liveTokensOf', row.id));
  }

  #all<Row>(name: ReadName, ...values: SqlValue[]): Row[] {
    // STRICT tables and the program's own writes guarantee the shape of the rows.
    return this.#statements[name].all(...values) as unknown as Row[];
  }
}
