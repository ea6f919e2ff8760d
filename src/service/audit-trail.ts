import type {
  Archive,
  KeyChange,
  KeyStore,
  RecordEntry,
  RecordFilter,
  RecordPart,
} from '../store/index.ts';
import type { Query } from './caller.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Result } from './refusal.ts';

/** Steps of one read. A page may have fewer entries than its limit, and the next page goes on behind them. */
const STEPS_MAX = 10;

/** A place in the record. What is before it has not been given yet. */
export interface AuditPlace {
  /** The position in the record of changes; null for its end. */
  readonly position: number | null;
  /** The id of a change of a key; null for the latest. */
  readonly keyChange: string | null;
}

/** The place before which there is no change of the clinic. */
const NO_POSITION = 1;

export interface AuditQuery extends Query {
  readonly filter: RecordFilter;
  /** The place before which the page begins. */
  readonly before: AuditPlace;
  /** How many entries at most, 1 or more. */
  readonly limit: number;
}

/** A change of the clinic, or of an access key. */
export type AuditEntry = RecordEntry | KeyChange;

export const isKeyChange = (entry: AuditEntry): entry is KeyChange => !('position' in entry);

/** A page of the record, the latest change first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where the next page begins; null when there are no more entries. */
  readonly before: AuditPlace | null;
}

interface AuditTrailDeps {
  readonly archive: Archive;
  readonly keys: KeyStore;
  readonly lifecycle: Lifecycle;
}

/** Who did what, when and why: the record of all changes, from the latest back. */
export class AuditTrail {
  readonly #archive: Archive;
  readonly #keys: KeyStore;
  readonly #lifecycle: Lifecycle;

  constructor({ archive, keys, lifecycle }: AuditTrailDeps) {
    this.#archive = archive;
    this.#keys = keys;
    this.#lifecycle = lifecycle;
  }

  /** Reads a page. Each step of it is bounded, so that other requests need not wait for a search of years. */
  page(query: AuditQuery): Promise<Result<AuditPage>> {
    return this.#lifecycle.read<AuditPage>(async () => {
      const changes = await this.#changes(query);
      const value = pageOf(query, changes, await this.#keyChanges(query));
      return { ok: true, value };
    });
  }

  /** The changes of the clinic that may be on the page. */
  async #changes({ filter, before: start, limit, ended }: AuditQuery): Promise<RecordPart> {
    const entries: RecordEntry[] = [];
    let before = start.position;
    if (before === NO_POSITION || isOfKeys(filter)) return { entries, before: null };
    for (let step = 0; step < STEPS_MAX; step += 1) {
      ended().throwIfAborted();
      const part = await this.#archive.record(filter, before, limit - entries.length);
      entries.push(...part.entries);
      before = part.before;
      if (before === null || entries.length === limit) break;
    }
    return { entries, before };
  }

  /** The changes of keys that may be on the page, and one more, which tells that there are more. */
  async #keyChanges({ filter, before, limit }: AuditQuery): Promise<readonly KeyChange[]> {
    // A change of a key is of no doctor and of no token.
    const isOfClinic = filter.doctorId !== null || filter.tokenId !== null;
    return isOfClinic ? [] : this.#keys.keyChanges(filter, before.keyChange, limit + 1);
  }
}

const isOfKeys = ({ kind }: RecordFilter): boolean => kind?.startsWith('key_') ?? false;

/** Merges both records by time, and says where the next page begins. */
function pageOf(
  { before: start, limit }: AuditQuery,
  changes: RecordPart,
  keyChanges: readonly KeyChange[],
): AuditPage {
  // Older ones are left to a later page, because there may be changes of the clinic that are later than they.
  const oldest = changes.before === null ? -Infinity : (changes.entries.at(-1)?.at ?? Infinity);
  const due = keyChanges.filter(({ at }) => at >= oldest);
  const entries: AuditEntry[] = [];
  let [ofClinic, ofKeys] = [0, 0];
  while (entries.length < limit) {
    const [change, keyChange] = [changes.entries[ofClinic], due[ofKeys]];
    const isOfKey = keyChange !== undefined && keyChange.at > (change?.at ?? -Infinity);
    const next = isOfKey ? keyChange : change;
    if (next === undefined) break;
    entries.push(next);
    if (isOfKey) ofKeys += 1;
    else ofClinic += 1;
  }
  const isWhole = ofClinic === changes.entries.length;
  if (isWhole && changes.before === null && ofKeys === keyChanges.length)
    return { entries, before: null };
  const position = isWhole
    ? (changes.before ?? NO_POSITION)
    : (changes.entries[ofClinic - 1]?.position ?? start.position);
  return { entries, before: { position, keyChange: due[ofKeys - 1]?.id ?? start.keyChange } };
}
