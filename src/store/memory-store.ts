import {
  isLive,
  type AllocationEngine,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type SlotId,
  type TokenId,
  isEntry,
  type TokenChange,
} from '../engine/index.ts';
import { foldToken, recordOf } from './fold.ts';
import { GroupCommit } from './group-commit.ts';
import { doctorsById, loadSlots } from './restore.ts';
import {
  responsesExpiredAt,
  type ChangeRecord,
  type Decision,
  type StoredResponse,
  type Scope,
  type Store,
  type StoredSlot,
  type StoredToken,
} from './store.ts';

/** Everything in memory, nothing after a restart: for trying things out and as a measure for the durable stores. */
export class MemoryStore implements Store {
  readonly isDurable = false;
  readonly #engine: AllocationEngine;
  // There is nothing to write; what remains is that answers are released together.
  readonly #commits = new GroupCommit((decisions) => this.#keep(decisions));
  readonly #slots = new Map<SlotId, SlotFacts>();
  /** The number printed last on each doctor's day. */
  readonly #lastNumbers = new Map<string, number>();
  readonly #tokensOf = new Map<SlotId, Set<TokenId>>();
  readonly #tokens = new Map<TokenId, StoredToken>();
  readonly #history = new Map<TokenId, ChangeRecord[]>();
  readonly #changesOf = new Map<SlotId, Change[]>();
  readonly #kept = new Map<string, StoredResponse>();

  constructor(engine: AllocationEngine) {
    this.#engine = engine;
  }

  get state(): Store['state'] {
    return this.#commits.state;
  }

  get failure(): Promise<Error> {
    return this.#commits.failure;
  }

  load(): Promise<void> {
    return Promise.resolve();
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T> {
    loadSlots(this.#engine, scope.slotIds, (id) => this.#slot(id));
    return this.#commits.transact(scope.doctorIds, decide);
  }

  async read<T>(doctorId: DoctorId, look: () => T): Promise<T> {
    const seen = look();
    await this.settled(doctorId);
    return seen;
  }

  isSettled(doctorId: DoctorId): boolean {
    return this.#commits.isSettled(doctorId);
  }

  /** Resolves when all that could be seen of this doctor (of any doctor) is as durable as it gets here. */
  protected settled(doctorId?: DoctorId): Promise<void> | undefined {
    return this.#commits.settled(doctorId);
  }

  ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    const doctor = this.#engine.slot(id)?.doctor ?? this.#engine.sessionDoctor(id);
    return Promise.resolve(doctor?.facts.id ?? this.#slots.get(id)?.doctorId);
  }

  async doctors(): Promise<readonly DoctorFacts[]> {
    const seen = doctorsById(this.#engine);
    await this.settled();
    return seen;
  }

  async token(id: TokenId): Promise<StoredToken | undefined> {
    await this.settled();
    return this.#tokens.get(id);
  }

  async history(id: TokenId): Promise<readonly ChangeRecord[]> {
    await this.settled();
    return [...(this.#history.get(id) ?? [])];
  }

  slot(id: SlotId): Promise<StoredSlot | undefined> {
    return Promise.resolve(this.#slot(id));
  }

  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly StoredSlot[]> {
    const found = [...this.#slots.values()]
      .filter((slot) => slot.doctorId === doctorId && slot.date >= from && slot.date <= to)
      .filter(({ id }) => !except.has(id))
      .sort((a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1));
    return Promise.resolve(found.flatMap(({ id }) => this.#slot(id) ?? []));
  }

  slotChanges(slotId: SlotId): Promise<readonly Change[]> {
    return Promise.resolve([...(this.#changesOf.get(slotId) ?? [])]);
  }

  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined> {
    this.#forgetKept(responsesExpiredAt(now));
    return Promise.resolve(this.#kept.get(keyOf({ caller, key })));
  }

  close(): Promise<void> {
    return this.#commits.drain();
  }

  #slot(id: SlotId): StoredSlot | undefined {
    const facts = this.#slots.get(id);
    if (facts === undefined) return undefined;
    const tokens = [...(this.#tokensOf.get(id) ?? [])].flatMap((tokenId) => {
      const token = this.#tokens.get(tokenId);
      return token !== undefined && isLive(token.status)
        ? [{ ...token, status: token.status }]
        : [];
    });
    return { facts, tokens, lastNumber: this.#lastNumbers.get(dayOf(facts)) ?? 0 };
  }

  #keep(decisions: readonly Decision<unknown>[]): Promise<void> {
    for (const { changes, origin, response: kept } of decisions) {
      for (const change of changes) this.#write(change, origin);
      if (kept !== null) this.#kept.set(keyOf(kept), kept);
    }
    return Promise.resolve();
  }

  #write(change: Change, origin: Decision<unknown>['origin']): void {
    if (change.kind === 'doctor_set') return;
    if (change.kind === 'slot_set') {
      this.#slots.set(change.slot.id, change.slot);
      add(this.#changesOf, change.slot.id, change);
      return;
    }
    add(this.#changesOf, change.slotId, change);
    add(this.#history, change.tokenId, recordOf(change, origin));
    this.#place(change);
  }

  /** Puts the token where the change leaves it. */
  #place(change: TokenChange): void {
    const { tokenId, slotId } = change;
    const token = foldToken(this.#tokens.get(tokenId), change);
    if (token === undefined) {
      this.#tokens.delete(tokenId);
      this.#tokensOf.get(slotId)?.delete(tokenId);
      return;
    }
    this.#tokens.set(tokenId, token);
    if (!isEntry(change)) return;
    const tokens = this.#tokensOf.get(slotId) ?? new Set();
    this.#tokensOf.set(slotId, tokens.add(tokenId));
    const slot = this.#slots.get(slotId);
    if (slot === undefined) return;
    const last = this.#lastNumbers.get(dayOf(slot)) ?? 0;
    this.#lastNumbers.set(dayOf(slot), Math.max(last, change.number));
  }

  /** Answers are kept in the order in which they came: the old ones stand first. */
  #forgetKept(before: number): void {
    for (const [id, { at }] of this.#kept) {
      if (at > before) return;
      this.#kept.delete(id);
    }
  }
}

function add<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key) ?? [];
  list.push(item);
  lists.set(key, list);
}

const dayOf = ({ doctorId, date }: SlotFacts): string => `${doctorId}\n${date}`;

const keyOf = ({ caller, key }: { caller: string; key: string }): string => `${caller}\n${key}`;
