import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  PatientId,
  SlotId,
  TokenId,
} from '../../engine/index.ts';
import {
  responsesExpiredAt,
  type Archive,
  type ChangeRecord,
  type FoundToken,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from '../archive.ts';
import { changeOf, recordOfRow, type ChangeRow } from '../change-rows.ts';
import { storedResponseOf, tokenOf, type ResponseRow, type TokenRow } from '../rows.ts';
import { factsOfRow, foundOfRow, slotOfRow } from './rows.ts';
import type { Run } from './session.ts';
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

  async token(id: TokenId): Promise<StoredToken | undefined> {
    return (await this.#run('token', id)).map((row) => tokenOf(row as unknown as TokenRow))[0];
  }

  async history(id: TokenId): Promise<ChangeRecord[]> {
    return (await this.#run('history', id)).map((row) => recordOfRow(row as unknown as ChangeRow));
  }

  async slot(id: SlotId): Promise<StoredSlot | undefined> {
    return (await this.#run('slot', id)).map(slotOfRow)[0];
  }

  async slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<StoredSlot[]> {
    return (await this.#run('slotsOfDays', doctorId, from, to, arrayOf(except))).map(slotOfRow);
  }

  async slotChanges(id: SlotId): Promise<Change[]> {
    return (await this.#run('slotChanges', id)).map((row) => changeOf(row as unknown as ChangeRow));
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

  async storedResponse(
    caller: string,
    key: string,
    now: EpochMs,
  ): Promise<StoredResponse | undefined> {
    const rows = await this.#run('storedResponse', caller, key, responsesExpiredAt(now));
    return rows.map((row) => storedResponseOf(row as unknown as ResponseRow))[0];
  }
}
