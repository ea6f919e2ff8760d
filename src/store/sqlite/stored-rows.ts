import type { DatabaseSync } from 'node:sqlite';
import type { Change, SlotId, TokenId } from '../../engine/index.ts';
import type {
  ChangeRecord,
  FoundToken,
  Pages,
  RecordEntry,
  RecordFilter,
  StoredLiveToken,
  StoredResponse,
  StoredSlot,
  TokenFilter,
  TokenPlace,
} from '../archive.ts';
import {
  changeOf,
  RECORD_COLUMNS,
  recordEntryOf,
  recordOfRow,
  type ChangeRow,
} from '../change-rows.ts';
import {
  isLiveToken,
  storedResponseOf,
  tokenOf,
  type ResponseRow,
  type TokenRow,
} from '../rows.ts';
import type { StoredRows } from '../sole-owner.ts';
import { columnsOf } from '../tables.ts';
import type { PageClient } from './page-client.ts';
import { foundOf, Reader, type FoundRow } from './reader.ts';
import { FOUND_COLUMNS } from './statements.ts';

const TOKEN_COLUMNS = columnsOf('tokens');
const CHANGE_COLUMNS = columnsOf('changes');
const RESPONSE_COLUMNS = columnsOf('idempotency_keys');

/** The rows of a database file: what may be long is read by another thread, the rest at once. */
export class SqliteStoredRows extends Reader implements StoredRows {
  readonly #client: PageClient;

  readonly #noteIndexed: (id: SlotId) => void;

  /** @param noteIndexed is told the slots that are read into memory */
  constructor(
    database: DatabaseSync,
    { pages, noteIndexed }: { pages: PageClient; noteIndexed: (id: SlotId) => void },
  ) {
    super(database);
    this.#client = pages;
    this.#noteIndexed = noteIndexed;
  }

  override slot(id: SlotId): StoredSlot | undefined {
    const slot = super.slot(id);
    if (slot !== undefined) this.#noteIndexed(id);
    return slot;
  }

  async *history(id: string): Pages<ChangeRecord> {
    const pages = this.#client.pages<ChangeRow>(CHANGE_COLUMNS, 'history', id);
    for await (const rows of pages) yield rows.map(recordOfRow);
  }

  async recordBetween(
    filter: RecordFilter,
    [first, before]: readonly [number, number],
    limit: number,
  ): Promise<readonly RecordEntry[]> {
    const { doctorId, tokenId, actor, kind, from, to } = filter;
    const values = [first, before, doctorId, kind, actor, from, to, limit];
    const pages =
      tokenId === null
        ? this.#client.pages<ChangeRow>(RECORD_COLUMNS, 'record', ...values)
        : this.#client.pages<ChangeRow>(RECORD_COLUMNS, 'recordOfToken', ...values, tokenId);
    const entries: RecordEntry[] = [];
    for await (const rows of pages) entries.push(...rows.map(recordEntryOf));
    return entries;
  }

  async *liveTokens(id: string): Pages<StoredLiveToken> {
    const pages = this.#client.pages<TokenRow>(TOKEN_COLUMNS, 'tokensOf', id);
    for await (const rows of pages) yield rows.map(tokenOf).filter(isLiveToken);
  }

  async tokens(filter: TokenFilter, after: TokenPlace, limit: number): Promise<FoundToken[]> {
    const { doctorId, from, to, number, statuses } = filter;
    const days = [from, to, after.date, after.slotId, after.tokenId];
    const values = [...days, number, JSON.stringify(statuses), limit];
    const pages =
      doctorId === null
        ? this.#client.pages<FoundRow>(FOUND_COLUMNS, 'tokensOfDays', ...values)
        : this.#client.pages<FoundRow>(FOUND_COLUMNS, 'tokensOfDoctor', doctorId, ...values);
    const found: FoundToken[] = [];
    for await (const rows of pages) found.push(...rows.map(foundOf));
    return found;
  }

  async responsesWith(texts: readonly string[]): Promise<readonly StoredResponse[]> {
    const found: StoredResponse[] = [];
    const pages = this.#client.pages<ResponseRow>(
      RESPONSE_COLUMNS,
      'responsesWith',
      JSON.stringify(texts),
    );
    for await (const rows of pages) found.push(...rows.map(storedResponseOf));
    return found;
  }

  async *slotChanges(id: string, tokenIds: readonly TokenId[]): Pages<Change> {
    const ids = JSON.stringify(tokenIds);
    const pages = this.#client.pages<ChangeRow>(CHANGE_COLUMNS, 'slotChanges', id, ids);
    for await (const rows of pages) yield rows.map(changeOf);
  }
}
