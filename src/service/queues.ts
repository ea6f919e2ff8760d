import {
  callingOrderOf,
  callingOrderOn,
  isListed,
  localDate,
  slotStatusOf,
  type Doctor,
  type DoctorId,
  type LocalDate,
  type Moment,
  type Token,
} from '../engine/index.ts';
import { PAGE_ITEMS } from '../store/index.ts';
import type { Identity } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import { liveTokensIn } from './past-slot.ts';
import type { DoctorQueue, LongQueue, Queue, QueueQuery, ReadDeps } from './read-model.ts';
import { refused, type Result } from './refusal.ts';
import { momentAt, type Projection } from './runner.ts';

interface QueueDay {
  readonly moment: Moment;
  /** The doctor's local date at this moment. */
  readonly today: LocalDate;
  readonly date: LocalDate;
}

/** Reads the calling orders of the doctors. */
export class Queues {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** The calling orders of a day, doctor by doctor, in the order of their ids (R18). */
  async queue<View>(
    query: QueueQuery,
    project: Projection<Token, View>,
  ): Promise<Result<Queue<View> | LongQueue>> {
    const { engine, store, largeReads } = this.#deps;
    const { doctorIds, date, identity } = query;
    const errors = dateFaultsOf({ date });
    if (errors.length > 0) return refused({ code: 'invalid_request', errors });
    const ids = doctorIds.length > 0 ? new Set(doctorIds) : this.#doctorsFor(identity);
    let tokens = 0;
    const queues = await Promise.all(
      Array.from(ids, (id) =>
        store.read(id, () => {
          const doctor = engine.doctor(id);
          if (doctor === undefined) return undefined;
          const day = this.#dayOf(doctor, date);
          tokens += tokensUpTo(doctor, day);
          return tokens > PAGE_ITEMS ? 'long' : shownQueue(this.#queueOf(doctor, day), project);
        }),
      ),
    );
    if (queues.includes(undefined)) return refused({ code: 'doctor_not_found' });
    const shown = queues.filter((queue) => queue !== undefined && queue !== 'long');
    if (shown.length === queues.length) return { ok: true, value: { queues: shown } };
    const ended = query.ended();
    await largeReads.begin(ended);
    return { ok: true, value: { longQueues: this.#longQueues([...ids], date), ended } };
  }

  /** The doctors whom an identity sees, in the order of their ids. */
  #doctorsFor({ doctorIds }: Identity): readonly DoctorId[] {
    const listed = [...this.#deps.engine.doctors].map(({ facts }) => facts).filter(isListed);
    const ids = listed.map(({ id }) => id).sort();
    return doctorIds === null ? ids : ids.filter((id) => doctorIds.has(id));
  }

  /** The queues one after another, each as it is when it is asked for. */
  async *#longQueues(
    ids: readonly DoctorId[],
    date: string | undefined,
  ): AsyncGenerator<DoctorQueue<Token>> {
    const { engine, store } = this.#deps;
    for (const id of ids) {
      const queue = await store.read(id, () => {
        const doctor = engine.doctor(id);
        return doctor && this.#queueOf(doctor.copy(), this.#dayOf(doctor, date));
      });
      if (queue !== undefined) yield queue;
    }
  }

  /** The instant of a queue, and the date that it is of: the doctor's today unless one is named. */
  #dayOf({ facts }: Doctor, date: string | undefined): QueueDay {
    const { engine, clock } = this.#deps;
    const moment = momentAt(engine, clock());
    const today = moment.todayIn(facts.timeZone);
    return { moment, today, date: date === undefined ? today : localDate(date) };
  }

  #queueOf(doctor: Doctor, { moment, today, date }: QueueDay): DoctorQueue<Token> {
    const { engine } = this.#deps;
    const { at } = moment;
    const order =
      date === today ? callingOrderOf(engine, doctor, today, at) : callingOrderOn(doctor, date);
    const { breakUntil } = doctor;
    return {
      ...order,
      ...{ doctor: doctor.facts, moment, date },
      slots: order.slots.map((slot) => ({
        facts: slot.facts,
        status: slotStatusOf(slot, moment),
      })),
      breakUntil: breakUntil !== null && breakUntil > at ? breakUntil : null,
    };
  }
}

/** How many live tokens the queue of a day has at most: slots of the dates before it may still go on. */
const tokensUpTo = ({ slots }: Doctor, { date, today }: QueueDay): number =>
  liveTokensIn(
    slots.filter(({ facts }) => (date === today ? facts.date <= date : facts.date === date)),
  );

/** A queue with its tokens as they are shown. */
function shownQueue<View>(
  { inConsultation, toCall, skipped, waiting, ...head }: DoctorQueue<Token>,
  project: Projection<Token, View>,
): DoctorQueue<View> {
  const shown = (tokens: readonly Token[]): View[] =>
    tokens.map((token) => project(token, head.moment));
  return {
    ...head,
    inConsultation: shown(inConsultation),
    toCall: shown(toCall),
    skipped: shown(skipped),
    waiting: shown(waiting),
  };
}
