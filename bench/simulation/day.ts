import { forEachConcurrently } from '../lib/pool.ts';
import { consultations, evening, skips, undos } from './consultations.ts';
import { intakesAndBreaks, leaves } from './doctor-changes.ts';
import { invalidRequests } from './invalid-requests.ts';
import { PatientPool, type Action, type Phase, type PlanDeps } from './patients.ts';
import { EMERGENCY } from './reference-model.ts';
import { closings, delaysAndSeats } from './slot-changes.ts';

/** Plans the phases of an outpatient day. The seed decides all choices. */
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
    const deps = this.#deps;
    const patients = this.#patients;
    return [
      phase('morning rush', () => patients.bookings(0.45)),
      phase('saturation', () => this.#saturation()),
      phase('emergencies', () => patients.bookings(0.06, EMERGENCY)),
      phase('cancellations', () => this.#cancellations()),
      phase('check-ins', () => this.#checkIns()),
      phase('no-shows', () => this.#noShows()),
      phase('consultations', () => consultations(deps, patients)),
      phase('skips', () => skips(deps, patients)),
      phase('undos', () => undos(deps, patients)),
      phase('intake, breaks', () => intakesAndBreaks(deps, patients)),
      phase('moves', () => this.#moves()),
      phase('delays, seats', () => delaysAndSeats(deps, patients)),
      phase('closings', () => closings(deps, patients)),
      phase('leaves', () => leaves(deps, patients)),
      phase('evening', () => evening(deps, patients)),
      phase('wrong requests', () => invalidRequests(deps, patients)),
    ];
  }

  /** Patients book one slot after the other, so that each slot fills up; some patients book a second time. */
  #saturation(): Action[] {
    const { frontDesk, model, slots } = this.#deps;
    const named = [...model.tokens.values()].filter(({ patientId }) => patientId !== null);
    const again = this.#patients
      .among(named, this.#patients.share(0.05))
      .map((known) => () => frontDesk.bookAgain(known, known.slot.id, known.slot.doctorId));
    const patients = Array.from({ length: this.#patients.share(0.22) }, (_, index) =>
      this.#patients.booking(this.#patients.anyClass(), slots[index % slots.length]),
    );
    return [...patients, ...again];
  }

  /** Seated and waiting patients cancel, some twice, some with a retry, while other patients book. */
  #cancellations(): Action[] {
    const { frontDesk, random } = this.#deps;
    const chosen = [
      ...this.#patients.withStatus(this.#patients.share(0.06), 'BOOKED'),
      ...this.#patients.withStatus(this.#patients.share(0.06), 'WAITING'),
    ];
    const ways = ['cancel', 'cancel', 'cancelTwice', 'cancelAndRetry'] as const;
    const cancels = chosen.map((known): Action => {
      const way = random.pick(ways);
      return () => frontDesk[way](known);
    });
    return [...cancels, ...this.#patients.bookings(0.08)];
  }

  /**
   * Most seated patients of the running slots and a few waiting ones check in, while others book; only emergencies bump
   * checked-in ones. A few come on the wrong day.
   */
  #checkIns(): Action[] {
    const { visitDesk, model } = this.#deps;
    const absent = model.tokensWith('BOOKED').filter(({ slot }) => slot.hasBegun);
    const checkingIn = this.#patients.among(absent, Math.ceil(absent.length * 0.6));
    const early = model.tokensWith('BOOKED').filter(({ slot }) => !slot.hasBegun);
    const waiting = model.tokensWith('WAITING').filter(({ slot }) => slot.hasBegun);
    const few = this.#patients.share(0.02);
    return [
      ...checkingIn.map((known) => () => visitDesk.checkIn(known)),
      ...this.#patients.among(waiting, few).map((known) => () => visitDesk.checkIn(known)),
      ...this.#patients.among(early, few).map((known) => () => visitDesk.checkInTooEarly(known)),
      ...this.#patients.bookings(0.04),
      ...this.#patients.bookings(0.04, EMERGENCY),
    ];
  }

  /** Some patients do not come, some who cancelled book again, and some book a second slot. */
  #noShows(): Action[] {
    const { frontDesk, model, slots, random } = this.#deps;
    const absent = [
      ...this.#patients.withStatus(this.#patients.share(0.06), 'BOOKED'),
      ...this.#patients.withStatus(this.#patients.share(0.02), 'CHECKED_IN', 'WAITING'),
    ];
    const absences = absent.map((known): Action => {
      const { slot } = model.tokens.get(known.booking.id) ?? known;
      const hasStarted = Date.parse(slot.startTime) < Date.now();
      return () => frontDesk.noShow(known, !hasStarted || random.chance(0.5));
    });
    const returning = this.#patients.withStatus(this.#patients.share(0.04), 'CANCELLED');
    const returns = returning.map((known): Action => {
      const { slot, booking } = known;
      return () =>
        frontDesk.book({ patient: this.#patients.samePatient(known), slot, type: booking.type });
    });
    const second = this.#patients.withStatus(this.#patients.share(0.04), 'BOOKED', 'WAITING');
    const seconds = second.map((known): Action => {
      const patient = this.#patients.samePatient(known);
      const slot = random.pick(slots.filter(({ id }) => id !== known.slot.id));
      return () => frontDesk.book({ patient, slot, type: this.#patients.anyClass() });
    });
    return [...absences, ...returns, ...seconds];
  }

  /** Patients move between slots of their doctor and of others; triage gives some patients another class. */
  #moves(): Action[] {
    const { visitDesk, model } = this.#deps;
    const statuses = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const;
    const worse = this.#patients.withStatus(this.#patients.share(0.03), ...statuses);
    const triaged = [
      ...worse,
      ...this.#patients.withStatus(this.#patients.share(0.06), ...statuses),
    ];
    const triages = triaged.map((known, index): Action => {
      const current = model.tokens.get(known.booking.id)?.type ?? '';
      const isWorse = index < worse.length && current !== EMERGENCY;
      const type = isWorse ? EMERGENCY : this.#patients.otherClass(current);
      return () => visitDesk.reclassify(known, type);
    });
    return [...this.#patients.moves(0.1), ...triages, ...this.#patients.bookings(0.02)];
  }
}

/** Runs a phase, `concurrency` actions at a time; calls `onProgress` at the start and after each action. */
export async function runPhase(
  { plan }: Phase,
  concurrency: number,
  onProgress: (done: number, of: number) => void,
): Promise<void> {
  const actions = plan();
  let done = 0;
  onProgress(done, actions.length);
  await forEachConcurrently(actions, concurrency, async (action) => {
    await action();
    done += 1;
    onProgress(done, actions.length);
  });
}
