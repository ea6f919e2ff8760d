import type { DoctorId, EpochMs, SlotFacts, SlotId } from '../../engine/index.ts';
import { responsesExpiredAt, type StoredResponse } from '../archive.ts';
import type { Run } from './session.ts';

/** What the store itself reads beside the engine. Each method is one statement. */
export class Reader {
  readonly #run: Run;

  /** @param run retries what is lost with a connection */
  constructor(run: Run) {
    this.#run = run;
  }

  /** The time zone of every doctor. */
  async timeZones(): Promise<Map<DoctorId, string>> {
    const rows = await this.#run('timeZones');
    return new Map(rows.map((row) => [row['id'] as DoctorId, row['time_zone'] as string]));
  }

  /** Slots with a waiting token that end by this instant, without their delay and the grace. */
  async slotsToEnd(now: EpochMs): Promise<Pick<SlotFacts, 'id' | 'doctorId' | 'delayMinutes'>[]> {
    const rows = await this.#run('slotsToEnd', now);
    return rows.map((row) => ({
      id: row['id'] as SlotId,
      doctorId: row['doctor_id'] as DoctorId,
      delayMinutes: row['delay_minutes'] as number,
    }));
  }

  /** The doctor of the slot or session that has this id. */
  async ownerOf(id: SlotId): Promise<DoctorId | undefined> {
    return (await this.#run('ownerOf', id))[0]?.['id'] as DoctorId | undefined;
  }

  /** The keys of these responses under which another response is stored. */
  async takenKeys(
    responses: readonly StoredResponse[],
  ): Promise<Pick<StoredResponse, 'caller' | 'key'>[]> {
    const expiredAt = responsesExpiredAt(responses[0]?.at ?? (0 as EpochMs));
    const rows = await this.#run('takenKeys', JSON.stringify(responses), expiredAt);
    return rows.map(({ caller, key }) => ({ caller: caller as string, key: key as string }));
  }
}
