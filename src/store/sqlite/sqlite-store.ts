import type { DatabaseSync } from 'node:sqlite';
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
} from '../../engine/index.ts';
import { countersOf } from '../counters.ts';
import { GroupCommit } from '../group-commit.ts';
import { doctorsById, loadSlots } from '../restore.ts';
import type {
  ChangeRecord,
  Decision,
  Horizon,
  StoredResponse,
  Scope,
  Store,
  StoredSlot,
  StoredToken,
} from '../store.ts';
import { loadInto } from './load.ts';
import { migrate, openForReading, prepareFile, takeOwnership } from './open.ts';
import { Reader } from './reader.ts';
import { counterOperations, operationsOf } from './operations.ts';
import type { Operation } from './statements.ts';
import { WriterClient } from './writer-client.ts';

/**
 * One SQLite file with one owner. Commands are decided in memory at once; what they changed goes in groups to one
 * writer thread, and they are answered when it has synced. Reads come from memory or from a connection of their own.
 */
export class SqliteStore implements Store {
  readonly isDurable = true;
  readonly #engine: AllocationEngine;
  readonly #owner: DatabaseSync;
  readonly #reader: Reader;
  readonly #writer: WriterClient;
  readonly #commits: GroupCommit;
  /** The operations of a batch that did not fit yet. */
  #unwritten: readonly Operation[] | null = null;

  /**
   * @param file the database's path; made when it is not there
   * @throws StoreOpenError saying in one sentence why the file cannot be used
   */
  constructor(engine: AllocationEngine, file: string) {
    this.#engine = engine;
    const path = prepareFile(file);
    this.#owner = takeOwnership(path);
    try {
      migrate(path);
    } catch (error) {
      this.#owner.close();
      throw error;
    }
    this.#reader = new Reader(openForReading(path));
    this.#writer = new WriterClient(path);
    this.#commits = new GroupCommit((decisions) => this.#write(decisions));
  }

  get state(): Store['state'] {
    return this.#commits.state;
  }

  get failure(): Promise<Error> {
    return this.#commits.failure;
  }

  load(horizon: () => Horizon): Promise<void> {
    loadInto(this.#engine, this.#reader, horizon());
    return Promise.resolve();
  }

  sync(): Promise<void> {
    // Nobody else writes: all that time may have something to do with is in the engine.
    return Promise.resolve();
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    // A slot that is not in the engine has nothing in flight: what is on disk is all there is of it.
    loadSlots(this.#engine, scope.slotIds, (id) => this.#reader.slot(id));
    return this.#commits.transact(scope.doctorIds, decide);
  }

  async read<T>(doctorId: DoctorId, look: () => T): Promise<T> {
    const seen = look();
    await this.#commits.settled(doctorId);
    return seen;
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.#commits.isSettled(doctorId);
  }

  ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    const doctor = this.#engine.slot(id)?.doctor ?? this.#engine.sessionDoctor(id);
    return Promise.resolve(doctor?.facts.id ?? this.#reader.slot(id)?.facts.doctorId);
  }

  async doctors(): Promise<readonly DoctorFacts[]> {
    const seen = doctorsById(this.#engine);
    await this.#commits.settled();
    return seen;
  }

  async token(id: TokenId): Promise<StoredToken | undefined> {
    await this.#commits.settled();
    return this.#reader.token(id);
  }

  async history(id: TokenId): Promise<readonly ChangeRecord[]> {
    await this.#commits.settled();
    return this.#reader.history(id);
  }

  slot(id: SlotId): Promise<StoredSlot | undefined> {
    return Promise.resolve(this.#reader.slot(id));
  }

  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly StoredSlot[]> {
    const isWanted = ({ id }: SlotFacts): boolean => !except.has(id);
    return Promise.resolve(this.#reader.slots(doctorId, from, to, isWanted));
  }

  slotChanges(slotId: SlotId): Promise<readonly Change[]> {
    return Promise.resolve(this.#reader.slotChanges(slotId));
  }

  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined> {
    return Promise.resolve(this.#reader.storedResponse(caller, key, now));
  }

  async close(): Promise<void> {
    await this.#commits.drain();
    this.#reader.close();
    await this.#writer.close();
    this.#owner.close();
  }

  async #write(decisions: readonly Decision<unknown>[]): Promise<void> {
    // Everything decided so far is in this batch or an earlier one: the engine is as this batch leaves it.
    this.#unwritten ??= [
      ...decisions.flatMap(operationsOf),
      ...countersOf(this.#engine, decisions).flatMap(counterOperations),
    ];
    await this.#writer.write(this.#unwritten);
    this.#unwritten = null;
  }
}
