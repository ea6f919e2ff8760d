import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  SlotFacts,
  PatientId,
  SlotId,
  TokenId,
} from '../../engine/index.ts';
import {
  PAGE_ITEMS,
  recordPartOf,
  responsesExpiredAt,
  stepFrom,
  type Archive,
  type ChangeRecord,
  type Pages,
  type RecordFilter,
  type RecordPart,
  type StoredLiveToken,
  type FoundToken,
  type StoredResponse,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from '../archive.ts';
import { changeOf, recordEntryOf, recordOfRow, type ChangeRow } from '../change-rows.ts';
import {
  isLiveToken,
  slotOf,
  storedResponseOf,
  tokenOf,
  type ResponseRow,
  type SlotRow,
  type TokenRow,
} from '../rows.ts';
import { factsOfRow, foundOfRow } from './rows.ts';
import type { Row, Rows, Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** Each method is one statement, and so reads one snapshot of what is committed. */
export class PostgresArchive implements Archive {
  readonly #run: Run;

  /** @param run retries what is lost with a connection */
  constructor(run: Run) {
    this.#run = run;
  }

  async doctors(): Promise<DoctorFacts[]> {
    return (await this.#run('allDoctors')).map(factsOfRow);
  }

  async doctor(id: DoctorId): Promise<DoctorFacts | undefined> {
    return (await this.#run('doctor', id)).map(factsOfRow)[0];
  }

  async token(id: TokenId): Promise<StoredToken | undefined> {
    return (await this.#run('token', id)).map((row) => tokenOf(row as unknown as TokenRow))[0];
  }

  history(id: TokenId): Pages<ChangeRecord> {
    return pagesOf(
      () => this.#run('history', id),
      (row) => recordOfRow(row as unknown as ChangeRow),
    );
  }

  async slot(id: SlotId): Promise<SlotFacts | undefined> {
    return (await this.#run('slot', id)).map(factsOfSlotRow)[0];
  }

  async slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<SlotFacts[]> {
    const rows = await this.#run('slotsOfDays', doctorId, from, to);
    return rows.map(factsOfSlotRow).filter(({ id }) => !except.has(id));
  }

  async *liveTokens({ doctorId, id }: SlotFacts): Pages<StoredLiveToken> {
    const pages = pagesOf(
      () => this.#run('tokensOf', doctorId, id),
      (row) => tokenOf(row as unknown as TokenRow),
    );
    for await (const tokens of pages) yield tokens.filter(isLiveToken);
  }

  slotChanges(id: SlotId): Pages<Change> {
    return pagesOf(
      () => this.#run('slotChanges', id),
      (row) => changeOf(row as unknown as ChangeRow),
    );
  }

  async tokens(
    filter: TokenFilter,
    after: TokenPlace,
    limit: number,
  ): Promise<readonly FoundToken[]> {
    const { doctorId, from, to, number, statuses } = filter;
    const days = [from, to, after.date, after.slotId, after.tokenId];
    const values = [...days, JSON.stringify(number), arrayOf(statuses), limit];
    const rows =
      doctorId === null
        ? await this.#run('tokensOfDays', ...values)
        : await this.#run('tokensOfDoctor', ...values, doctorId);
    return rows.map(foundOfRow);
  }

  async tokensOfPatient(id: PatientId): Promise<readonly FoundToken[]> {
    return (await this.#run('tokensOfPatient', id)).map(foundOfRow);
  }

  async record(filter: RecordFilter, before: number | null, limit: number): Promise<RecordPart> {
    const { doctorId, tokenId, actor, kind, from, to } = filter;
    const end = before ?? ((await this.#run('logEnd'))[0]?.['position'] as number) + 1;
    const first = stepFrom(filter, end);
    const values = [first, end, doctorId, kind, actor, from, to, limit];
    const rows =
      tokenId === null
        ? await this.#run('record', ...values)
        : await this.#run('recordOfToken', ...values, tokenId);
    const entries = rows.map((row) => recordEntryOf(row as unknown as ChangeRow));
    const [earliest] = await this.#run('changeUpTo', first);
    const firstAt = earliest?.['at'] as EpochMs | undefined;
    return recordPartOf(entries, limit, first, { firstAt, filter });
  }

  async storedResponse(
    caller: string,
    key: string,
    now: EpochMs,
  ): Promise<StoredResponse | undefined> {
    const rows = await this.#run('storedResponse', caller, key, responsesExpiredAt(now));
    return rows.map((row) => storedResponseOf(row as unknown as ResponseRow))[0];
  }
}

const factsOfSlotRow = (row: Row): SlotFacts => slotOf(row as unknown as SlotRow);

/**
 * The result of a statement in pages. The driver reads the rows as they arrive, so only what is made of them could keep
 * others waiting.
 */
async function* pagesOf<Item>(read: () => Promise<Rows>, itemOf: (row: Row) => Item): Pages<Item> {
  const rows = await read();
  for (let from = 0; from < rows.length; from += PAGE_ITEMS)
    yield rows.slice(from, from + PAGE_ITEMS).map(itemOf);
}
