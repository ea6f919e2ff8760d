import { forEachConcurrently } from '../lib/pool.ts';
import { consultations, evening } from './consultations.ts';
import { mistakes } from './mistakes.ts';
import { Crowd, type Action, type Phase, type PlanDeps } from './plan.ts';
import { closings, sittings } from './slots.ts';
import { EMERGENCY } from './ward.ts';

/** Plans an outpatient day: who comes when, who leaves, who makes mistakes. The seed decides all choices. */
export class Day {
  readonly #deps: PlanDeps;
  readonly #crowd: Crowd;

  constructor(deps: PlanDeps) {
    this.#deps = deps;
    this.#crowd = new Crowd(deps);
  }

  get phases(): readonly Phase[] {
    const phase = (name: string, plan: () => Action[]): Phase => ({
      name,
      plan: () => {
        this.#crowd.beginPhase();
        return this.#deps.random.sample(plan());
      },
    });
    const { deps, crowd } = { deps: this.#deps, crowd: this.#crowd };
    return [
      phase('morning rush', () => crowd.bookings(0.45)),
      phase('saturation', () => this.#saturation()),
      phase('emergencies', () => crowd.bookings(0.06, EMERGENCY)),
      phase('cancellations', () => this.#cancellations()),
      phase('arrivals', () => this.#arrivals()),
      phase('no-shows', () => this.#noShows()),
      phase('consultations', () => consultations(deps, crowd)),
      phase('moves', () => this.#moves()),
      phase('late and short', () => sittings(deps, crowd)),
      phase('closings', () => closings(deps, crowd)),
      phase('evening', () => evening(deps)),
      phase('mistakes', () => mistakes(deps, crowd)),
    ];
  }

  /** Every slot in turn, so that each fills up and has a waitlist; some patients book once too often. */
  #saturation(): Action[] {
    const { front, ward, slots } = this.#deps;
    const named = [...ward.tokens.values()].filter(({ patientId }) => patientId !== null);
    const again = this.#crowd
      .among(named, this.#crowd.share(0.05))
      .map((known) => () => front.bookAgain(known, known.slot.id, known.slot.doctorId));
    const crowd = Array.from({ length: this.#crowd.share(0.22) }, (_, index) =>
      this.#crowd.booking(this.#crowd.type(), slots[index % slots.length]),
    );
    return [...crowd, ...again];
  }

  /** People of every standing cancel, some twice, some with a retry, while others go on booking. */
  #cancellations(): Action[] {
    const { front, random } = this.#deps;
    const chosen = [
      ...this.#crowd.some(this.#crowd.share(0.06), 'BOOKED'),
      ...this.#crowd.some(this.#crowd.share(0.06), 'WAITING'),
    ];
    const ways = ['cancel', 'cancel', 'cancelTwice', 'cancelAndRetry'] as const;
    const cancels = chosen.map((known): Action => {
      const way = random.pick(ways);
      return () => front[way](known);
    });
    return [...cancels, ...this.#crowd.bookings(0.08)];
  }

  /** Many of those seated arrive, some who wait try, while others book and only emergencies bump who is there. */
  #arrivals(): Action[] {
    const { visits, ward } = this.#deps;
    const absent = ward.with('BOOKED').length;
    const coming = this.#crowd.some(Math.ceil(absent * 0.6), 'BOOKED');
    const early = this.#crowd.some(this.#crowd.share(0.02), 'WAITING');
    const checkIns = [...coming, ...early].map((known) => () => visits.checkIn(known));
    return [...checkIns, ...this.#crowd.bookings(0.04), ...this.#crowd.bookings(0.04, EMERGENCY)];
  }

  /** Seats stay empty and go to the next; some who cancelled come back as new arrivals, some take another slot too. */
  #noShows(): Action[] {
    const { front, ward, slots, random } = this.#deps;
    const absent = [
      ...this.#crowd.some(this.#crowd.share(0.06), 'BOOKED'),
      ...this.#crowd.some(this.#crowd.share(0.02), 'CHECKED_IN', 'WAITING'),
    ];
    const absences = absent.map((known): Action => {
      const { slot } = ward.tokens.get(known.booking.id) ?? known;
      const hasStarted = Date.parse(slot.startTime) < Date.now();
      return () => front.noShow(known, !hasStarted || random.chance(0.5));
    });
    const returning = this.#crowd.some(this.#crowd.share(0.04), 'CANCELLED');
    const returns = returning.map((known): Action => {
      const { slot, booking } = known;
      return () => front.book({ patient: this.#crowd.again(known), slot, type: booking.type });
    });
    const second = this.#crowd.some(this.#crowd.share(0.04), 'BOOKED', 'WAITING');
    const seconds = second.map((known): Action => {
      const patient = this.#crowd.again(known);
      const slot = random.pick(slots.filter(({ id }) => id !== known.slot.id));
      return () => front.book({ patient, slot, type: this.#crowd.type() });
    });
    return [...absences, ...returns, ...seconds];
  }

  /** Patients go to other slots, of their doctor and of others, both ways at once; triage finds some better, some worse. */
  #moves(): Action[] {
    const { visits, ward, random } = this.#deps;
    const ahead = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const;
    const moving = this.#crowd.some(this.#crowd.share(0.1), ...ahead);
    const moves = moving.map((known): Action => {
      const here = ward.tokens.get(known.booking.id)?.slot;
      const target = random.pick([...ward.slots.values()].filter((slot) => slot !== here));
      return () => visits.move(known, target);
    });
    const worse = this.#crowd.some(this.#crowd.share(0.03), ...ahead);
    const triaged = [...worse, ...this.#crowd.some(this.#crowd.share(0.06), ...ahead)];
    const triages = triaged.map((known, index): Action => {
      const current = ward.tokens.get(known.booking.id)?.type ?? '';
      const isWorse = index < worse.length && current !== EMERGENCY;
      const type = isWorse ? EMERGENCY : this.#crowd.otherType(current);
      return () => visits.reclassify(known, type);
    });
    return [...moves, ...triages, ...this.#crowd.bookings(0.02)];
  }
}

/** Carries a phase out, `concurrency` actions at a time, and tells how far it is. */
export async function carryOut(
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
