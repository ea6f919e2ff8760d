import { forEachConcurrently } from '../pool.ts';
import type { Random } from '../random.ts';
import type { FrontDesk } from './desk.ts';
import type { BookingAsked, Priorities } from './judge.ts';
import type { Known, Ledger, OpenedSlot, Patient } from './ledger.ts';

type Action = () => Promise<void>;

export interface Phase {
  readonly name: string;
  /** Plans the phase when it begins, on what is known by then. */
  readonly plan: () => Action[];
}

interface DayDeps {
  readonly desk: FrontDesk;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly priorities: Priorities;
  readonly patients: number;
  /** Sets the patients of this run apart from those of others. */
  readonly run: string;
}

const SURNAMES = ['Das', 'Iyer', 'Khan', 'Lal', 'Mehta', 'Nair', 'Rao', 'Sen', 'Varma', 'Yadav'];
const EMERGENCY = 'EMERGENCY';
/** Bookings in a hundred that are sent twice at once. */
const DOUBLE_CLICKS = 0.05;

/** Plans an outpatient day: who comes when, who leaves, who makes mistakes. The seed decides all choices. */
export class Day {
  readonly #deps: DayDeps;
  readonly #classes: readonly string[];
  #patients = 0;

  constructor(deps: DayDeps) {
    this.#deps = deps;
    // Priority descending; a class is the more frequent the weaker it is.
    this.#classes = [...deps.priorities]
      .sort(([, a], [, b]) => b - a)
      .flatMap(([type], index) => Array.from({ length: index + 1 }, () => type));
  }

  get phases(): readonly Phase[] {
    return [
      { name: 'morning rush', plan: () => this.#bookings(0.5) },
      { name: 'saturation', plan: () => this.#saturation() },
      { name: 'emergencies', plan: () => this.#bookings(0.08, EMERGENCY) },
      { name: 'cancellations', plan: () => this.#cancellations() },
      { name: 'no-shows', plan: () => this.#noShows() },
      { name: 'mistakes', plan: () => this.#mistakes() },
    ];
  }

  /** Every slot in turn, so that each fills up and has a waitlist; some patients book once too often. */
  #saturation(): Action[] {
    const { desk, ledger, random, patients } = this.#deps;
    const named = ledger.live.filter(({ patient }) => patient.patientId !== null);
    const again = random.sample(named, share(patients, 0.05));
    const crowd = Array.from({ length: share(patients, 0.27) }, (_, index) =>
      this.#booking(this.#type(), ledger.slots[index % ledger.slots.length]),
    );
    return random.sample([...crowd, ...again.map((known) => () => desk.bookAgain(known))]);
  }

  /** People of every standing cancel, some twice, some with a retry, while others go on booking. */
  #cancellations(): Action[] {
    const { desk, ledger, random, patients } = this.#deps;
    const few = share(patients, 0.03);
    const chosen = new Set([
      ...random.sample(ledger.live, share(patients, 0.18)),
      ...random.sample(ledger.seated, few),
      ...random.sample(ledger.waiting, few),
      ...random.sample(ledger.bumped, few),
    ]);
    const ways = ['cancel', 'cancel', 'cancelTwice', 'cancelAndRetry'] as const;
    const cancels = Array.from(chosen, (known): Action => {
      const way = random.pick(ways);
      return () => desk[way](known);
    });
    return random.sample([...cancels, ...this.#bookings(0.1)]);
  }

  /** Seats stay empty and go to the next; some who cancelled come back as new arrivals. */
  #noShows(): Action[] {
    const { desk, ledger, random, patients } = this.#deps;
    const absent = random.sample(ledger.seated, share(patients, 0.1));
    const waiters = random.sample(ledger.waiting, share(patients, 0.03));
    const returning = random.sample(ledger.departed('cancelled'), share(patients, 0.05));
    const returns = returning.map(({ patient, slot, booking: { type } }): Action => {
      const comer = { ...patient, nth: (this.#patients += 1) };
      return () => desk.book({ patient: comer, slot, type });
    });
    const absences = [...absent, ...waiters].map(
      (known): Action =>
        () =>
          desk.noShow(known),
    );
    return random.sample([...absences, ...returns]);
  }

  /** What must be refused, and change nothing. */
  #mistakes(): Action[] {
    const { desk, ledger, random, patients, run } = this.#deps;
    const few = share(patients, 0.03);
    const gone = random.sample(ledger.departed('cancelled'), few);
    const absent = random.sample(ledger.departed('no_show'), few);
    const refused = (
      at: string,
      path: string,
      status: number,
      code: string,
      body: object,
    ): Action => {
      return () => desk.refused(at, path, body, status, code);
    };
    const late = (path: string, status: number, code: string) => (known: Known) => {
      const { id } = known.booking;
      return refused(`POST ${path} of ${id}, which is over`, path, status, code, { token_id: id });
    };
    const body = bodyOf(this.#asked(this.#type()));
    const mistyped = { ...body, patient_type: 'EMERGANCY' };
    const [first, last] = [ledger.slots[0], ledger.slots.at(-1)];
    const stranger = { ...body, slot_id: first?.id, doctor_id: last?.doctorId };
    const nobody = { token_id: `${run}-nobody` };
    const actions = [
      ...gone.map(late('/cancel', 404, 'token_already_cancelled')),
      ...gone.map(late('/no-show', 404, 'token_already_cancelled')),
      ...absent.map(late('/cancel', 409, 'invalid_transition')),
      ...absent.map(late('/no-show', 409, 'invalid_transition')),
      refused('A mistyped class', '/book', 400, 'invalid_request', mistyped),
      refused('An own priority', '/book', 400, 'invalid_request', { ...body, priority: 1_000 }),
      refused('No name', '/book', 400, 'invalid_request', { ...body, patient_name: ' ' }),
      refused('No doctor', '/book', 404, 'doctor_not_found', { ...body, doctor_id: run }),
      refused('No slot', '/book', 404, 'slot_not_found', { ...body, slot_id: run }),
      refused('No token', '/cancel', 404, 'token_not_found', nobody),
      ...(first?.doctorId === last?.doctorId
        ? []
        : [refused("Another doctor's slot", '/book', 404, 'slot_not_found', stranger)]),
    ];
    return random.sample(actions);
  }

  /** Bookings of a share of the day's patients, anywhere, of one class or of all. */
  #bookings(part: number, type?: string): Action[] {
    return Array.from({ length: share(this.#deps.patients, part) }, () =>
      this.#booking(type ?? this.#type()),
    );
  }

  #booking(type: string, slot?: OpenedSlot): Action {
    const { desk, random } = this.#deps;
    const asked = this.#asked(type, slot);
    return random.chance(DOUBLE_CLICKS) ? () => desk.bookTwice(asked) : () => desk.book(asked);
  }

  #asked(type: string, slot?: OpenedSlot): BookingAsked {
    const { ledger, random } = this.#deps;
    return { patient: this.#patient(), slot: slot ?? random.pick(ledger.slots), type };
  }

  #type(): string {
    return this.#deps.random.pick(this.#classes);
  }

  #patient(): Patient {
    const nth = (this.#patients += 1);
    const patientId = nth % 2 === 0 ? `${this.#deps.run}-p${nth}` : null;
    return { nth, name: this.#deps.random.pick(SURNAMES), patientId };
  }
}

const share = (patients: number, part: number): number => Math.max(Math.round(patients * part), 1);

const bodyOf = ({ patient, slot, type }: BookingAsked): object => ({
  doctor_id: slot.doctorId,
  slot_id: slot.id,
  patient_name: patient.name,
  patient_type: type,
});

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
