import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  keyOf,
  secretOf,
  type KeyRow,
  type SecretRow,
  type StoredKey,
  type StoredSecret,
} from '../access-keys.ts';
import { adminChangeValues, type AdminChange, type AdminChangeFilter } from '../admin-changes.ts';
import type {
  DoctorId,
  DoctorSnapshot,
  EpochMs,
  LocalDate,
  SlotFacts,
  SlotId,
} from '../../engine/index.ts';
import {
  responsesExpiredAt,
  type FoundToken,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
} from '../archive.ts';
import type { Subjects } from '../change-log.ts';
import { placedChangeOf, type ChangeRow } from '../change-rows.ts';
import type { PlacedChange } from '../cursor.ts';
import type { ErasureRequest, SlotOfDoctor } from '../erasure.ts';
import {
  lastNumberOf,
  slotOf,
  snapshotOf,
  storedResponseOf,
  storedSlotOf,
  tokenOf,
  type DayRow,
  type DoctorRow,
  type LeaveRow,
  type ResponseRow,
  type SessionRow,
  type SlotOfDayRow,
  type SlotRow,
  type TokenRow,
} from '../rows.ts';
import type { SessionOfDoctor } from '../store.ts';
import { parseStored } from '../stored-json.ts';
import { columnsOf } from '../tables.ts';
import {
  deliveryOf,
  lagOf,
  webhookOf,
  type DeliveryFilter,
  type DeliveryRow,
  type LagRow,
  type StoredDelivery,
  type StoredLag,
  type StoredWebhook,
  type WebhookRow,
} from '../webhook-store.ts';
import { READS, SLOT_PREFIX, type ReadName, type SqlValue } from './statements.ts';

/** A token and its slot in one row. */
export type FoundRow = TokenRow &
  Readonly<Record<`${typeof SLOT_PREFIX}${keyof SlotRow}`, SqlValue>>;

type LoadedSlotRow = SlotOfDayRow & { readonly indexed: number };

/** A slot to load at a start. */
export interface LoadedSlot {
  readonly stored: StoredSlot;
  /** Whether all its tokens have their place in the index by slot. A waiting token is only in a slot that is not indexed. */
  readonly isIndexed: boolean;
}

export function foundOf(row: FoundRow): FoundToken {
  const columns = columnsOf('slots').map((name) => [
    name,
    row[`${SLOT_PREFIX}${name}` as keyof FoundRow],
  ]);
  return { token: tokenOf(row), slot: slotOf(Object.fromEntries(columns) as SlotRow) };
}

/** A read-only connection: every query of the service is a look-up by key or by an index. */
export class Reader {
  /** The file that is read. */
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Record<ReadName, StatementSync>;

  constructor(database: DatabaseSync) {
    this.path = database.location() ?? '';
    this.#database = database;
    this.#statements = Object.fromEntries(
      Object.entries(READS).map(([name, sql]) => [name, database.prepare(sql)]),
    ) as Record<ReadName, StatementSync>;
  }

  /** All doctors, with the numbers of the days from this one on. */
  doctors(from: LocalDate): DoctorSnapshot[] {
    const sessions = Map.groupBy(this.#all<SessionRow>('sessions'), (row) => row.doctor_id);
    const leaves = Map.groupBy(this.#all<LeaveRow>('leaves'), (row) => row.doctor_id);
    const days = Map.groupBy(this.#all<DayRow>('daysFrom', from), (row) => row.doctor_id);
    return this.#all<DoctorRow>('doctors').map((doctor) => {
      const { id } = doctor;
      const rows = { doctor, sessions: sessions.get(id) ?? [], leaves: leaves.get(id) ?? [] };
      return snapshotOf(rows, days.get(id) ?? []);
    });
  }

  lastNumbers(doctorId: string, from: LocalDate): DoctorSnapshot['lastNumbers'] {
    return this.#all<DayRow>('daysOf', doctorId, from).map(lastNumberOf);
  }

  /** Slots that end after this instant, and those that are not indexed. */
  *slotsToLoad(instant: number): Generator<LoadedSlot> {
    const unindexed = Map.groupBy(this.#all<TokenRow>('unindexedTokens'), (row) => row.slot_id);
    for (const row of this.#all<LoadedSlotRow>('slotsToLoad', instant))
      yield {
        stored: storedSlotOf(row, [
          ...this.#all<TokenRow>('indexedTokensOf', row.id),
          ...(unindexed.get(row.id) ?? []),
        ]),
        isIndexed: row.indexed === 1,
      };
  }

  slot(id: string): StoredSlot | undefined {
    return this.#all<LoadedSlotRow>('slot', id).map((row) =>
      storedSlotOf(row, this.#all<TokenRow>('tokensOf', row.id)),
    )[0];
  }

  slotFacts(id: string): SlotFacts | undefined {
    return this.#all<SlotOfDayRow>('slot', id).map(slotOf)[0];
  }

  foreignSlot({ id, doctorId }: SessionOfDoctor): SlotId | undefined {
    return this.#all<{ readonly id: SlotId }>('foreignSlot', id, doctorId)[0]?.id;
  }

  slots(doctorId: string, from: LocalDate, to: LocalDate): SlotFacts[] {
    return this.#all<SlotOfDayRow>('slotsOf', doctorId, from, to).map(slotOf);
  }

  token(id: string): StoredToken | undefined {
    return this.#all<TokenRow>('token', id).map(tokenOf)[0];
  }

  tokensOfPatient(id: string): FoundToken[] {
    return this.#all<FoundRow>('tokensOfPatient', id).map(foundOf);
  }

  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined {
    const rows = this.#all<ResponseRow>('storedResponse', caller, key, responsesExpiredAt(now));
    return rows.map(storedResponseOf)[0];
  }

  slotsToErase(before: ReadonlyMap<string, LocalDate>, limit: number): SlotOfDoctor[] {
    const days = JSON.stringify(Object.fromEntries(before));
    const last = [...before.values()].sort().at(-1) ?? '';
    const rows = this.#all<{ doctor_id: DoctorId; id: SlotId }>('slotsToErase', days, last, limit);
    return rows.map(({ doctor_id, id }) => ({ doctorId: doctor_id, slotId: id }));
  }

  erasureRequests(): Map<number, ErasureRequest> {
    const rows = this.#all<{ id: number; request: string }>('erasures');
    return new Map(rows.map(({ id, request }) => [id, parseStored(request) as ErasureRequest]));
  }

  accessKeys(): StoredKey[] {
    return this.#all<KeyRow>('accessKeys').map(keyOf);
  }

  secrets(): StoredSecret[] {
    return this.#all<SecretRow>('secrets').map(secretOf);
  }

  adminChanges(filter: AdminChangeFilter, before: string | null, limit: number): AdminChange[] {
    return this.#all<AdminChange>('adminChanges', ...adminChangeValues(filter, before, limit));
  }

  webhooks(): StoredWebhook[] {
    return this.#all<WebhookRow>('webhooks').map(webhookOf);
  }

  lags(webhookId: string): StoredLag[] {
    return this.#all<LagRow>('lags', webhookId).map(lagOf);
  }

  deliveries(webhookId: string, { status, behind, limit }: DeliveryFilter): StoredDelivery[] {
    const place = [behind?.at ?? Number.MAX_SAFE_INTEGER, behind?.eventId ?? ''];
    return this.#all<DeliveryRow>('deliveries', webhookId, status, ...place, limit).map(deliveryOf);
  }

  changesFrom(position: number, count: number): PlacedChange[] {
    return this.#all<ChangeRow>('changesFrom', position, count).map(placedChangeOf);
  }

  /** The position of the last change, which is not read itself: a damaged record does not prevent a start. */
  lastPosition(): number {
    return this.#all<{ readonly position: number | null }>('lastPosition')[0]?.position ?? 0;
  }

  lastChange(): PlacedChange | undefined {
    return this.#all<ChangeRow>('lastChange').map(placedChangeOf)[0];
  }

  changeUpTo(position: number): PlacedChange | undefined {
    return this.#all<ChangeRow>('changeUpTo', position).map(placedChangeOf)[0];
  }

  factChanges(position: number, { tokenIds, slotIds }: Subjects): PlacedChange[] {
    const ids = [JSON.stringify(tokenIds), JSON.stringify(slotIds)];
    return this.#all<ChangeRow>('factChanges', position, ...ids).map(placedChangeOf);
  }

  close(): void {
    this.#database.close();
  }

  #all<Row>(name: ReadName, ...values: SqlValue[]): Row[] {
    // STRICT tables and the program's own writes guarantee the shape of the rows.
    return this.#statements[name].all(...values) as unknown as Row[];
  }
}
