import {
  slotId,
  tokenId,
  type AllocationEngine,
  type CallNext,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type Outcome,
  type TokenCommand,
} from '../../../src/engine/index.ts';
import { startOfDate } from '../../../src/service/calendar.ts';
import {
  accepted,
  classOf,
  clock,
  found,
  NOW,
  RAO,
  SEN,
  TODAY,
  TOMORROW,
} from '../engine/clinic.ts';
import { Desk } from './desk.ts';

/** A desk whose commands must all be accepted: a refusal fails the test. */
export class FrontDesk extends Desk {
  at: EpochMs = NOW;
  today: LocalDate = TODAY;
  /** The reason that is recorded with the commands. */
  reason: string | null = null;

  /** Adds two slots of Dr Rao today and one tomorrow, with two seats each, and one of Dr Sen today with one seat. */
  async openSlots(): Promise<void> {
    const two = { capacity: 2 };
    await this.put({ id: RAO }, [
      { ...two },
      { ...two, id: slotId('ten'), startTime: clock(10), endTime: clock(11) },
      { ...two, id: slotId('morrow'), date: TOMORROW, startTime: clock(33), endTime: clock(34) },
    ]);
    await this.put({ id: SEN, name: 'Dr Sen' }, [{ id: slotId('other') }]);
  }

  /** Books these tokens in order. A name begins with the letter of the patient's class, as in `Clinic`. */
  async admit(slot: string, names: string): Promise<void> {
    const { doctorId } = found(this.engine.slot(slotId(slot))).facts;
    const facts = { doctorId, slotId: slotId(slot), at: this.at };
    // The bookings are decided in order and committed in one batch.
    const booked = names
      .split(' ')
      .map((name) => this.book(name, { ...facts, patientType: classOf(name) }));
    for (const outcome of await Promise.all(booked)) accepted(outcome);
  }

  /** Cancels these tokens. */
  leave = (names: string) => this.#each(names, (engine, command) => engine.cancel(command));
  checkIn = (names: string) =>
    this.#each(names, (engine, command) => {
      const { facts, doctor } = found(engine.token(command.tokenId)).slot;
      const dateBegins = startOfDate(facts.date, doctor.facts.timeZone);
      return engine.checkIn({ ...command, today: this.today, dateBegins });
    });
  complete = (names: string) => this.#each(names, (engine, command) => engine.complete(command));
  noShow = (names: string) =>
    this.#each(names, (engine, command) => engine.noShow({ ...command, force: true }));
  start = (names: string, room: string | null = null) =>
    this.#each(names, (engine, command) => engine.start({ ...command, room, today: this.today }));
  skip = (names: string) => this.#each(names, (engine, command) => engine.skip(command));
  undo = (names: string) =>
    this.#each(names, (engine, command) => engine.undo({ ...command, today: this.today }));

  move = (name: string, slot: string) =>
    this.#each(name, (engine, command) => engine.move({ ...command, slotId: slotId(slot) }));

  reclassify = (name: string, patientType: string) =>
    this.#each(name, (engine, command) => engine.reclassify({ ...command, patientType }));

  correct = (name: string, patientName: string) =>
    this.#each(name, (engine, command) =>
      engine.correct({ ...command, patientName, patientId: undefined }),
    );

  async revise(slot: string, capacity: number): Promise<void> {
    const others = { delayMinutes: undefined, intake: undefined };
    const command = { slotId: slotId(slot), capacity, ...others, at: this.at };
    await this.#accept((engine) => engine.reviseSlot(command));
  }

  async close(slot: string, moveTo?: string): Promise<void> {
    const target = moveTo === undefined ? null : slotId(moveTo);
    const command = { slotId: slotId(slot), reason: 'ill', moveTo: target, at: this.at };
    await this.#accept((engine) => engine.closeSlot(command));
  }

  async reopen(slot: string): Promise<void> {
    await this.#accept((engine) => engine.reopenSlot({ slotId: slotId(slot), at: this.at }));
  }

  /** Calls Dr Rao's next patient, of all slots of the day unless the command names one. */
  async callNext(command: Partial<CallNext> = {}): Promise<void> {
    const now = { today: this.today, at: this.at };
    const call = { doctorId: RAO, slotId: null, room: null, current: null, ...now, ...command };
    await this.#accept((engine) => engine.callNext(call));
  }

  async pause(doctorId: DoctorId, minutes: number): Promise<void> {
    await this.#accept((engine) => engine.setBreak({ doctorId, minutes, at: this.at }));
  }

  async passTime(doctor: DoctorId = RAO): Promise<void> {
    await this.#accept((engine) => engine.advanceTime(doctor, this.at));
  }

  async #each(
    names: string,
    command: (engine: AllocationEngine, facts: TokenCommand) => Outcome<unknown>,
  ): Promise<void> {
    const done = names
      .split(' ')
      .map((name) =>
        this.#accept((engine) => command(engine, { tokenId: tokenId(name), at: this.at })),
      );
    await Promise.all(done);
  }

  async #accept(command: (engine: AllocationEngine) => Outcome<unknown>): Promise<void> {
    const scope = { doctorIds: [RAO, SEN] };
    accepted(await this.run(scope, () => command(this.engine), { reason: this.reason }));
  }
}
