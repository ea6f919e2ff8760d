import { doctorId, localDate, type DoctorId, type SlotFacts } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { accepted, anyClass, Clinic, must } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';

/** A doctor's day, some patients of whose last slot are at the desk and nobody else: the longest way to look. */
export interface ClinicDay {
  readonly slots: number;
  /** Tokens of each slot. */
  readonly length: number;
  /** Equal doctors: each gives as many calls as the last slot has tokens. */
  readonly doctors: number;
}

export interface Calls {
  /** In the order of the days: nanoseconds of a call, of each doctor measured. */
  readonly callNs: readonly (readonly number[])[];
  readonly checked: number;
}

const SEED = 20_260_105;
const TODAY = localDate('2026-01-05');

/** Doctors with equal days in one engine. */
class Days {
  readonly #clinic: Clinic;
  readonly #bySlot: ReadonlyMap<DoctorId, readonly SlotFacts[]>;
  readonly callNs: number[] = [];
  checked = 0;

  constructor({ slots, length, doctors }: ClinicDay, random: Random) {
    const clinic = new Clinic({ slots: slots * doctors, capacity: length, slotsADoctor: slots });
    this.#clinic = clinic;
    this.#bySlot = Map.groupBy(clinic.slots, (slot) => slot.doctorId);
    for (let place = 0; place < length; place += 1)
      for (const facts of clinic.slots) {
        const booking = clinic.booking(facts, anyClass(random).type);
        const { token } = accepted(clinic.engine.book(booking));
        const isLast = facts === this.#bySlot.get(facts.doctorId)?.at(-1);
        if (isLast) accepted(clinic.engine.checkIn({ tokenId: token.id, at: clinic.now }));
      }
  }

  /** Calls the patients of one doctor, one after another. */
  run(nth: number, isMeasured: boolean): void {
    const { engine, now: at } = this.#clinic;
    const id = doctorId(`doctor-${nth}`);
    const last = must(engine.slot(must(this.#bySlot.get(id)?.at(-1)).id));
    const ranked = last.seatedTokens();
    const called = [];
    const command = { doctorId: id, slotId: null, completeCurrent: true, today: TODAY, at };
    const start = performance.now();
    for (let call = 0; call < ranked.length; call += 1)
      called.push(accepted(engine.callNext(command)).token);
    const spentMs = performance.now() - start;
    if (!called.every((token, index) => token === ranked[index]))
      throw new Error('The patients were not called in the order of their rank.');
    this.checked += called.length;
    if (isMeasured) this.callNs.push((spentMs * 1e6) / called.length);
  }
}

/** Calls in the days of all sizes by turns; the first half warms up. */
export function callPatients(days: readonly ClinicDay[]): Calls {
  const random = new Random(SEED);
  const all = days.map((day) => ({ day, run: new Days(day, random) }));
  collectGarbage();
  const rounds = Math.min(...days.map(({ doctors }) => doctors));
  for (let round = 0; round < rounds; round += 1)
    for (const { day, run } of round % 2 === 0 ? all : all.toReversed()) {
      const each = day.doctors / rounds;
      for (let nth = round * each; nth < (round + 1) * each; nth += 1)
        run.run(nth, round >= rounds / 2);
    }
  return {
    callNs: all.map(({ run }) => run.callNs),
    checked: all.reduce((sum, { run }) => sum + run.checked, 0),
  };
}

if (process.send !== undefined && import.meta.main) serveTask(callPatients);
