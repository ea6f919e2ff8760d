import type { ChangeView, HistoryView, TokenView } from '../../src/service/index.ts';
import { bodyOf, codeOf, type Client, type HttpAnswer } from '../lib/client.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import { DoctorAudit } from './doctor-audit.ts';
import type { AuditDeps, Recorded } from './doctor-rules.ts';
import type { Known } from './ledger.ts';

/** How often each kind of change happened to the tokens of one class. */
export type Events = ReadonlyMap<ChangeView['kind'], number>;

/**
 * Reads the history of every token that may have changed, after each phase while nothing is in flight, and plays what
 * is new through the rules, doctor by doctor: afterwards the ward is what the server must show.
 */
export class Audit {
  readonly #deps: AuditDeps & { readonly client: Client; readonly concurrency: number };
  readonly #doctors: ReadonlyMap<string, DoctorAudit>;
  /** Doctor and date of a slot: what happened in it. */
  readonly #events = new Map<string, Map<ChangeView['kind'], number>>();

  constructor(
    doctorIds: readonly string[],
    deps: AuditDeps & { readonly client: Client; readonly concurrency: number },
  ) {
    this.#deps = deps;
    // A doctor is set, then the slots are opened.
    const opened = (id: string): number => deps.ward.slotsOf(id).length + 1;
    this.#doctors = new Map(doctorIds.map((id) => [id, new DoctorAudit(id, opened(id), deps)]));
  }

  /** What happened in a doctor's slots of a day. */
  eventsOf(doctorId: string, date: string): Events {
    return this.#events.get(`${doctorId} ${date}`) ?? new Map<ChangeView['kind'], number>();
  }

  /** Plays what has happened since it was called last; judges what the phase's answers have left open. */
  async catchUp(): Promise<void> {
    const { breaches, ledger } = this.#deps;
    const byDoctor = Map.groupBy(await this.#newRecords(), doctorOf);
    for (const [id, doctor] of this.#doctors) doctor.add(byDoctor.get(id) ?? []);
    const doctors = [...this.#doctors.values()];
    // Every round plays at least the oldest record; which doctor comes first is all the same.
    while (doctors.map((doctor) => doctor.advance()).includes(true));
    for (const doctor of doctors) doctor.finish();
    breaches.expect(
      doctors.every(({ isDone }) => isDone),
      'R17: the change records of the doctors contradict each other: no order explains them',
    );
    for (const told of ledger.untold)
      breaches.add(`R17: ${told} was answered, and is on no record`);
    this.#judgeExcuses();
    this.#judgeIdle();
    this.#judgeClosings();
  }

  /** Reads every token itself, at the end. */
  async readTokens(): Promise<void> {
    const { client, ledger, concurrency } = this.#deps;
    await forEachConcurrently([...ledger.tokens.values()], concurrency, async (known) =>
      this.#judgeToken(known, await client.get(`/tokens/${known.booking.id}`)),
    );
  }

  /** Of tokens that are over in the ward, nothing can have changed. */
  async #newRecords(): Promise<Recorded[]> {
    const { client, ledger, ward, breaches, concurrency } = this.#deps;
    const records: Recorded[] = [];
    const isOver = (id: string): boolean =>
      ['CANCELLED', 'NO_SHOW', 'EXPIRED', 'COMPLETED'].includes(ward.tokens.get(id)?.status ?? '');
    const ids = [...ledger.tokens.keys()].filter((id) => !isOver(id));
    await forEachConcurrently(ids, concurrency, async (tokenId) => {
      const path = `/tokens/${tokenId}/history`;
      const history = await client.get(path);
      if (history.status !== 200) {
        breaches.add(`R17: token ${tokenId} has no history`);
        return;
      }
      const { changes } = bodyOf(history, path) as HistoryView;
      const played = ward.tokens.get(tokenId)?.played ?? 0;
      for (const [nth, change] of changes.entries())
        if (nth >= played) {
          const version = Number(change.id.slice(change.id.lastIndexOf(':') + 1));
          records.push({ tokenId, change, nth, version });
          this.#count(change);
        }
    });
    return records;
  }

  #count({ id, slot_id, kind }: ChangeView): void {
    const key = `${id.slice(0, id.lastIndexOf(':'))} ${this.#deps.ward.slots.get(slot_id)?.date ?? ''}`;
    const events = this.#events.get(key) ?? new Map<ChangeView['kind'], number>();
    this.#events.set(key, events.set(kind, (events.get(kind) ?? 0) + 1));
  }

  /** A status that a refusal names is one that the token had while the phase went on. */
  #judgeExcuses(): void {
    const { ledger, ward, breaches } = this.#deps;
    for (const { at, tokenId, status } of ledger.excuses) {
      const had = ward.tokens.get(tokenId)?.had ?? new Set();
      breaches.expect(had.has(status), `R9: ${at}: ${tokenId} never was ${status} then`);
    }
  }

  /** Where nobody was to be called, nobody was checked in all the while. */
  #judgeIdle(): void {
    const { ledger, ward, breaches } = this.#deps;
    for (const slotId of ledger.idle) {
      const ignored = ward.slots
        .get(slotId)
        ?.tokens.find(({ status, had }) => status === 'CHECKED_IN' && had.size === 1);
      if (ignored !== undefined)
        breaches.add(`call-next: nobody_waiting in ${slotId}, where ${ignored.id} waits`);
    }
  }

  /** Nobody is left in a slot that was closed but who is with the doctor or has been. */
  #judgeClosings(): void {
    const { ledger, ward, breaches } = this.#deps;
    for (const { slotId } of ledger.closings.values())
      for (const { id, status } of ward.slots.get(slotId)?.tokens ?? [])
        breaches.expect(
          status === 'IN_CONSULTATION' || status === 'COMPLETED',
          `R13: ${id} is lost in ${slotId}, which is closed`,
        );
  }

  #judgeToken({ booking }: Known, answer: HttpAnswer): void {
    const { breaches, ward } = this.#deps;
    if (answer.status !== 200) {
      breaches.add(`token ${booking.id} is lost: ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const shown = answer.body as TokenView;
    const token = ward.tokens.get(booking.id);
    if (token === undefined) return;
    const at = `GET /tokens/${booking.id}`;
    for (const name of ['id', 'patient_name', 'timestamp'] as const)
      breaches.same(`${at}: ${name}`, shown[name], booking[name]);
    breaches.same(`${at}: status`, shown.status, token.status);
    breaches.same(`${at}: type`, shown.type, token.type);
    breaches.same(`${at}: slot_id`, shown.slot_id, token.slot.id);
    breaches.same(`${at}: doctor_id`, shown.doctor_id, token.slot.doctorId);
    breaches.same(`R10: ${at}: number`, shown.number, token.number);
  }
}

const doctorOf = ({ change: { id } }: Recorded): string => id.slice(0, id.lastIndexOf(':'));
