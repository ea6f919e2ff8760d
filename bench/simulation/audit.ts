import type { ChangeView, HistoryView, TokenView } from '../../src/http/resources/index.ts';
import { bodyOf, codeOf, type Client, type HttpAnswer } from '../lib/client.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import type { AuditDeps, Recorded } from './change-records.ts';
import { DoctorAudit } from './doctor-audit.ts';
import type { KnownBooking } from './ledger.ts';

/** The number of change records of each kind. */
export type Events = ReadonlyMap<ChangeView['kind'], number>;

/**
 * Audits the server after each phase, while no request is in flight. It reads the history of every token that may have
 * changed and applies the new change records to the reference model, doctor by doctor. After that, the server must show
 * what the model holds.
 */
export class Audit {
  readonly #deps: AuditDeps & { readonly client: Client; readonly concurrency: number };
  readonly #doctors: ReadonlyMap<string, DoctorAudit>;
  /** The change records of each doctor and date. */
  readonly #events = new Map<string, Map<ChangeView['kind'], number>>();

  constructor(
    doctorIds: readonly string[],
    deps: AuditDeps & { readonly client: Client; readonly concurrency: number },
  ) {
    this.#deps = deps;
    // The first change records of a doctor are the one of the doctor and one for each slot.
    const opened = (id: string): number => deps.model.slotsOf(id).length + 1;
    this.#doctors = new Map(doctorIds.map((id) => [id, new DoctorAudit(id, opened(id), deps)]));
  }

  /** The change records of a doctor's slots of one date, by kind. */
  eventsOf(doctorId: string, date: string): Events {
    return this.#events.get(`${doctorId} ${date}`) ?? new Map<ChangeView['kind'], number>();
  }

  /** Applies the change records since the last call; then checks the answers that only these records can confirm. */
  async catchUp(): Promise<void> {
    const { violations, ledger } = this.#deps;
    const byDoctor = Map.groupBy(await this.#newRecords(), doctorOf);
    for (const [id, doctor] of this.#doctors) doctor.add(byDoctor.get(id) ?? []);
    const doctors = [...this.#doctors.values()];
    // Each round applies at least the oldest record. The order of the doctors does not matter.
    while (doctors.map((doctor) => doctor.advance()).includes(true));
    for (const doctor of doctors) doctor.finish();
    violations.expect(
      doctors.every(({ isDone }) => isDone),
      'R17: the change records of the doctors contradict each other: no order explains them',
    );
    for (const command of ledger.unrecorded)
      violations.add(`R17: ${command} was answered with a success, but has no change record`);
    this.#checkStatusClaims();
    this.#checkNobodyWaiting();
    this.#checkClosings();
  }

  /** Reads every token and compares it with the model. */
  async readTokens(): Promise<void> {
    const { client, ledger, concurrency } = this.#deps;
    await forEachConcurrently([...ledger.tokens.values()], concurrency, async (known) =>
      this.#checkToken(known, await client.get(`/tokens/${known.booking.id}`)),
    );
  }

  /** Reads the new change records of all tokens, also of those that are over, because an undo brings them back (R22). */
  async #newRecords(): Promise<Recorded[]> {
    const { client, ledger, model, violations, concurrency } = this.#deps;
    const records: Recorded[] = [];
    await forEachConcurrently([...ledger.tokens.keys()], concurrency, async (tokenId) => {
      const path = `/tokens/${tokenId}/history`;
      const history = await client.get(path);
      if (history.status !== 200) {
        violations.add(`R17: token ${tokenId} has no history`);
        return;
      }
      const { changes } = bodyOf(history, path) as HistoryView;
      const played = model.tokens.get(tokenId)?.recordsPlayed ?? 0;
      for (const [nth, change] of changes.entries())
        if (nth >= played) {
          const version = Number(change.id.slice(change.id.lastIndexOf(':') + 1));
          records.push({ tokenId, change, nth, version });
          this.#count(change);
        }
    });
    return records;
  }

  /** What is taken back counts one less, as in the day report. */
  #count({ id, slot_id, kind, undone }: ChangeView): void {
    const key = `${id.slice(0, id.lastIndexOf(':'))} ${this.#deps.model.slots.get(slot_id)?.date ?? ''}`;
    const events = this.#events.get(key) ?? new Map<ChangeView['kind'], number>();
    const counted = undone ?? kind;
    const step = undone === null ? 1 : -1;
    this.#events.set(key, events.set(counted, (events.get(counted) ?? 0) + step));
  }

  /** When a refusal names a status, the token had this status at some time of the phase. */
  #checkStatusClaims(): void {
    const { ledger, model, violations } = this.#deps;
    for (const { at, tokenId, status } of ledger.statusClaims) {
      const statusesInPhase = model.tokens.get(tokenId)?.statusesInPhase ?? new Set();
      violations.expect(
        statusesInPhase.has(status),
        `R9: ${at}: ${tokenId} was never ${status} in this phase`,
      );
    }
  }

  /** When a call of a slot was answered with nobody_waiting, no token of the slot was checked in during the whole phase. */
  #checkNobodyWaiting(): void {
    const { ledger, model, violations } = this.#deps;
    for (const slotId of ledger.nobodyWaiting) {
      const ignored = model.slots
        .get(slotId)
        ?.tokens.find(
          ({ status, statusesInPhase }) => status === 'CHECKED_IN' && statusesInPhase.size === 1,
        );
      if (ignored !== undefined)
        violations.add(
          `call-next: nobody_waiting in ${slotId}, but ${ignored.id} was checked in there`,
        );
    }
  }

  /** A closed slot holds only tokens that are in consultation or completed (R13). */
  #checkClosings(): void {
    const { model, violations } = this.#deps;
    for (const slot of model.slots.values())
      for (const { id, status } of slot.isClosed ? slot.tokens : [])
        violations.expect(
          status === 'IN_CONSULTATION' || status === 'COMPLETED',
          `R13: ${id} is lost in ${slot.id}, which is closed`,
        );
  }

  #checkToken({ booking }: KnownBooking, answer: HttpAnswer): void {
    const { violations, model } = this.#deps;
    if (answer.status !== 200) {
      violations.add(`token ${booking.id} is lost: ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const shown = answer.body as TokenView;
    const token = model.tokens.get(booking.id);
    if (token === undefined) return;
    const at = `GET /tokens/${booking.id}`;
    for (const name of ['id', 'patient_name', 'timestamp'] as const)
      violations.same(`${at}: ${name}`, shown[name], booking[name]);
    violations.same(`${at}: status`, shown.status, token.status);
    violations.same(`${at}: type`, shown.type, token.type);
    violations.same(`${at}: slot_id`, shown.slot_id, token.slot.id);
    violations.same(`${at}: doctor_id`, shown.doctor_id, token.slot.doctorId);
    violations.same(`R10: ${at}: number`, shown.number, token.number);
  }
}

const doctorOf = ({ change: { id } }: Recorded): string => id.slice(0, id.lastIndexOf(':'));
