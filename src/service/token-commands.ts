import {
  startsBefore,
  type Book,
  type Booked,
  type Called,
  type CallNext,
  type Change,
  type Correct,
  type Departure,
  type EpochMs,
  type LocalDate,
  type Move,
  type NoShow,
  type Outcome,
  type Reclassify,
  type Reordered,
  type Start,
  type Token,
  type TokenId,
  type Undone,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import { localDateAt, startOfDate } from './calendar.ts';
import type { CommandContext } from './caller.ts';
import { takesOver, type CommandName } from './commands.ts';
import type { Answer } from './idempotency.ts';
import type { Fault } from './fault-words.ts';
import { refused, type Result } from './refusal.ts';
import {
  momentAt,
  type CommandDeps,
  type CommandStep,
  type Intent,
  type Projection,
  type Runner,
} from './runner.ts';

/** A command as a caller sends it: the service adds the instant, the local date and the id of a new token. */
type Sent<Command> = Omit<Command, 'at' | 'today' | 'dateBegins' | 'tokenId'>;

export type BookCommand = Sent<Book>;

export interface CallNextCommand extends Omit<Sent<CallNext>, 'current'> {
  /** Whether the current patient is completed first; not together with `skipCurrent`. */
  readonly completeCurrent: boolean;
  /** Whether the current patient is skipped first (R21). */
  readonly skipCurrent: boolean;
}

/** A list of bookings. Each is a booking that can be decided, or the refusal of one that is not valid. */
export interface BookAllCommand {
  readonly bookings: readonly Result<BookCommand>[];
  /** Whether no booking is made when one of them is refused. */
  readonly isAllOrNothing: boolean;
}

/** A booking, and what else the patient has on that day. */
export interface BookedVisit extends Booked {
  /** The patient's other live tokens of the same date, of whichever doctor, in the order in which their slots start. */
  readonly alsoBooked: readonly Token[];
}

/** A command on a token that exists. */
export interface OnToken {
  readonly tokenId: TokenId;
}

export interface CancelCommand extends OnToken {
  /** Goes on record; null when the caller gave none. */
  readonly reason: string | null;
}

export type NoShowCommand = OnToken & Sent<NoShow>;
export type StartCommand = OnToken & Sent<Start>;
export type MoveCommand = OnToken & Sent<Move>;

export interface UndoCommand extends OnToken {
  /** Goes on record. */
  readonly reason: string;
}

export interface ReclassifyCommand extends OnToken, Sent<Reclassify> {
  /** Goes on record. */
  readonly reason: string;
}

export interface CorrectCommand extends OnToken, Sent<Correct> {
  /** Goes on record. */
  readonly reason: string;
}

/** The commands on a patient's token, from the booking to the end of the visit. */
export class TokenCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** Books a patient into a slot, or into the next slot of a session (R1-R4, R15). */
  book<View>(
    command: BookCommand,
    context: CommandContext,
    project: Projection<BookedVisit, View>,
  ): Promise<Answer<View>> {
    const { doctorId, slotId } = command;
    const isAlias = this.#deps.engine.sessionDoctor(slotId) !== undefined;
    // As `#scopeOf` has it, without its sets: most commands are single bookings.
    const scope = { doctorIds: [doctorId], slotIds: isAlias ? [] : [slotId], canWait: true };
    const decide = (at: EpochMs): Outcome<BookedVisit> => this.#book(command, at);
    return this.#runner.run('book', context, (intent) =>
      this.#runner.decide(scope, intent, { decide, project }),
    );
  }

  /**
   * Makes the bookings of a list one after another, in one decision. The results have the order of the list; each is what
   * `book` would have answered at its turn.
   */
  bookAll<View>(
    { bookings, isAllOrNothing }: BookAllCommand,
    context: CommandContext,
    project: Projection<BookedVisit, View>,
  ): Promise<Answer<readonly Result<View>[]>> {
    const { engine } = this.#deps;
    const scope = this.#scopeOf(bookings.flatMap((booking) => (booking.ok ? [booking.value] : [])));
    const bookEach = (at: EpochMs) => {
      const changes: Change[] = [];
      const moment = momentAt(engine, at);
      const results = bookings.map((booking): Result<View> => {
        if (!booking.ok) return booking;
        const outcome = this.#book(booking.value, at);
        if (!outcome.ok) return outcome;
        changes.push(...outcome.changes);
        return { ok: true, value: project(outcome.value, moment) };
      });
      return { ok: true as const, changes, value: results };
    };
    const decide = (at: EpochMs) => {
      if (!isAllOrNothing) return bookEach(at);
      // The same code finds out whether all bookings can be made, and is rolled back.
      const { value } = engine.dryRun(() => bookEach(at));
      const refusals = value.flatMap((result, index) =>
        result.ok ? [] : [{ index, refusal: result.refusal }],
      );
      return refusals.length === 0 ? bookEach(at) : refused({ code: 'not_all_bookable', refusals });
    };
    return this.#runner.run('bookAll', context, (intent) =>
      this.#runner.decide(scope, intent, { decide, project: (results) => results }),
    );
  }

  /** Cancels a token, seated or waiting (R5, R6); after its slot has ended too (R11). */
  cancel<View>(
    { tokenId, reason }: CancelCommand,
    context: CommandContext,
    project: Projection<Departure, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Departure> => engine.cancel({ tokenId, at });
    return this.#onToken('cancel', tokenId, context, { decide, project }, reason);
  }

  /** Marks a patient who did not come (R5), not before the slot starts unless forced. */
  noShow<View>(
    { tokenId, force }: NoShowCommand,
    context: CommandContext,
    project: Projection<Departure, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Departure> => engine.noShow({ tokenId, force, at });
    return this.#onToken('noShow', tokenId, context, { decide, project });
  }

  /** Marks a patient as being at the desk, on the date of the slot (R20). */
  checkIn<View>(
    { tokenId }: OnToken,
    context: CommandContext,
    project: Projection<Token, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Token> => {
      const slot = engine.token(tokenId)?.slot;
      const today = this.#todayOf(slot?.doctor, at);
      const dateBegins =
        slot === undefined ? at : startOfDate(slot.facts.date, slot.doctor.facts.timeZone);
      return engine.checkIn({ tokenId, today, dateBegins, at });
    };
    return this.#onToken('checkIn', tokenId, context, { decide, project });
  }

  /** Takes a patient to the doctor, into a room if one is named (R19). */
  start<View>(
    { tokenId, room }: StartCommand,
    context: CommandContext,
    project: Projection<Token, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Token> => {
      const today = this.#todayOf(engine.token(tokenId)?.slot.doctor, at);
      return engine.start({ tokenId, room, today, at });
    };
    return this.#onToken('start', tokenId, context, { decide, project });
  }

  /** Ends a consultation. */
  complete<View>(
    { tokenId }: OnToken,
    context: CommandContext,
    project: Projection<Token, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Token> => engine.complete({ tokenId, at });
    return this.#onToken('complete', tokenId, context, { decide, project });
  }

  /** Marks a patient who was called or had checked in and is not there (R21). */
  skip<View>(
    { tokenId }: OnToken,
    context: CommandContext,
    project: Projection<Reordered, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Reordered> => engine.skip({ tokenId, at });
    return this.#onToken('skip', tokenId, context, { decide, project });
  }

  /** Takes the last change of a token back, for a reason that goes on record; also of a token that is over (R22). */
  undo<View>(
    { tokenId, reason }: UndoCommand,
    context: CommandContext,
    project: Projection<Undone, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Undone> => {
      const today = this.#todayOf(engine.anyToken(tokenId)?.slot.doctor, at);
      return engine.undo({ tokenId, today, at });
    };
    return this.#onToken('undo', tokenId, context, { decide, project }, reason);
  }

  /** Corrects the name or the hospital id of a patient, for a reason that goes on record; also of a token that is over. */
  correct<View>(
    { tokenId, patientName, patientId, reason }: CorrectCommand,
    context: CommandContext,
    project: Projection<Token, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Token> =>
      engine.correct({ tokenId, patientName, patientId, at });
    return this.#onToken('correct', tokenId, context, { decide, project }, reason);
  }

  /** Takes the next checked-in patient to the doctor; the current consultation is completed or skipped if asked to. */
  callNext<View>(
    { completeCurrent, skipCurrent, ...command }: CallNextCommand,
    context: CommandContext,
    project: Projection<Called, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const { doctorId, slotId } = command;
    const current = completeCurrent ? 'completed' : skipCurrent ? 'skipped' : null;
    const isAlias = slotId !== null && engine.sessionDoctor(slotId) !== undefined;
    const scope = { doctorIds: [doctorId], slotIds: slotId === null || isAlias ? [] : [slotId] };
    return this.#runner.run('callNext', context, (intent) => {
      if (completeCurrent && skipCurrent)
        return Promise.resolve(refused({ code: 'invalid_request', errors: [EITHER_OR] }));
      return this.#runner.decide(scope, intent, {
        decide: (at) => {
          const today = this.#todayOf(engine.doctor(doctorId), at);
          return engine.callNext({ ...command, current, today, at });
        },
        project,
      });
    });
  }

  /** Moves a patient to another slot, of any doctor; when refused, the patient keeps the old place (R13). */
  move<View>(
    { tokenId, slotId }: MoveCommand,
    context: CommandContext,
    project: Projection<Reordered, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Reordered> => engine.move({ tokenId, slotId, at });
    return this.#runner.run('move', context, async (intent) => {
      const target = await this.#runner.scopeOfSlot(slotId);
      return target === undefined
        ? this.#runner.refuse({ code: 'slot_not_found' }, intent)
        : this.#runner.decideOnToken(tokenId, intent, { decide, project }, { more: target });
    });
  }

  /** Gives a patient another class, for a reason that goes on record (R14). */
  reclassify<View>(
    { tokenId, patientType, reason }: ReclassifyCommand,
    context: CommandContext,
    project: Projection<Reordered, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const decide = (at: EpochMs): Outcome<Reordered> =>
      engine.reclassify({ tokenId, patientType, at });
    return this.#onToken('reclassify', tokenId, context, { decide, project }, reason);
  }

  #book(command: BookCommand, at: EpochMs): Outcome<BookedVisit> {
    const { engine, newId } = this.#deps;
    const { doctorId, slotId, patientName, patientId, patientType } = command;
    const tokenId = newId(at);
    const fields = { doctorId, slotId, tokenId, patientName, patientId, patientType, at };
    return this.#withOthers(engine.book(fields));
  }

  /** The doctors and slots that bookings touch: a session means a slot that is in memory. */
  #scopeOf(bookings: readonly BookCommand[]): Scope {
    const { engine } = this.#deps;
    const isSlot = ({ slotId }: BookCommand): boolean => engine.sessionDoctor(slotId) === undefined;
    return {
      // Doctors are locked in the order of their ids.
      doctorIds: [...new Set(bookings.map(({ doctorId }) => doctorId))].sort(),
      slotIds: [...new Set(bookings.filter(isSlot).map(({ slotId }) => slotId))],
    };
  }

  /** Adds the patient's other tokens of the day: those whose state cannot be lost any more, and those of the same doctor. */
  #withOthers(outcome: Outcome<Booked>): Outcome<BookedVisit> {
    if (!outcome.ok) return outcome;
    const { changes, value } = outcome;
    const { token, bumped } = value;
    return { ok: true, changes, value: { token, bumped, alsoBooked: this.#othersOf(token) } };
  }

  /** In the order of their slots: by start, then by id. A slot has one live token of a patient at most (R15). */
  #othersOf(token: Token): readonly Token[] {
    const { engine, store } = this.#deps;
    if (token.patientId === null) return [];
    const { date, doctorId } = token.slot.facts;
    const tokens = engine.patients.liveTokensOf(token.patientId);
    // Mostly the new token is the only one.
    if (tokens.length === 1) return [];
    return tokens
      .filter((other) => other !== token && other.slot.facts.date === date)
      .filter(
        ({ slot }) => slot.facts.doctorId === doctorId || store.isSettled(slot.facts.doctorId),
      )
      .sort((a, b) => (startsBefore(a.slot.facts, b.slot.facts) ? -1 : 1));
  }

  #onToken<Value, View>(
    name: CommandName,
    id: TokenId,
    context: CommandContext,
    step: CommandStep<Value, View>,
    reason: string | null = null,
  ): Promise<Answer<View>> {
    const reach = takesOver(name) ? 'any' : 'live';
    const decide = (intent: Intent): Promise<Result<View>> =>
      this.#runner.decideOnToken(id, intent, step, { reach });
    return this.#runner.run(name, context, decide, reason);
  }

  /** The local date of a doctor. An unknown doctor has none, and the engine refuses the command whatever the date. */
  #todayOf(doctor: Token['slot']['doctor'] | undefined, at: EpochMs): LocalDate {
    return localDateAt(at, doctor?.facts.timeZone ?? 'UTC');
  }
}

const EITHER_OR: Fault = {
  pointer: '/skip_current',
  detail: 'cannot be combined with `complete_current`: a patient is either completed or skipped',
};
