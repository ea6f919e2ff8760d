import {
  NEW_DOCTOR,
  NEW_SLOT,
  lastChange,
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  localDate,
  patientId,
  slotId,
  tokenId,
  type Book,
  type Booked,
  type CallNext,
  type Called,
  type ClosedSlot,
  type CloseSlot,
  type DelayDay,
  type Doctor,
  type DoctorFacts,
  type EngineRules,
  type EpochMs,
  type Moment,
  type Departure,
  type Outcome,
  type Reordered,
  type RevisedSlot,
  type ReviseSlot,
  type RestoredToken,
  type Slot,
  type SlotFacts,
  type Start,
  type Token,
  type Undone,
  type Status,
} from '../../../src/engine/index.ts';

export const RULES: EngineRules = { classes: DEFAULT_CLASSES, graceMinutes: 0, waitlistMax: 1_000 };

/** A time of Monday 5 January 2026 in UTC, the day of these tests; hours above 23 are on later days. */
export const clock = (hour: number, minute = 0): EpochMs =>
  epochMs(Date.UTC(2026, 0, 5, hour, minute));

export const NOW = clock(8);

export const TODAY = localDate('2026-01-05');
export const TOMORROW = localDate('2026-01-06');
export const RAO = doctorId('rao');
export const SEN = doctorId('sen');

export const doctorFacts = (facts: Partial<DoctorFacts> = {}): DoctorFacts => ({
  id: RAO,
  name: 'Dr Rao',
  department: 'ENT',
  timeZone: 'UTC',
  ...NEW_DOCTOR,
  sessions: [],
  ...facts,
});

export const slotFacts = (facts: Partial<SlotFacts> = {}): SlotFacts => ({
  id: slotId('nine'),
  doctorId: RAO,
  sessionId: null,
  date: TODAY,
  startTime: clock(9),
  endTime: clock(10),
  capacity: 1,
  ...NEW_SLOT,
  startDelayMinutes: facts.delayMinutes ?? 0,
  ...facts,
});

const PRIORITIES = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

/** The class with the same first letter as the name: `W2` is a walk-in, `E1` an emergency. */
export const classOf = (name: string): string =>
  found(DEFAULT_CLASSES.find(({ type }) => type.startsWith(name.charAt(0)))).type;

/**
 * A token in words: `W1` is booked, `W1:WAITING` has this status, `W1:WAITING:checked-in` has checked in before,
 * `W1:IN_CONSULTATION@A` is in room A, and `W2/W1` is a token of the patient W1.
 */
const tokenFactsOf = (
  person: string,
  place: number,
  lastArrival: number,
  { id, date }: SlotFacts,
): RestoredToken => {
  const [who = '', room = null] = person.split('@');
  const [names = '', status = 'BOOKED', checkedIn] = who.split(':');
  const [name = '', patient = name] = names.split('/');
  const patientType = classOf(name);
  return {
    tokenId: tokenId(name),
    slotId: id,
    patientName: name,
    patientId: patientId(patient),
    patientType,
    priority: found(PRIORITIES.get(patientType)),
    arrival: lastArrival + place,
    number: date === TODAY ? lastArrival + place : place,
    bookedAt: NOW,
    status: status as Status,
    hasCheckedIn: checkedIn !== undefined || !['BOOKED', 'SKIPPED', 'WAITING'].includes(status),
    room,
    last: lastChange('booked', null),
  };
};

/** A slot and its people in the order of arrival, such as `W1 F1:CHECKED_IN E1:WAITING`. */
export interface SlotSetup {
  readonly people?: string;
  readonly slot?: Partial<SlotFacts>;
}

export interface Setup extends SlotSetup {
  readonly rules?: Partial<EngineRules>;
  /** Of Dr Rao. */
  readonly doctor?: Partial<DoctorFacts>;
  /** Further slots, of Dr Rao or of Dr Sen. A test names them by their ids. */
  readonly more?: readonly SlotSetup[];
}

/**
 * An engine with two doctors and one or more slots; the first is `nine` of Dr Rao, from 9 to 10 o'clock. A patient's
 * name gives the class and is also the id of the token and of the patient. No-shows are forced unless a test says
 * otherwise.
 */
export class Clinic {
  readonly engine: AllocationEngine;
  readonly slot: Slot;

  constructor({ people = '', slot = {}, rules = {}, more = [], doctor = {} }: Setup) {
    this.engine = new AllocationEngine({ ...RULES, ...rules });
    this.engine.putDoctor(doctorFacts(doctor), [], NOW);
    this.engine.putDoctor(doctorFacts({ id: SEN, name: 'Dr Sen' }), [], NOW);
    for (const setup of [{ people, slot }, ...more]) this.#restore(setup);
    this.slot = this.slotOf(slotFacts(slot).id);
  }

  book(name: string, command: Partial<Book> = {}): Outcome<Booked> {
    return this.engine.book({
      doctorId: RAO,
      slotId: this.slot.facts.id,
      tokenId: tokenId(name),
      patientName: name,
      patientId: patientId(name),
      patientType: classOf(name),
      at: NOW,
      ...command,
    });
  }

  cancel(name: string, at = NOW): Outcome<Departure> {
    return this.engine.cancel({ tokenId: tokenId(name), at });
  }

  noShow(name: string, at = NOW, force = true): Outcome<Departure> {
    return this.engine.noShow({ tokenId: tokenId(name), at, force });
  }

  /** The date begins at midnight in UTC. */
  checkIn(name: string, at = NOW, today = TODAY): Outcome<Token> {
    const { date } = this.token(name).slot.facts;
    const dateBegins = epochMs(Date.parse(date));
    return this.engine.checkIn({ tokenId: tokenId(name), today, dateBegins, at });
  }

  start(name: string, command: Partial<Start> = {}): Outcome<Token> {
    const now = { today: TODAY, at: NOW };
    return this.engine.start({ tokenId: tokenId(name), room: null, ...now, ...command });
  }

  skip(name: string, at = NOW): Outcome<Reordered> {
    return this.engine.skip({ tokenId: tokenId(name), at });
  }

  undo(name: string, at = NOW, today = TODAY): Outcome<Undone> {
    return this.engine.undo({ tokenId: tokenId(name), today, at });
  }

  complete(name: string, at = NOW): Outcome<Token> {
    return this.engine.complete({ tokenId: tokenId(name), at });
  }

  callNext(command: Partial<CallNext> = {}): Outcome<Called> {
    const now = { today: TODAY, at: NOW };
    const plain = { doctorId: RAO, slotId: null, room: null, current: null };
    return this.engine.callNext({ ...plain, ...now, ...command });
  }

  move(name: string, slot: string, at = NOW): Outcome<Reordered> {
    return this.engine.move({ tokenId: tokenId(name), slotId: slotId(slot), at });
  }

  /** The class is given by its first letter: `E` is an emergency. */
  reclassify(name: string, type: string, at = NOW): Outcome<Reordered> {
    return this.engine.reclassify({ tokenId: tokenId(name), patientType: classOf(type), at });
  }

  reviseSlot(command: Partial<ReviseSlot>): Outcome<RevisedSlot> {
    const same = { capacity: undefined, delayMinutes: undefined, intake: undefined };
    return this.engine.reviseSlot({ slotId: this.slot.facts.id, ...same, at: NOW, ...command });
  }

  closeSlot(moveTo: string | null = null, command: Partial<CloseSlot> = {}): Outcome<ClosedSlot> {
    const target = moveTo === null ? null : slotId(moveTo);
    const closing = { slotId: this.slot.facts.id, reason: 'ill', moveTo: target, at: NOW };
    return this.engine.closeSlot({ ...closing, ...command });
  }

  reopenSlot(name: string, at = NOW): Outcome<Slot> {
    return this.engine.reopenSlot({ slotId: slotId(name), at });
  }

  delayDay(command: Partial<DelayDay>): Outcome<readonly Slot[]> {
    return this.engine.delayDay({ doctorId: RAO, date: TODAY, minutes: 0, at: NOW, ...command });
  }

  setBreak(minutes: number, at = NOW): Outcome<Doctor> {
    return this.engine.setBreak({ doctorId: RAO, minutes, at });
  }

  advanceTime(at: EpochMs, doctor = RAO): Outcome<Doctor> {
    return this.engine.advanceTime(doctor, at);
  }

  /** A token, live or over. */
  token(name: string): Token {
    return found(this.engine.anyToken(tokenId(name)));
  }

  slotOf(name: string): Slot {
    return found(this.engine.slot(slotId(name)));
  }

  /** The board of the slot of this name. */
  board(name: string = this.slot.facts.id): string {
    return boardOf(this.slotOf(name));
  }

  #restore({ people = '', slot = {} }: SlotSetup): void {
    const facts = slotFacts(slot);
    const { lastArrival } = found(this.engine.doctor(facts.doctorId));
    const names = people.split(' ').filter((person) => person !== '');
    const tokens = names.map((name, index) => tokenFactsOf(name, index + 1, lastArrival, facts));
    this.engine.restoreSlot(facts, tokens);
  }
}

/** The instant of an answer; all doctors are in UTC. */
export const momentOf = (engine: AllocationEngine, at: EpochMs): Moment => ({
  engine,
  at,
  todayIn: () => localDate(new Date(at).toISOString().slice(0, 10)),
});

/** The ranked list with its capacity line: `'E1 W1 | W2'` has two seated tokens and a waiting one. */
export function boardOf(slot: Slot): string {
  const names = (tokens: readonly Token[]): string => tokens.map(({ id }) => id).join(' ');
  return `${names(slot.seatedTokens())} | ${names(slot.waitlist())}`.trim();
}

/** A clinic with one slot of this capacity and these people. */
export const given = (capacity: number, people = ''): Clinic =>
  new Clinic({ slot: { capacity }, people });

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the test needs a value that does not exist');
  return value;
}

/**
 * The outcome of a command that was accepted.
 * @throws Error when it was refused
 */
export function accepted<T>(outcome: Outcome<T>): Extract<Outcome<T>, { ok: true }> {
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal.code}`);
  return outcome;
}
