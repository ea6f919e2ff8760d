import type {
  AllocationEngine,
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  SlotFacts,
  SlotId,
  TokenId,
} from '../engine/index.ts';
import type {
  Archive,
  ChangeRecord,
  Pages,
  StoredLiveToken,
  StoredResponse,
  StoredSlot,
  StoredToken,
} from './archive.ts';
import type { ChangeLog, ChangePage } from './change-log.ts';
import type { CommitHints } from './commit-hints.ts';
import {
  BEGINNING,
  countFor,
  cursorOf,
  pageBehind,
  positionOf,
  type PlacedChange,
} from './cursor.ts';
import type { Database } from './database.ts';
import type { GroupCommit } from './group-commit.ts';
import { doctorsById, loadSlots } from './restore.ts';
import type { Decision, Horizon, Scope, Store } from './store.ts';

/** The stored rows of a sole owner, all of them durable. What is not read in pages is read at once, without waiting. */
export interface StoredRows {
  token(id: TokenId): StoredToken | undefined;
  history(id: TokenId): Pages<ChangeRecord>;
  slot(id: SlotId): StoredSlot | undefined;
  slotFacts(id: SlotId): SlotFacts | undefined;
  slots(doctorId: DoctorId, from: LocalDate, to: LocalDate): readonly SlotFacts[];
  liveTokens(id: SlotId): Pages<StoredLiveToken>;
  slotChanges(id: SlotId): Pages<Change>;
  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined;
  /** At most `count` changes from this position on, the position included, in the order of their positions. */
  changesFrom(position: number, count: number): readonly PlacedChange[];
  lastChange(): PlacedChange | undefined;
}

/** The parts of the database of a sole owner. */
export interface SoleOwnerParts {
  readonly isDurable: boolean;
  readonly engine: AllocationEngine;
  readonly rows: StoredRows;
  readonly commits: GroupCommit;
  readonly hints: CommitHints;
  readonly load: (horizon: Horizon) => void;
  /** Called once, after all batches have been written. */
  readonly close: () => Promise<void>;
}

/**
 * A database that no other process writes to. Commands are decided in memory at once and become durable in batches. The
 * engine is always current, because no other process changes the rows.
 */
export const soleOwnerDatabase = (parts: SoleOwnerParts): Database => ({
  store: new SoleOwnerStore(parts),
  archive: new SoleOwnerArchive(parts),
  changeLog: new SoleOwnerChangeLog(parts),
});

class SoleOwnerStore implements Store {
  readonly isDurable: boolean;
  readonly #parts: SoleOwnerParts;
  readonly #engine: AllocationEngine;
  readonly #commits: GroupCommit;

  constructor(parts: SoleOwnerParts) {
    this.isDurable = parts.isDurable;
    this.#parts = parts;
    this.#engine = parts.engine;
    this.#commits = parts.commits;
  }

  get state(): Store['state'] {
    return this.#commits.state;
  }

  get failure(): Promise<Error> {
    return this.#commits.failure;
  }

  load(horizon: () => Horizon): Promise<void> {
    this.#parts.load(horizon());
    return Promise.resolve();
  }

  sync(): Promise<void> {
    // No other process writes: everything that a clock tick must act on is in the engine.
    return Promise.resolve();
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    // A slot that is not in the engine has nothing in flight: its rows are current.
    loadSlots(this.#engine, scope.slotIds, (id) => this.#parts.rows.slot(id));
    return this.#commits.transact(scope.doctorIds, decide);
  }

  async read<T>(doctorId: DoctorId, readEngine: () => T): Promise<T> {
    const result = readEngine();
    await this.#commits.settled(doctorId);
    return result;
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.#commits.isSettled(doctorId);
  }

  ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    const doctor = this.#engine.slot(id)?.doctor ?? this.#engine.sessionDoctor(id);
    return Promise.resolve(doctor?.facts.id ?? this.#parts.rows.slotFacts(id)?.doctorId);
  }

  async close(): Promise<void> {
    await this.#commits.drain();
    await this.#parts.close();
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
    await this.#commits.settled();
    return seen;
  }

  async token(id: TokenId): Promise<StoredToken | undefined> {
    await this.#commits.settled();
    return this.#rows.token(id);
  }

  async *history(id: TokenId): Pages<ChangeRecord> {
    await this.#commits.settled();
    yield* this.#rows.history(id);
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

  liveTokens({ id }: SlotFacts): Pages<StoredLiveToken> {
    return this.#rows.liveTokens(id);
  }

  slotChanges(slotId: SlotId): Pages<Change> {
    return this.#rows.slotChanges(slotId);
  }

  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined> {
    return Promise.resolve(this.#rows.storedResponse(caller, key, now));
  }
}

/** One batch after another is written, so the positions are the order of the commits. */
class SoleOwnerChangeLog implements ChangeLog {
  readonly beginning = BEGINNING;
  readonly #rows: StoredRows;
  readonly #hints: CommitHints;

  constructor({ rows, hints }: SoleOwnerParts) {
    this.#rows = rows;
    this.#hints = hints;
  }

  async end(): Promise<string> {
    return Promise.resolve(cursorOf(this.#rows.lastChange()));
  }

  async since(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<ChangePage> {
    const placed = this.#rows.changesFrom(positionOf(cursor), countFor(limit));
    return Promise.resolve(pageBehind(cursor, placed, limit, doctorIds));
  }

  onCommit(listener: () => unknown): () => void {
    return this.#hints.subscribe(listener);
  }
}
