import {
  type Change,
  type DoctorId,
  type DoctorSnapshot,
  type EpochMs,
  type LocalDate,
  type PatientId,
  type SlotFacts,
  type SlotId,
  type TokenId,
  isEntry,
  isTokenChange,
  startsBefore,
  type TokenChange,
} from '../../engine/index.ts';
import type { KeyWrite, StoredKey, StoredSecret } from '../access-keys.ts';
import type { AdminChange, AdminChangeFilter } from '../admin-changes.ts';
import {
  PAGE_ITEMS,
  isBehind,
  placeOf,
  responsesExpiredAt,
  responsesNotAfter,
  type ChangeRecord,
  type Pages,
  type RecordEntry,
  type RecordFilter,
  type StoredLiveToken,
  type FoundToken,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from '../archive.ts';
import { isTokenFact, type Subjects } from '../change-log.ts';
import type { PlacedChange } from '../cursor.ts';
import { changeRowOf, erasedChange, reasonOf, recordEntryOf, recordOf } from '../change-rows.ts';
import { ERASED_NAME, type Erasure, type ErasureRequest, type SlotOfDoctor } from '../erasure.ts';
import { foldToken } from '../fold.ts';
import { isLiveToken } from '../rows.ts';
import type { StoredRows } from '../sole-owner.ts';
import type { Decision, Origin, SessionOfDoctor } from '../store.ts';
import {
  adminChangeOf,
  type DeliveryFilter,
  type StoredDelivery,
  type StoredLag,
  type StoredWebhook,
} from '../webhook-store.ts';
import { MemoryWebhooks } from './memory-webhooks.ts';

/** What the tables of a database hold, in memory: nothing of it is there after a restart. */
export class MemoryTables implements StoredRows {
  readonly #slots = new Map<SlotId, SlotFacts>();
  /** The number printed last on each doctor's day. */
  readonly #lastNumbers = new Map<DoctorId, Map<LocalDate, number>>();
  readonly #timeZones = new Map<DoctorId, string>();
  readonly #tokensOf = new Map<SlotId, Set<TokenId>>();
  readonly #tokens = new Map<TokenId, StoredToken>();
  readonly #history = new Map<TokenId, ChangeRecord[]>();
  readonly #changesOf = new Map<SlotId, Change[]>();
  /** The change at position 1 first. */
  readonly #changes: PlacedChange[] = [];
  readonly #responses = new Map<string, StoredResponse>();
  readonly #keys = new Map<string, StoredKey>();
  readonly #secrets = new Map<string, StoredSecret>();
  readonly #adminChanges: AdminChange[] = [];
  readonly #webhooks = new MemoryWebhooks();

  /** Writes a batch of commands. */
  write(decisions: readonly Decision<unknown>[]): void {
    for (const { changes, origin, response, keys = [], webhooks = [], erasure } of decisions) {
      for (const change of changes) this.#write(change, origin);
      if (response !== null) this.#responses.set(keyOf(response), response);
      for (const write of keys) this.#writeKey(write);
      for (const write of webhooks) {
        this.#webhooks.write(write);
        const recorded = adminChangeOf(write);
        if (recorded !== undefined) this.#adminChanges.push(recorded);
      }
      if (erasure !== undefined) this.#erase(erasure);
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
    const tokens = [...(this.#tokensOf.get(id) ?? [])].flatMap((tokenId) => {
      return this.#tokens.get(tokenId) ?? [];
    });
    const lastNumber = this.#lastNumbers.get(facts.doctorId)?.get(facts.date) ?? 0;
    return { facts, tokens, lastNumber };
  }

  lastNumbers(doctorId: DoctorId, from: LocalDate): DoctorSnapshot['lastNumbers'] {
    return [...(this.#lastNumbers.get(doctorId) ?? [])].filter(([date]) => date >= from);
  }

  foreignSlot({ id, doctorId }: SessionOfDoctor): SlotId | undefined {
    return [...this.#slots.values()].find(
      (slot) =>
        slot.id.startsWith(`${id}@`) && (slot.sessionId !== id || slot.doctorId !== doctorId),
    )?.id;
  }

  slots(doctorId: DoctorId, from: LocalDate, to: LocalDate): readonly SlotFacts[] {
    return [...this.#slots.values()]
      .filter((slot) => slot.doctorId === doctorId && slot.date >= from && slot.date <= to)
      .sort((a, b) => (startsBefore(a, b) ? -1 : 1));
  }

  liveTokens(id: SlotId): Pages<StoredLiveToken> {
    return pagesOf(this.#liveTokensOf(id));
  }

  slotChanges(slotId: SlotId): Pages<Change> {
    return pagesOf(this.#changesOf.get(slotId) ?? []);
  }

  tokens(filter: TokenFilter, after: TokenPlace, limit: number): Promise<readonly FoundToken[]> {
    const found = this.#found(({ token, slot }) => {
      const isWanted =
        (filter.doctorId === null || filter.doctorId === slot.doctorId) &&
        (filter.number === null || filter.number === token.number) &&
        filter.statuses.includes(token.status);
      return isWanted && slot.date >= filter.from && slot.date <= filter.to;
    })
      .filter((found) => isBehind(placeOf(found), after))
      .sort((a, b) => (isBehind(placeOf(a), placeOf(b)) ? 1 : -1))
      .slice(0, limit);
    return Promise.resolve(found);
  }

  tokensOfPatient(id: PatientId): readonly FoundToken[] {
    return this.#found(({ token }) => token.patientId === id);
  }

  #found(isWanted: (found: FoundToken) => boolean): FoundToken[] {
    return [...this.#tokens.values()]
      .flatMap((token) => {
        const slot = this.#slots.get(token.slotId);
        return slot === undefined ? [] : [{ token, slot }];
      })
      .filter(isWanted);
  }

  storedResponse(caller: string, key: string, now: EpochMs): StoredResponse | undefined {
    this.#deleteExpiredResponses(now);
    return this.#responses.get(keyOf({ caller, key }));
  }

  recordBetween(
    filter: RecordFilter,
    [first, before]: readonly [number, number],
    limit: number,
  ): Promise<readonly RecordEntry[]> {
    const { doctorId, tokenId, actor, kind, from, to } = filter;
    const entries = this.#changes
      .slice(Math.max(first - 1, 0), before - 1)
      .map(({ position, change, ...origin }) =>
        recordEntryOf({ ...changeRowOf(change, origin), position }),
      )
      .filter((entry) => {
        const isOfToken = tokenId === null || entry.tokenId === tokenId;
        const isOfDoctor = doctorId === null || entry.doctorId === doctorId;
        return isOfToken && isOfDoctor && fits(entry, { actor, kind, from, to });
      });
    return Promise.resolve(entries.reverse().slice(0, limit));
  }

  accessKeys(): readonly StoredKey[] {
    return [...this.#keys.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  secrets(): readonly StoredSecret[] {
    return [...this.#secrets.values()];
  }

  adminChanges(filter: AdminChangeFilter, before: string | null, limit: number): AdminChange[] {
    return this.#adminChanges
      .filter((change) => (before === null || change.id < before) && fits(change, filter))
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }

  webhooks(): readonly StoredWebhook[] {
    return this.#webhooks.webhooks();
  }

  lags(webhookId: string): readonly StoredLag[] {
    return this.#webhooks.lags(webhookId);
  }

  deliveries(webhookId: string, filter: DeliveryFilter): readonly StoredDelivery[] {
    return this.#webhooks.deliveries(webhookId, filter);
  }

  changesFrom(position: number, count: number): readonly PlacedChange[] {
    const index = Math.max(position - 1, 0);
    return this.#changes.slice(index, index + count);
  }

  lastChange(): PlacedChange | undefined {
    return this.#changes.at(-1);
  }

  changeUpTo(position: number): PlacedChange | undefined {
    return this.#changes.slice(0, position).at(-1);
  }

  factChanges(position: number, { tokenIds, slotIds }: Subjects): readonly PlacedChange[] {
    const tokens = new Set<string>(tokenIds);
    const slots = new Set<string>(slotIds);
    return this.#changes.slice(0, position).filter(({ change }) => {
      if (change.kind === 'slot_set') return slots.has(change.slot.id);
      return isTokenFact(change) && tokens.has(change.tokenId);
    });
  }

  slotsToErase(before: ReadonlyMap<string, LocalDate>, limit: number): readonly SlotOfDoctor[] {
    return [...this.#slots.values()]
      .filter(({ id, doctorId, date }) => {
        const limitDate = before.get(this.#timeZones.get(doctorId) ?? '');
        return limitDate !== undefined && date < limitDate && this.#hasNames(id);
      })
      .slice(0, limit)
      .map(({ id, doctorId }) => ({ doctorId, slotId: id }));
  }

  responsesWith(texts: readonly string[]): Promise<readonly StoredResponse[]> {
    const responses = [...this.#responses.values()];
    return Promise.resolve(
      responses.filter(({ answer }) => texts.some((text) => answer.includes(text))),
    );
  }

  /** No other program reaches this memory. */
  erasureRequests(): ReadonlyMap<number, ErasureRequest> {
    return new Map();
  }

  #hasNames(id: SlotId): boolean {
    const tokens = [...(this.#tokensOf.get(id) ?? [])];
    return tokens.some((tokenId) => {
      const token = this.#tokens.get(tokenId);
      return token !== undefined && token.patientName !== ERASED_NAME;
    });
  }

  #erase({ tokenIds, patientId, responses = [], responsesUpTo = 0 }: Erasure): void {
    const erased = new Set(tokenIds);
    const without = (change: Change): Change =>
      isTokenChange(change) &&
      erased.has(change.tokenId) &&
      (patientId === undefined || ('patientId' in change && change.patientId === patientId))
        ? erasedChange(change)
        : change;
    for (const [index, placed] of this.#changes.entries())
      this.#changes[index] = { ...placed, change: without(placed.change) };
    for (const [id, changes] of this.#changesOf) this.#changesOf.set(id, changes.map(without));
    for (const response of responses) this.#responses.set(keyOf(response), response);
    for (const [id, { at }] of this.#responses) if (at <= responsesUpTo) this.#responses.delete(id);
  }

  #liveTokensOf(id: SlotId): StoredLiveToken[] {
    const tokens = [...(this.#tokensOf.get(id) ?? [])];
    return tokens.flatMap((tokenId) => this.#tokens.get(tokenId) ?? []).filter(isLiveToken);
  }

  #writeKey(write: KeyWrite): void {
    if ('set' in write) {
      this.#keys.set(write.set.name, write.set);
      this.#adminChanges.push(write.change);
      return;
    }
    if ('secret' in write) {
      const { secret } = write;
      this.#secrets.set(secret.name, this.#secrets.get(secret.name) ?? secret);
      return;
    }
    const { id, at } = write.used;
    const key = [...this.#keys.values()].find((each) => each.id === id);
    if (key !== undefined) this.#keys.set(key.name, { ...key, lastUsedAt: at });
  }

  #write(change: Change, origin: Origin): void {
    const { actor } = origin;
    const reason = reasonOf(change, origin);
    this.#changes.push({ position: this.#changes.length + 1, change, actor, reason });
    if (change.kind === 'doctor_set') this.#timeZones.set(change.doctorId, change.doctor.timeZone);
    if (change.kind === 'slot_set') {
      this.#slots.set(change.slot.id, change.slot);
      add(this.#changesOf, change.slot.id, change);
      return;
    }
    if (!isTokenChange(change)) return;
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
    const days = this.#lastNumbers.get(slot.doctorId) ?? new Map<LocalDate, number>();
    const last = days.get(slot.date) ?? 0;
    this.#lastNumbers.set(slot.doctorId, days.set(slot.date, Math.max(last, change.number)));
  }

  /** Responses are stored in the order in which they came: the oldest are first. */
  #deleteExpiredResponses(now: EpochMs): void {
    for (const [id, response] of this.#responses) {
      if (response.at > responsesNotAfter(now)) this.#responses.set(id, { ...response, at: now });
      else if (response.at > responsesExpiredAt(now)) return;
      else this.#responses.delete(id);
    }
  }
}

/** Whether an entry of a record is of this actor, kind and time. */
function fits(
  entry: { readonly actor: string; readonly kind: string; readonly at: EpochMs },
  { actor, kind, from, to }: AdminChangeFilter,
): boolean {
  const isOfActor = actor === null || entry.actor === actor || entry.actor.startsWith(`${actor}/`);
  const isInTime = (from === null || entry.at >= from) && (to === null || entry.at <= to);
  return isOfActor && isInTime && kind === (kind && entry.kind);
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

const keyOf = ({ caller, key }: { caller: string; key: string }): string => `${caller}\n${key}`;
