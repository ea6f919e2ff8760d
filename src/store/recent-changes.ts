import type { TokenId } from '../engine/index.ts';
import { isTokenFact } from './change-log.ts';
import { reasonOf } from './change-rows.ts';
import { CommitHints } from './commit-hints.ts';
import type { PlacedChange } from './cursor.ts';
import type { Decision } from './store.ts';

/** Changes in memory at most, and tokens at most whose facts are in memory: about 10 MiB in all. */
export const RECENT_MAX = 32_768;

/** Reads the changes up to a position that set facts of these tokens, in the order of the record. */
export type ReadFacts = (position: number, tokenIds: readonly TokenId[]) => readonly PlacedChange[];

/**
 * The latest changes of a database with one owner, in memory: a reader of the newest changes would otherwise read each of
 * them back from the rows. They are exactly what the rows have. A change is added when it is durable, and an erasure
 * removes all of them. While nobody listens to commits, no change is in memory.
 *
 * The positions of the record count up by one from change to change, in the order in which a batch has the changes.
 */
export class RecentChanges {
  readonly #hints = new CommitHints();
  readonly #max: number;
  #end: number;
  /** Changes in a row; the last of them is at the end of the record. */
  #changes: PlacedChange[] = [];
  /** By token all changes up to the end of the record that set facts of it. The token used last is the last one. */
  readonly #facts = new Map<TokenId, PlacedChange[]>();

  /**
   * @param end the position of the last change of the record; 0 when there is none
   * @param max see `RECENT_MAX`; tests make it small
   */
  constructor(end: number, max = RECENT_MAX) {
    this.#end = end;
    this.#max = max;
  }

  /** The position of the last change that is known to be durable; 0 when there is none. */
  get end(): number {
    return this.#end;
  }

  /** See `ChangeLog.onCommit`. */
  onCommit(listener: () => unknown): () => void {
    return this.#hints.subscribe(listener);
  }

  /** Takes over a batch that is durable now, and calls the listeners. */
  committed(decisions: readonly Decision<unknown>[]): void {
    for (const decision of decisions) this.#add(decision);
    if (!this.#hints.isHeard) this.#clear();
    this.#trim();
    this.#hints.publish();
  }

  /**
   * At most `count` changes from this position on, the position included.
   * @returns undefined when the change at the position is not in memory
   */
  from(position: number, count: number): readonly PlacedChange[] | undefined {
    const index = this.#changes.length - 1 - (this.#end - position);
    if (this.#changes[index] === undefined) return undefined;
    return this.#changes.slice(index, index + count);
  }

  /**
   * The changes up to a position that set facts of these tokens; those of one token are in the order of the record.
   * @param read reads what is not in memory
   */
  factsAt(position: number, tokenIds: readonly TokenId[], read: ReadFacts): PlacedChange[] {
    if (!this.#hints.isHeard) return [...read(position, tokenIds)];
    const unknown = tokenIds.filter((id) => !this.#facts.has(id));
    // The rows may be further than the changes that are known to be durable.
    const stored = unknown.length === 0 ? [] : read(this.#end, unknown);
    for (const id of unknown) this.#facts.set(id, []);
    for (const fact of stored) this.#learn(fact);
    const facts = tokenIds.flatMap((id) => this.#use(id));
    this.#trim();
    return facts.filter((fact) => fact.position <= position);
  }

  #add({ changes, origin, erasure }: Decision<unknown>): void {
    for (const change of changes) {
      this.#end += 1;
      if (!this.#hints.isHeard) continue;
      const reason = reasonOf(change, origin);
      const placed = { position: this.#end, change, actor: origin.actor, reason };
      this.#changes.push(placed);
      if (change.kind === 'booked') this.#facts.set(change.tokenId, [placed]);
      else this.#learn(placed);
    }
    // What it erases may be of any of the changes, of its own ones too.
    if (erasure !== undefined) this.#clear();
  }

  /** Notes the next fact of a token, if the earlier ones are in memory. */
  #learn(placed: PlacedChange): void {
    if (isTokenFact(placed.change)) this.#facts.get(placed.change.tokenId)?.push(placed);
  }

  #use(id: TokenId): readonly PlacedChange[] {
    const facts = this.#facts.get(id) ?? [];
    this.#facts.delete(id);
    this.#facts.set(id, facts);
    return facts;
  }

  /** Removes the older half of what is too much: to remove one by one from the begin of a list takes longer. */
  #trim(): void {
    const kept = Math.ceil(this.#max / 2);
    if (this.#changes.length > this.#max) this.#changes = this.#changes.slice(-kept);
    if (this.#facts.size <= this.#max) return;
    for (const id of this.#facts.keys()) {
      this.#facts.delete(id);
      if (this.#facts.size === kept) return;
    }
  }

  #clear(): void {
    this.#changes = [];
    this.#facts.clear();
  }
}
