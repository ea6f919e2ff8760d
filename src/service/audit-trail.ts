import {
  ADMIN_CHANGE_KINDS,
  type AdminChange,
  type Archive,
  type KeyStore,
  type RecordEntry,
  type RecordFilter,
  type RecordPart,
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
  /** The id of a change of a key or a webhook; null for the latest. */
  readonly adminChange: string | null;
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

/** A change of the clinic, or of an access key or a webhook. */
export type AuditEntry = RecordEntry | AdminChange;

export const isAdminChange = (entry: AuditEntry): entry is AdminChange => !('position' in entry);

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
      const value = pageOf(query, changes, await this.#adminChanges(query));
      return { ok: true, value };
    });
  }

  /** The changes of the clinic that may be on the page. */
  async #changes({ filter, before: start, limit, ended }: AuditQuery): Promise<RecordPart> {
    const entries: RecordEntry[] = [];
    let before = start.position;
    if (before === NO_POSITION || isOfAdmin(filter)) return { entries, before: null };
    for (let step = 0; step < STEPS_MAX; step += 1) {
      ended().throwIfAborted();
      const part = await this.#archive.record(filter, before, limit - entries.length);
      entries.push(...part.entries);
      before = part.before;
      if (before === null || entries.length === limit) break;
    }
    return { entries, before };
  }

  /** The changes of keys and webhooks that may be on the page, and one more, which tells that there are more. */
  async #adminChanges({ filter, before, limit }: AuditQuery): Promise<readonly AdminChange[]> {
    // These changes are of no doctor and of no token.
    const isOfClinic = filter.doctorId !== null || filter.tokenId !== null;
    return isOfClinic ? [] : this.#keys.adminChanges(filter, before.adminChange, limit + 1);
  }
}

const ADMIN_KINDS: ReadonlySet<string | null> = new Set(ADMIN_CHANGE_KINDS);
const isOfAdmin = ({ kind }: RecordFilter): boolean => ADMIN_KINDS.has(kind);

/** Merges both records by time, and says where the next page begins. */
function pageOf(
  { before: start, limit }: AuditQuery,
  changes: RecordPart,
  adminChanges: readonly AdminChange[],
): AuditPage {
  // Older ones are left to a later page, because there may be changes of the clinic that are later than they.
  const oldest = changes.before === null ? -Infinity : (changes.entries.at(-1)?.at ?? Infinity);
  const due = adminChanges.filter(({ at }) => at >= oldest);
  const entries: AuditEntry[] = [];
  let [ofClinic, ofAdmin] = [0, 0];
  while (entries.length < limit) {
    const [change, adminChange] = [changes.entries[ofClinic], due[ofAdmin]];
    const isAdminNext = adminChange !== undefined && adminChange.at > (change?.at ?? -Infinity);
    const next = isAdminNext ? adminChange : change;
    if (next === undefined) break;
    entries.push(next);
    if (isAdminNext) ofAdmin += 1;
    else ofClinic += 1;
  }
  const isWhole = ofClinic === changes.entries.length;
  if (isWhole && changes.before === null && ofAdmin === adminChanges.length)
    return { entries, before: null };
  const position = isWhole
    ? (changes.before ?? NO_POSITION)
    : (changes.entries[ofClinic - 1]?.position ?? start.position);
  return { entries, before: { position, adminChange: due[ofAdmin - 1]?.id ?? start.adminChange } };
}
