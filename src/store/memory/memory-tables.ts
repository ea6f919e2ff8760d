import {
  type Change,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type SlotId,
  type TokenId,
  isEntry,
  type TokenChange,
} from '../../engine/index.ts';
import {
  PAGE_ITEMS,
  responsesExpiredAt,
  type ChangeRecord,
  type Pages,
  type StoredLiveToken,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
} from '../archive.ts';
import type { PlacedChange } from '../cursor.ts';
import { reasonOf, recordOf } from '../change-rows.ts';
import { foldToken } from '../fold.ts';
import { isLiveToken } from '../rows.ts';
import type { StoredRows } from '../sole-owner.ts';
import type { Decision, Origin } from '../store.ts';

/** What the tables of a database hold, in memory: nothing of it is there after a restart. */
export class MemoryTables implements StoredRows {
  readonly #slots = new Map<SlotId, SlotFacts>();
  /** The number printed last on each doctor's day. */
  readonly #lastNumbers = new Map<string, number>();
  readonly #tokensOf = new Map<SlotId, Set<TokenId>>();
  readonly #tokens = new Map<TokenId, StoredToken>();
  readonly #history = new Map<TokenId, ChangeRecord[]>();
  readonly #changesOf = new Map<SlotId, Change[]>();
  /** The change at position 1 first. */
  readonly #changes: PlacedChange[] = [];
  readonly #responses = new Map<string, StoredResponse>();

  /** Writes a batch of commands. */
  write(decisions: readonly Decision<unknown>[]): void {
    for (const { changes, origin, response } of decisions) {
      for (const change of changes) this.#write(change, origin);
      if (response !== null) this.#responses.set(keyOf(response), response);
    }
  }

  token(id: TokenId): StoredToken | undefined {
    return this.#tokens.get(id);
  }

  history(id: TokenId): Pages<ChangeRecord> {
    return pagesOf(this.#history.get(id) ?? []);
  }

  slotFacts(id: SlotId): SlotFacts | undefined {
    return this.#slots.get(id);
  }

  slot(id: SlotId): StoredSlot | undefined {
    const facts = this.#slots.get(id);
    if (facts === undefined) return undefined;
    const lastNumber = this.#lastNumbers.get(dayOf(facts)) ?? 0;
    return { facts, tokens: this.#liveTokensOf(id), lastNumber };
  }

  slots(doctorId: DoctorId, from: LocalDate, to: LocalDate): readonly SlotFacts[] {
    return [...this.#slots.values()]
      .filter((slot) => slot.doctorId === doctorId && slot.date >= from && slot.date <= to)
      .sort((a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1));
  }

  liveTokens(id: SlotId): Pages<StoredLiveToken> {
    return pagesOf(this.#liveTokensOf(id));
  }

  slotChanges(slotId: SlotId): Pages<Change> {
    return pagesOf(this.#changesOf.get(slotId) ?? []);
  }

  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined {
    this.#deleteExpiredResponses(responsesExpiredAt(now));
    return this.#responses.get(keyOf({ caller, key }));
  }

  changesFrom(position: number, count: number): readonly PlacedChange[] {
    const index = Math.max(position - 1, 0);
    return this.#changes.slice(index, index + count);
  }

  lastChange(): PlacedChange | undefined {
    return this.#changes.at(-1);
  }

  #liveTokensOf(id: SlotId): StoredLiveToken[] {
    const tokens = [...(this.#tokensOf.get(id) ?? [])];
    return tokens.flatMap((tokenId) => this.#tokens.get(tokenId) ?? []).filter(isLiveToken);
  }

  #write(change: Change, origin: Origin): void {
    const { actor } = origin;
    const reason = reasonOf(change, origin);
    this.#changes.push({ position: this.#changes.length + 1, change, actor, reason });
    if (change.kind === 'doctor_set') return;
    if (change.kind === 'slot_set') {
      this.#slots.set(change.slot.id, change.slot);
      add(this.#changesOf, change.slot.id, change);
      return;
    }
    add(this.#changesOf, change.slotId, change);
    add(this.#history, change.tokenId, recordOf(change, origin));
    this.#writeToken(change);
  }

  /** Stores the token as the change leaves it. */
  #writeToken(change: TokenChange): void {
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

  /** Responses are stored in the order in which they came: the oldest are first. */
  #deleteExpiredResponses(expiredAt: number): void {
    for (const [id, { at }] of this.#responses) {
      if (at > expiredAt) return;
      this.#responses.delete(id);
    }
  }
}

/** The pages of a list as it is when the first of them is read. */
async function* pagesOf<Item>(items: readonly Item[]): Pages<Item> {
  const snapshot = [...items];
  for (let from = 0; from < snapshot.length; from += PAGE_ITEMS)
    yield await Promise.resolve(snapshot.slice(from, from + PAGE_ITEMS));
}

function add<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key) ?? [];
  list.push(item);
  lists.set(key, list);
}

const dayOf = ({ doctorId, date }: SlotFacts): string => `${doctorId}\n${date}`;

const keyOf = ({ caller, key }: { caller: string; key: string }): string => `${caller}\n${key}`;
