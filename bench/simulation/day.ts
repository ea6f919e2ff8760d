import { forEachConcurrently } from '../lib/pool.ts';
import { consultations, evening } from './consultations.ts';
import { invalidRequests } from './invalid-requests.ts';
import { PatientPool, type Action, type Phase, type PlanDeps } from './patients.ts';
import { closings, slotDesk } from './slot-changes.ts';
import { EMERGENCY } from './reference-model.ts';

/** Plans an outpatient day: who comes when, who leaves, who makes invalidRequests. The seed decides all choices. */
export class Day {
  readonly #deps: PlanDeps;
  readonly #patients: PatientPool;

  constructor(deps: PlanDeps) {
    this.#deps = deps;
    this.#patients = new PatientPool(deps);
  }

  get phases(): readonly Phase[] {
    const phase = (name: string, plan: () => Action[]): Phase => ({
      name,
      plan: () => {
        this.#patients.beginPhase();
        return this.#deps.random.sample(plan());
      },
    });
    const { deps, patients } = { deps: this.#deps, patients: this.#patients };
    return [
      phase('morning rush', () => patients.bookings(0.45)),
      phase('saturation', () => this.#saturation()),
      phase('emergencies', () => patients.bookings(0.06, EMERGENCY)),
      phase('cancellations', () => this.#cancellations()),
      phase('arrivals', () => this.#arrivals()),
      phase('no-shows', () => this.#noShows()),
      phase('consultations', () => consultations(deps, patients)),
      phase('moves', () => this.#moves()),
      phase('late and short', () => slotDesk(deps, patients)),
      phase('closings', () => closings(deps, patients)),
      phase('evening', () => evening(deps)),
      phase('invalidRequests', () => invalidRequests(deps, patients)),
    ];
  }

  /** Every slot in running, so that each fills up and has a waitlist; some patients book once too often. */
  #saturation(): Action[] {
    const { frontDesk, model, slots } = this.#deps;
    const named = [...model.tokens.values()].filter(({ patientId }) => patientId !== null);
    const again = this.#patients
      .among(named, this.#patients.share(0.05))
      .map((known) => () => frontDesk.bookAgain(known, known.slot.id, known.slot.doctorId));
    const patients = Array.from({ length: this.#patients.share(0.22) }, (_, index) =>
      this.#patients.booking(this.#patients.type(), slots[index % slots.length]),
    );
    return [...patients, ...again];
  }

  /** People of every standing cancel, some twice, some with a retry, while others go on booking. */
  #cancellations(): Action[] {
    const { frontDesk, random } = this.#deps;
    const chosen = [
      ...this.#patients.some(this.#patients.share(0.06), 'BOOKED'),
      ...this.#patients.some(this.#patients.share(0.06), 'WAITING'),
    ];
    const ways = ['cancel', 'cancel', 'cancelTwice', 'cancelAndRetry'] as const;
    const cancels = chosen.map((known): Action => {
      const way = random.pick(ways);
      return () => frontDesk[way](known);
    });
    return [...cancels, ...this.#patients.bookings(0.08)];
  }

  /** Many of those seated arrive, some who wait try, while others book and only emergencies bump who is there. */
  #arrivals(): Action[] {
    const { visitDesk, model } = this.#deps;
    const absent = model.with('BOOKED').length;
    const coming = this.#patients.some(Math.ceil(absent * 0.6), 'BOOKED');
    const early = this.#patients.some(this.#patients.share(0.02), 'WAITING');
    const checkIns = [...coming, ...early].map((known) => () => visitDesk.checkIn(known));
    return [...checkIns, ...this.#patients.bookings(0.04), ...this.#patients.bookings(0.04, EMERGENCY)];
  }

  /** Seats stay empty and go to the next; some who cancelled come back as new arrivals, some take another slot too. */
  #noShows(): Action[] {
    const { frontDesk, model, slots, random } = this.#deps;
    const absent = [
      ...this.#patients.some(this.#patients.share(0.06), 'BOOKED'),
      ...this.#patients.some(this.#patients.share(0.02), 'CHECKED_IN', 'WAITING'),
    ];
    const absences = absent.map((known): Action => {
      const { slot } = model.tokens.get(known.booking.id) ?? known;
      const hasStarted = Date.parse(slot.startTime) < Date.now();
      return () => frontDesk.noShow(known, !hasStarted || random.chance(0.5));
    });
    const returning = this.#patients.some(this.#patients.share(0.04), 'CANCELLED');
    const returns = returning.map((known): Action => {
      const { slot, booking } = known;
      return () => frontDesk.book({ patient: this.#patients.again(known), slot, type: booking.type });
    });
    const second = this.#patients.some(this.#patients.share(0.04), 'BOOKED', 'WAITING');
    const seconds = second.map((known): Action => {
      const patient = this.#patients.again(known);
      const slot = random.pick(slots.filter(({ id }) => id !== known.slot.id));
      return () => frontDesk.book({ patient, slot, type: this.#patients.type() });
    });
    return [...absences, ...returns, ...seconds];
  }

  /** Patients go to other slots, of their doctor and of others, both ways at once; triage finds some better, some worse. */
  #moves(): Action[] {
    const { visitDesk, model, random } = this.#deps;
    const ahead = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const;
    const moving = this.#patients.some(this.#patients.share(0.1), ...ahead);
    const moves = moving.map((known): Action => {
      const here = model.tokens.get(known.booking.id)?.slot;
      const target = random.pick([...model.slots.values()].filter((slot) => slot !== here));
      return () => visitDesk.move(known, target);
    });
    const worse = this.#patients.some(this.#patients.share(0.03), ...ahead);
    const triaged = [...worse, ...this.#patients.some(this.#patients.share(0.06), ...ahead)];
    const triages = triaged.map((known, index): Action => {
      const current = model.tokens.get(known.booking.id)?.type ?? '';
      const isWorse = index < worse.length && current !== EMERGENCY;
      const type = isWorse ? EMERGENCY : this.#patients.otherType(current);
      return () => visitDesk.reclassify(known, type);
    });
    return [...moves, ...triages, ...this.#patients.bookings(0.02)];
  }
}

/** Carries a phase out, `concurrency` actions at a time, and tells how far it is. */
export async function runPhase(
  { plan }: Phase,
  concurrency: number,
  tell: (done: number, of: number) => void,
): Promise<void> {
  const actions = plan();
  let done = 0;
  tell(done, actions.length);
  await forEachConcurrently(actions, concurrency, async (action) => {
    await action();
    done += 1;
    tell(done, actions.length);
  });
}
