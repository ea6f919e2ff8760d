import {
  HOSPITAL,
  isDoctor,
  isListed,
  isLive,
  type DoctorFacts,
  type DoctorId,
  type Leave,
  type PatientClass,
  type Slot,
  type SlotId,
  type Token,
  type TokenId,
} from '../engine/index.ts';
import { PAGE_ITEMS, type Pages, type StoredToken } from '../store/index.ts';
import type { Query } from './caller.ts';
import { inTurns, slicesOf } from './large-reads.ts';
import { liveTokensIn, pastSlot } from './past-slot.ts';
import { Queues } from './queues.ts';
import type {
  DoctorQuery,
  Doctors,
  DoctorsQuery,
  History,
  LongQueue,
  LongSchedule,
  Queue,
  QueueQuery,
  ReadDeps,
  ReadSlot,
  Schedule,
  ScheduleQuery,
  SlotQuery,
  TokenProjection,
  TokenQuery,
} from './read-model.ts';
import { refused, type Result } from './refusal.ts';
import { momentAt, type Projection } from './runner.ts';
import { Schedules } from './schedules.ts';
import { Search, type SearchPage, type SearchQuery } from './search.ts';

/**
 * The reads. Slots and tokens in memory are projected at once, and the answer waits until their state is durable; the
 * others are read from the store. No answer shows a state that could still be lost.
 */
export class Reads {
  readonly #deps: ReadDeps;
  readonly #schedules: Schedules;
  readonly #queues: Queues;
  readonly #search: Search;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
    this.#schedules = new Schedules(deps);
    this.#queues = new Queues(deps);
    this.#search = new Search({ ...deps, read: (query, how) => this.token(query, how) });
  }

  /** The class table, highest priority first. */
  get patientTypes(): readonly PatientClass[] {
    return this.#deps.engine.rules.classes;
  }

  /** A token of any age and status. */
  token<View>(
    { tokenId: id, ended }: TokenQuery,
    projection: TokenProjection<View>,
  ): Promise<Result<View>> {
    const { engine, archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      for (;;) {
        const doctorId = engine.token(id)?.slot.facts.doctorId;
        const live = doctorId && (await this.#liveToken(id, doctorId, projection.live));
        if (live !== undefined) return { ok: true, value: live };
        const stored = await archive.token(id);
        if (stored === undefined) return refused({ code: 'token_not_found' });
        const value = await this.#storedToken(stored, projection, ended);
        // Undefined when the token has left its slot since it was read: it is read again.
        if (value !== undefined) return { ok: true, value };
      }
    });
  }

  /** The tokens that have all of what is asked for, some at a time. */
  tokens<View>(
    query: SearchQuery,
    projection: TokenProjection<View>,
  ): Promise<Result<SearchPage<View>>> {
    return this.#deps.lifecycle.read(() => this.#search.tokens(query, projection));
  }

  /** A slot of any age, with all its live tokens. A session id means the session's next slot that takes bookings. */
  slot<View>(
    { slotId: id, ended }: SlotQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<ReadSlot<View>>> {
    const { store, archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<ReadSlot<View>>(async () => {
      const owner = await store.ownerOf(id);
      if (owner === undefined) return refused({ code: 'slot_not_found' });
      const { moment, doctor, view, copy } = await store.read(owner, () =>
        this.#slotInMemory(id, owner, project),
      );
      if (view !== null) return { ok: true, value: { view: view.value } };
      const facts = copy === undefined ? await archive.slot(id) : copy.facts;
      if (facts === undefined || doctor === undefined) return refused({ code: 'slot_not_found' });
      const signal = ended();
      await largeReads.begin(signal);
      const slot = copy ?? (await pastSlot(this.#deps, doctor, facts, signal));
      return { ok: true, value: { slot, moment, ended: signal } };
    });
  }

  /** A token's change records, oldest first (R17). */
  history({ tokenId: id, ended }: TokenQuery): Promise<Result<History>> {
    const { archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<History>(async () => {
      const first = await firstOf(archive.history(id));
      if (first === undefined) return refused({ code: 'token_not_found' });
      if (first.length < PAGE_ITEMS) return { ok: true, value: { changes: first } };
      const signal = ended();
      await largeReads.begin(signal);
      return { ok: true, value: { changes: inTurns(archive.history(id), signal) } };
    });
  }

  /** A doctor's slots of some days, with all their tokens. */
  schedule<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<Schedule<View> | LongSchedule>> {
    return this.#deps.lifecycle.read(() => this.#schedules.schedule(query, project));
  }

  /** The calling orders of a day, doctor by doctor, in the order of their ids (R18). */
  queue<View>(
    query: QueueQuery,
    project: Projection<Token, View>,
  ): Promise<Result<Queue<View> | LongQueue>> {
    return this.#deps.lifecycle.read(() => this.#queues.queue(query, project));
  }

  /** The doctors, or the retired ones, in the order of their ids. */
  doctors({ retired, ended }: DoctorsQuery): Promise<Result<Doctors>> {
    const { archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<Doctors>(async () => {
      const known = (await archive.doctors()).filter(isDoctor);
      const doctors = known.filter((facts) => isListed(facts) !== retired);
      if (doctors.length <= PAGE_ITEMS) return { ok: true, value: { doctors } };
      const signal = ended();
      await largeReads.begin(signal);
      return { ok: true, value: { doctors: inTurns(slicesOf(doctors), signal) } };
    });
  }

  /** The hospital's holidays, in the order of their dates. */
  readonly holidays: (query: Query) => Promise<Result<readonly Leave[]>> = () => {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = (await archive.doctor(HOSPITAL))?.leaves ?? [];
      return { ok: true, value };
    });
  };

  /** What the screens of the hospital announce; null for nothing. */
  readonly announcement: (query: Query) => Promise<Result<string | null>> = () => {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const hospital = await store.read(HOSPITAL, () => engine.doctor(HOSPITAL)?.facts);
      return { ok: true, value: hospital?.announcement ?? null };
    });
  };

  /** A doctor, without slots. */
  doctor({ doctorId: id }: DoctorQuery): Promise<Result<DoctorFacts>> {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await archive.doctor(id);
      return value === undefined ? refused({ code: 'doctor_not_found' }) : { ok: true, value };
    });
  }

  /** A slot in memory: as it is shown, or its copy if it has many tokens. */
  #slotInMemory<View>(id: SlotId, owner: DoctorId, project: Projection<Slot, View>) {
    const { engine, clock } = this.#deps;
    const moment = momentAt(engine, clock());
    const doctor = engine.doctor(owner);
    const slot = engine.resolveSlot(id, moment.at);
    const isCopied = slot !== undefined && liveTokensIn([slot]) > PAGE_ITEMS;
    const copies = isCopied ? (doctor?.copy().slots ?? []) : [];
    return {
      moment,
      doctor: doctor?.facts,
      view: slot === undefined || isCopied ? null : { value: project(slot, moment) },
      copy: copies.find(({ facts }) => facts.id === slot?.facts.id),
    };
  }

  /** A live token of a slot in memory. */
  #liveToken<View>(
    id: TokenId,
    doctorId: DoctorId,
    project: Projection<Token, View>,
  ): Promise<View | undefined> {
    const { engine, store, clock } = this.#deps;
    return store.read(doctorId, () => {
      const token = engine.token(id);
      const isWithDoctor = token?.slot.facts.doctorId === doctorId;
      return isWithDoctor ? project(token, momentAt(engine, clock())) : undefined;
    });
  }

  /** A token as it is stored; undefined when it has moved to another slot since then. */
  async #storedToken<View>(
    stored: StoredToken,
    { live: project, over }: TokenProjection<View>,
    ended: Query['ended'],
  ): Promise<View | undefined> {
    const { engine, archive, clock, largeReads } = this.#deps;
    const { id, doctorId, status } = stored;
    const live = isLive(status) ? await this.#liveToken(id, doctorId, project) : undefined;
    if (live !== undefined) return live;
    const slot = await archive.slot(stored.slotId);
    if (slot === undefined) throw new Error(`The slot of token ${id} is not in the store.`);
    const doctor = engine.doctor(doctorId)?.facts;
    if (!isLive(status) || doctor === undefined) return over(stored, slot);
    // The slot has been evicted from memory: the token's place is found in the slot as it is stored.
    const signal = ended();
    await largeReads.begin(signal);
    const token = (await pastSlot(this.#deps, doctor, slot, signal))
      .tokens()
      .find((each) => each.id === id);
    return token && project(token, momentAt(engine, clock()));
  }
}

async function firstOf<Item>(pages: Pages<Item>): Promise<readonly Item[] | undefined> {
  for await (const page of pages) return page;
  return undefined;
}
