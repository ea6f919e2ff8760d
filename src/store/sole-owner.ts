import type {
  AllocationEngine,
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  PatientId,
  SlotFacts,
  SlotId,
  TokenId,
} from '../engine/index.ts';
import {
  PAGE_ITEMS,
  recordPartOf,
  stepFrom,
  type Archive,
  type ChangeRecord,
  type FoundToken,
  type Pages,
  type RecordEntry,
  type RecordFilter,
  type RecordPart,
  type StoredLiveToken,
  type StoredResponse,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from './archive.ts';
import type { ChangeLog, ChangePage, FactChange, Subjects } from './change-log.ts';
import {
  BEGINNING,
  countFor,
  cursorAt,
  cursorBefore,
  cursorOf,
  pageBehind,
  positionOf,
  type PlacedChange,
} from './cursor.ts';
import type { Database } from './database.ts';
import type { ErasureRequest, Erasures, SlotOfDoctor } from './erasure.ts';
import { byPlace, storedOf, tokensInEngine } from './engine-tokens.ts';
import type { GroupCommit } from './group-commit.ts';
import type { RecentChanges } from './recent-changes.ts';
import {
  completeDoctor,
  doctorsById,
  foreignSlots,
  isComplete,
  loadSlots,
  type DoctorRows,
} from './restore.ts';
import { isLiveToken } from './rows.ts';
import { SoleOwnerKeyStore, type KeyRows } from './sole-owner-keys.ts';
import { SoleOwnerWebhookStore, type WebhookRows } from './sole-owner-webhooks.ts';
import type { Decision, Horizon, Scope, SessionOfDoctor, Store } from './store.ts';

/** The stored rows of a sole owner, all of them durable. What is not read in pages is read at once, without waiting. */
export interface StoredRows extends DoctorRows, KeyRows, WebhookRows {
  token(id: TokenId): StoredToken | undefined;
  history(id: TokenId): Pages<ChangeRecord>;
  slotFacts(id: SlotId): SlotFacts | undefined;
  /** The live tokens of a slot that is not in the engine. */
  liveTokens(id: SlotId): Pages<StoredLiveToken>;
  /** A slot with an id of the form `id@...` that is not of this doctor's session; undefined when there is none. */
  foreignSlot(session: SessionOfDoctor): SlotId | undefined;
  /** @param tokenIds the tokens that are in the slot, if it is in the engine */
  slotChanges(id: SlotId, tokenIds: readonly TokenId[]): Pages<Change>;
  /** Tokens of slots that are not in the engine; some of slots in the engine may be among them. */
  tokens(filter: TokenFilter, after: TokenPlace, limit: number): Promise<readonly FoundToken[]>;
  tokensOfPatient(id: PatientId): readonly FoundToken[];
  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined;
  /** The latest first, between two positions; the first is included. */
  recordBetween(
    filter: RecordFilter,
    positions: readonly [first: number, before: number],
    limit: number,
  ): Promise<readonly RecordEntry[]>;
  /** At most `count` changes from this position on, the position included, in the order of their positions. */
  changesFrom(position: number, count: number): readonly PlacedChange[];
  lastChange(): PlacedChange | undefined;
  /** The last change up to this position, the position included. */
  changeUpTo(position: number): PlacedChange | undefined;
  /** See `ChangeLog.factsAt`. */
  factChanges(position: number, subjects: Subjects): readonly PlacedChange[];
  slotsToErase(before: ReadonlyMap<string, LocalDate>, limit: number): readonly SlotOfDoctor[];
  responsesWith(texts: readonly string[]): Promise<readonly StoredResponse[]>;
  erasureRequests(): ReadonlyMap<number, ErasureRequest>;
}

/** The parts of the database of a sole owner. */
export interface SoleOwnerParts {
  readonly isDurable: boolean;
  readonly engine: AllocationEngine;
  readonly rows: StoredRows;
  readonly commits: GroupCommit;
  readonly recent: RecentChanges;
  readonly load: (horizon: Horizon) => void | Promise<void>;
  /** See `Erasures.clean`. */
  readonly clean: () => Promise<boolean>;
  /** Called once, after all batches have been written. */
  readonly close: () => Promise<void>;
}

/**
 * A database that no other process writes to. Commands are decided in memory and become durable in batches. The
 * engine is always current, because no other process changes the rows.
 */
export const soleOwnerDatabase = (parts: SoleOwnerParts): Database => ({
  store: new SoleOwnerStore(parts),
  archive: new SoleOwnerArchive(parts),
  changeLog: new SoleOwnerChangeLog(parts),
  keys: new SoleOwnerKeyStore(parts),
  erasures: erasuresOf(parts),
  webhooks: new SoleOwnerWebhookStore(parts),
});

class SoleOwnerStore implements Store {
  readonly isDurable: boolean;
  readonly #parts: SoleOwnerParts;
  readonly #engine: AllocationEngine;
  readonly #commits: GroupCommit;
  #horizon: (() => Horizon) | null = null;

  constructor(parts: SoleOwnerParts) {
    this.isDurable = parts.isDurable;
    this.#parts = parts;
    this.#engine = parts.engine;
    this.#commits = parts.commits;
  }

  get state(): Store['state'] {
    return this.#commits.state;
  }

  get queueLength(): number {
    return this.#commits.queueLength;
  }

  get failure(): Promise<Error> {
    return this.#commits.failure;
  }

  async load(horizon: () => Horizon): Promise<void> {
    this.#horizon = horizon;
    await this.#parts.load(horizon());
  }

  sync(): Promise<void> {
    // No other process writes: everything that a clock tick must act on is in the engine.
    return Promise.resolve();
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    const prepare = (): void => this.#load(scope);
    return this.#commits.transact(scope.doctorIds, decide, { prepare, canWait: scope.canWait });
  }

  /** Restores what the engine lacks of a scope, immediately before the decision: nothing is evicted in between. */
  #load({ doctorIds, slotIds, sessions, isSetup = false }: Scope): void {
    const engine = this.#engine;
    const { rows } = this.#parts;
    this.#complete(doctorIds);
    // A command that gives ids away compares them with those of all doctors.
    if (isSetup) this.#complete(Array.from(engine.doctors, ({ facts }) => facts.id));
    // A slot that is not in the engine has nothing in flight: its rows are current.
    loadSlots(engine, slotIds, (id) => rows.slot(id));
    if (sessions !== undefined)
      loadSlots(engine, foreignSlots(engine, sessions, rows), (id) => rows.slot(id));
  }

  async read<T>(doctorId: DoctorId, readEngine: () => T): Promise<T> {
    this.#complete([doctorId]);
    const result = readEngine();
    await this.#commits.settled(doctorId);
    return result;
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.#commits.isSettled(doctorId);
  }

  async ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    const doctor = this.#engine.slot(id)?.doctor ?? this.#engine.sessionDoctor(id);
    const owner = doctor?.facts.id ?? this.#parts.rows.slotFacts(id)?.doctorId;
    // A change of a doctor that is not durable yet may have removed a session of this id.
    if (owner === undefined) await this.#commits.factsSettled();
    return owner;
  }

  async close(): Promise<void> {
    await this.#commits.drain();
    await this.#parts.close();
  }

  /** Restores the slots of these doctors that were past when they were evicted, and are not past now. */
  #complete(ids: readonly DoctorId[]): void {
    if (this.#horizon === null) return;
    const horizon = this.#horizon();
    for (const id of ids)
      if (!isComplete(this.#engine, id, horizon))
        completeDoctor(this.#engine, id, horizon, this.#parts.rows);
  }
}

class SoleOwnerArchive implements Archive {
  readonly #engine: AllocationEngine;
  readonly #rows: StoredRows;
  readonly #commits: GroupCommit;

  constructor({ engine, rows, commits }: SoleOwnerParts) {
    this.#engine = engine;
    this.#rows = rows;
    this.#commits = commits;
  }

  async doctors(): Promise<readonly DoctorFacts[]> {
    const seen = doctorsById(this.#engine);
    await this.#commits.factsSettled();
    return seen;
  }

  async doctor(id: DoctorId): Promise<DoctorFacts | undefined> {
    const seen = this.#engine.doctor(id)?.facts;
    await this.#commits.factsSettled(id);
    return seen;
  }

  async token(id: TokenId): Promise<StoredToken | undefined> {
    await this.#settled(id);
    return this.#rows.token(id);
  }

  async *history(id: TokenId): Pages<ChangeRecord> {
    await this.#settled(id);
    yield* this.#rows.history(id);
  }

  /**
   * Waits until everything that can be read of the token's doctor is durable. A token that is neither in memory nor
   * stored has no doctor to wait for: no caller knows its id from an answer.
   */
  async #settled(id: TokenId): Promise<void> {
    const doctorId =
      this.#engine.anyToken(id)?.slot.facts.doctorId ?? this.#rows.token(id)?.doctorId;
    if (doctorId !== undefined) await this.#commits.settled(doctorId);
  }

  slot(id: SlotId): Promise<SlotFacts | undefined> {
    return Promise.resolve(this.#rows.slotFacts(id));
  }

  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly SlotFacts[]> {
    return Promise.resolve(
      this.#rows.slots(doctorId, from, to).filter(({ id }) => !except.has(id)),
    );
  }

  async *liveTokens({ id }: SlotFacts): Pages<StoredLiveToken> {
    const slot = this.#engine.slot(id);
    if (slot === undefined) {
      yield* this.#rows.liveTokens(id);
      return;
    }
    const tokens = slot.tokens().map(storedOf).filter(isLiveToken);
    await this.#commits.settled(slot.facts.doctorId);
    for (let from = 0; from < tokens.length; from += PAGE_ITEMS)
      yield tokens.slice(from, from + PAGE_ITEMS);
  }

  slotChanges(slotId: SlotId): Pages<Change> {
    const slot = this.#engine.slot(slotId);
    const tokens = slot === undefined ? [] : [...slot.tokens(), ...slot.over()];
    return this.#rows.slotChanges(
      slotId,
      tokens.map(({ id }) => id),
    );
  }

  /** The tokens of slots in the engine come from there, and win over stored ones that are older. */
  async tokens(
    filter: TokenFilter,
    after: TokenPlace,
    limit: number,
  ): Promise<readonly FoundToken[]> {
    const current = tokensInEngine(this.#engine, filter, after, limit);
    for (const id of new Set(current.map(({ slot }) => slot.doctorId)))
      await this.#commits.settled(id);
    const stored = await this.#rows.tokens(filter, after, limit);
    if (current.length === 0) return stored;
    const all = new Map([...stored, ...current].map((each) => [each.token.id, each]));
    return [...all.values()].sort(byPlace).slice(0, limit);
  }

  tokensOfPatient(id: PatientId): Promise<readonly FoundToken[]> {
    return Promise.resolve(this.#rows.tokensOfPatient(id));
  }

  async record(filter: RecordFilter, before: number | null, limit: number): Promise<RecordPart> {
    const end = before ?? (this.#rows.lastChange()?.position ?? 0) + 1;
    const first = stepFrom(filter, end);
    const entries = await this.#rows.recordBetween(filter, [first, end], limit);
    const firstAt = this.#rows.changesFrom(first, 1)[0]?.change.at;
    return recordPartOf(entries, limit, first, { firstAt, filter });
  }

  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined> {
    return Promise.resolve(this.#rows.storedResponse(caller, key, now));
  }
}

const erasuresOf = ({ rows, clean }: SoleOwnerParts): Erasures => ({
  slotsToErase: (before, limit) => Promise.resolve(rows.slotsToErase(before, limit)),
  responsesWith: (texts) => rows.responsesWith(texts),
  requests: () => Promise.resolve(rows.erasureRequests()),
  clean,
});

/**
 * One batch after another is written, so the positions are the order of the commits. The log ends with the last change
 * that is known to be durable: the rows may be further for a moment.
 */
class SoleOwnerChangeLog implements ChangeLog {
  readonly beginning = BEGINNING;
  readonly #rows: StoredRows;
  readonly #recent: RecentChanges;

  constructor({ rows, recent }: SoleOwnerParts) {
    this.#rows = rows;
    this.#recent = recent;
  }

  async end(): Promise<string> {
    return Promise.resolve(cursorOf(this.#rows.changeUpTo(this.#recent.end)));
  }

  async since(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<ChangePage> {
    const placed = this.#changesFrom(positionOf(cursor), countFor(limit));
    return Promise.resolve(pageBehind(cursor, placed, limit, doctorIds));
  }

  async factsAt(cursor: string, { tokenIds, slotIds }: Subjects): Promise<readonly FactChange[]> {
    const position = positionOf(cursor);
    const ofTokens = this.#recent.factsAt(position, tokenIds, (end, ids) =>
      this.#rows.factChanges(end, { tokenIds: ids, slotIds: [] }),
    );
    const ofSlots =
      slotIds.length === 0 ? [] : this.#rows.factChanges(position, { tokenIds: [], slotIds });
    return Promise.resolve([...ofTokens, ...ofSlots].sort((a, b) => a.position - b.position));
  }

  before(cursor: string): Promise<string> {
    return cursorBefore(cursor, (position) => this.#rows.changeUpTo(position));
  }

  at(instant: EpochMs): Promise<string> {
    return cursorAt(instant, this.#recent.end, (position) => this.#rows.changeUpTo(position));
  }

  onCommit(listener: () => unknown): () => void {
    return this.#recent.onCommit(listener);
  }

  #changesFrom(position: number, count: number): readonly PlacedChange[] {
    return (
      this.#recent.from(position, count) ??
      this.#rows.changesFrom(position, count).filter((each) => each.position <= this.#recent.end)
    );
  }
}
