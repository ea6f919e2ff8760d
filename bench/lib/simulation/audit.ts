import type { ChangeView, HistoryView, TokenView } from '../../../src/service/index.ts';
import type { Breaches } from '../breaches.ts';
import { bodyOf, codeOf, type Client } from '../client.ts';
import { ModelSlot } from '../model.ts';
import { forEachConcurrently } from '../pool.ts';
import type { Priorities } from './judge.ts';
import type { Known, Ledger } from './ledger.ts';

/** A change record and its place in the doctor's order. */
interface Recorded {
  readonly known: Known;
  readonly change: ChangeView;
  readonly version: number;
}

const STATUS_AFTER = { cancelled: 'CANCELLED', no_show: 'NO_SHOW' } as const;

/**
 * Reads every token and its history back, puts the change records of each doctor into the one order in which they
 * took effect, and plays the commands through the model: every answer of the day must be the one that the rules
 * give at that very moment, and every cause must name the token that the rules name.
 */
export async function audit(
  client: Client,
  ledger: Ledger,
  priorities: Priorities,
  breaches: Breaches,
  concurrency: number,
): Promise<void> {
  const records: Recorded[] = [];
  await forEachConcurrently([...ledger.tokens.values()], concurrency, async (known) => {
    const path = `/tokens/${known.booking.id}`;
    const answer = await client.get(path);
    if (answer.status === 200) judgeToken(known, answer.body as TokenView, breaches);
    else breaches.add(`token ${known.booking.id} is lost: ${answer.status} ${codeOf(answer)}`);
    const history = await client.get(`${path}/history`);
    if (history.status !== 200) breaches.add(`R17: token ${known.booking.id} has no history`);
    else records.push(...recordsOf(known, bodyOf(history, path) as HistoryView));
  });
  const byDoctor = Map.groupBy(records, ({ known }) => known.slot.doctorId);
  for (const [doctorId, own] of byDoctor)
    new DoctorAudit(doctorId, own, priorities, breaches).run();
}

const recordsOf = (known: Known, { changes }: HistoryView): Recorded[] =>
  changes.map((change) => ({
    known,
    change,
    version: Number(change.id.slice(change.id.lastIndexOf(':') + 1)),
  }));

function judgeToken(
  { slot, booking, departure }: Known,
  token: TokenView,
  breaches: Breaches,
): void {
  const at = `GET /tokens/${booking.id}`;
  for (const name of ['id', 'number', 'patient_name', 'type', 'timestamp', 'doctor_id'] as const)
    breaches.same(`${at}: ${name}`, token[name], booking[name]);
  breaches.same(`${at}: slot_id`, token.slot_id, slot.id);
  const isLive = ['BOOKED', 'WAITING'].includes(token.status);
  if (departure === null)
    breaches.expect(isLive, `${at}: status is ${token.status}, nobody ended it`);
  else breaches.same(`${at}: status`, token.status, STATUS_AFTER[departure.kind]);
}

/** The change records of one doctor, in order. */
class DoctorAudit {
  readonly #doctorId: string;
  readonly #records: readonly Recorded[];
  readonly #priorities: Priorities;
  readonly #breaches: Breaches;
  readonly #models = new Map<string, ModelSlot>();
  #lastNumber = 0;

  constructor(
    doctorId: string,
    records: readonly Recorded[],
    priorities: Priorities,
    breaches: Breaches,
  ) {
    this.#doctorId = doctorId;
    this.#records = records.toSorted((a, b) => a.version - b.version);
    this.#priorities = priorities;
    this.#breaches = breaches;
  }

  run(): void {
    const versions = new Set(this.#records.map(({ version }) => version));
    const places = `R17: ${this.#doctorId}: places of ${this.#records.length} change records`;
    this.#breaches.same(places, versions.size, this.#records.length);
    const consequences = new Map<string, Recorded[]>();
    for (const record of this.#records)
      if (isConsequence(record)) {
        const key = `${record.change.kind} by ${record.change.cause ?? 'nobody'}`;
        consequences.set(key, [...(consequences.get(key) ?? []), record]);
      }
    for (const record of this.#records) {
      if (isConsequence(record)) continue;
      const { kind } = record.change;
      const key = `${kind === 'booked' ? 'bumped' : 'promoted'} by ${record.known.booking.id}`;
      const [first, ...more] = consequences.get(key) ?? [];
      consequences.delete(key);
      for (const { change } of more) this.#breaches.add(`R17: ${change.id}: a second ${key}`);
      if (kind === 'booked') this.#booked(record, first);
      else this.#left(record, first);
    }
    for (const key of consequences.keys())
      this.#breaches.add(`R17: ${this.#doctorId}: ${key}: no command did that`);
  }

  #booked({ known, change }: Recorded, bump: Recorded | undefined): void {
    const { booking } = known;
    const at = `${change.id}: booking of ${booking.id}`;
    const place = this.#model(known).add({
      id: booking.id,
      priority: this.#priorities.get(booking.type) ?? NaN,
      arrival: booking.number,
    });
    const breaches = this.#breaches;
    breaches.expect(
      booking.number > this.#lastNumber,
      `R10: ${at}: number ${booking.number} after ${this.#lastNumber}`,
    );
    this.#lastNumber = booking.number;
    breaches.same(`R2-R4: ${at}: status answered`, booking.status, place.status);
    breaches.same(`R2-R4: ${at}: status recorded`, change.to, place.status);
    breaches.same(`R4: ${at}: waitlist_position`, booking.waitlist_position, place.position);
    breaches.same(`R3: ${at}: bumped answered`, booking.bumped?.id ?? null, place.bumped);
    breaches.same(`R3: ${at}: bumped recorded`, bump?.known.booking.id ?? null, place.bumped);
    if (bump !== undefined)
      breaches.same(
        `R3: ${at}: number of the bumped`,
        booking.bumped?.number,
        bump.known.booking.number,
      );
  }

  #left({ known, change }: Recorded, promotion: Recorded | undefined): void {
    const { booking, departure } = known;
    const at = `${change.id}: ${change.kind} of ${booking.id}`;
    const model = this.#model(known);
    const breaches = this.#breaches;
    breaches.expect(
      change.kind === 'cancelled' || model.holdsSeat(booking.id),
      `${at}: held no seat to miss`,
    );
    const next = model.remove(booking.id);
    breaches.same(`${at}: kind answered`, departure?.kind, change.kind);
    breaches.same(`R5, R6: ${at}: promoted answered`, departure?.promoted ?? null, next);
    breaches.same(`R5, R6: ${at}: promoted recorded`, promotion?.known.booking.id ?? null, next);
  }

  #model({ slot }: Known): ModelSlot {
    const model = this.#models.get(slot.id) ?? new ModelSlot(slot.capacity);
    this.#models.set(slot.id, model);
    return model;
  }
}

/** Records of what a command did to somebody else. */
const isConsequence = ({ change: { kind } }: Recorded): boolean =>
  kind === 'bumped' || kind === 'promoted';
