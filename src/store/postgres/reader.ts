import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  SlotFacts,
  SlotId,
  TokenId,
} from '../../engine/index.ts';
import { changeOf, recordOfRow, type ChangeRow } from '../change-rows.ts';
import { storedResponseOf, tokenOf, type StoredResponseRow, type TokenRow } from '../rows.ts';
import {
  responsesExpiredAt,
  type ChangeRecord,
  type StoredResponse,
  type StoredSlot,
  type StoredToken,
} from '../store.ts';
import { factsOfRow, slotOfRow } from './rows.ts';
import type { Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** What is read beside the engine: each of it one statement, and so one look at what is committed. */
export class Reader {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The time zone of every doctor. */
  async timeZones(): Promise<Map<DoctorId, string>> {
    const rows = await this.#run('timeZones');
    return new Map(rows.map((row) => [row['id'] as DoctorId, row['time_zone'] as string]));
  }

  /** Slots that end by this instant, not counting delay and grace, in which somebody waits. */
  async waitedFor(now: EpochMs): Promise<Pick<SlotFacts, 'id' | 'doctorId' | 'delayMinutes'>[]> {
    const rows = await this.#run('waitedFor', now);
    return rows.map((row) => ({
      id: row['id'] as SlotId,
      doctorId: row['doctor_id'] as DoctorId,
      delayMinutes: row['delay_minutes'] as number,
    }));
  }

  async doctors(): Promise<DoctorFacts[]> {
    return (await this.#run('allDoctors')).map(factsOfRow);
  }

  async ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    return (await this.#run('ownerOf', id))[0]?.['id'] as DoctorId | undefined;
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

  async storedResponse(
    caller: string,
    key: string,
    now: EpochMs,
  ): Promise<StoredResponse | undefined> {
    const rows = await this.#run('keptAnswer', caller, key, responsesExpiredAt(now));
    return rows.map((row) => storedResponseOf(row as unknown as StoredResponseRow))[0];
  }

  /** Those of the answers under whose keys another one is kept. */
  async takenKeys(
    answers: readonly StoredResponse[],
  ): Promise<Pick<StoredResponse, 'caller' | 'key'>[]> {
    const since = responsesExpiredAt(answers[0]?.at ?? (0 as EpochMs));
    const rows = await this.#run('keptAnswers', JSON.stringify(answers), since);
    return rows.map(({ caller, key }) => ({ caller: caller as string, key: key as string }));
  }
}
