import { doctorId, localDate, type DoctorId, type SlotFacts } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { anyClass } from '../lib/classes.ts';
import { EngineClinic, accepted } from '../lib/engine-clinic.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';

/** A day of a doctor. Only patients of the last slot are checked in, so a call searches all slots before it. */
export interface ClinicDay {
  readonly slots: number;
  /** Tokens in each slot. */
  readonly length: number;
  /** Doctors with the same day; for each, as many patients are called as the last slot has tokens. */
  readonly doctors: number;
}

/** The measured calls of all days. */
export interface Calls {
  /** Nanoseconds of a call for each measured doctor, in the order of the days. */
  readonly callNs: readonly (readonly number[])[];
  /** Number of calls that were checked. */
  readonly checked: number;
}

const SEED = 20_260_105;
const TODAY = localDate('2026-01-05');

/** One engine with doctors that have the same day. */
class EqualDays {
  readonly #clinic: EngineClinic;
  readonly #bySlot: ReadonlyMap<DoctorId, readonly SlotFacts[]>;
  readonly callNs: number[] = [];
  checked = 0;

  constructor({ slots, length, doctors }: ClinicDay, random: Random) {
    const clinic = new EngineClinic({
      slots: slots * doctors,
      capacity: length,
      slotsADoctor: slots,
    });
    this.#clinic = clinic;
    this.#bySlot = Map.groupBy(clinic.slots, (slot) => slot.doctorId);
    const arrived = { today: TODAY, dateBegins: clinic.now, at: clinic.now };
    for (let round = 0; round < length; round += 1)
      for (const facts of clinic.slots) {
        const booking = clinic.booking(facts, anyClass(random).type);
        const { token } = accepted(clinic.engine.book(booking));
        const isLast = facts === this.#bySlot.get(facts.doctorId)?.at(-1);
        if (isLast) accepted(clinic.engine.checkIn({ ...arrived, tokenId: token.id }));
      }
  }

  /** Calls all patients of one doctor, one after another, and checks their order. */
  run(nth: number, isMeasured: boolean): void {
    const { engine, now: at } = this.#clinic;
    const id = doctorId(`doctor-${nth}`);
    const last = required(engine.slot(required(this.#bySlot.get(id)?.at(-1)).id));
    const ranked = last.seatedTokens();
    const called = [];
    const next = { slotId: null, room: null, current: 'completed' } as const;
    const command = { ...next, doctorId: id, today: TODAY, at };
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

/** Calls patients in the days of all sizes alternately; the first half is not counted, because the code is compiled then. */
export function callPatients(days: readonly ClinicDay[]): Calls {
  const random = new Random(SEED);
  const all = days.map((day) => ({ day, run: new EqualDays(day, random) }));
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
