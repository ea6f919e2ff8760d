import {
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
  type Departure,
  type LiveStatus,
  type Outcome,
  type Reordered,
  type RevisedSlot,
  type ReviseSlot,
  type Slot,
  type SlotFacts,
  type Token,
  type TokenFacts,
} from '../../../src/engine/index.ts';

export const RULES: EngineRules = { classes: DEFAULT_CLASSES, graceMinutes: 0, waitlistMax: 1_000 };

/** An hour of Monday 5 January 2026, the day of every test here, in UTC. */
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
  delayMinutes: 0,
  capacity: 1,
  closedReason: null,
  ...facts,
});

const PRIORITIES = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

/** The class that a name begins with: `W2` is the second walk-in, `E1` the first emergency. */
export const classOf = (name: string): string =>
  found(DEFAULT_CLASSES.find(({ type }) => type.startsWith(name.charAt(0)))).type;

/** `W1` sits on a seat, `W1:WAITING` has that status, `W1:WAITING:present` has been at the desk before, `W2/W1` is W1's. */
const placed = (
  person: string,
  place: number,
  before: number,
  { id, date }: SlotFacts,
): TokenFacts => {
  const [who = '', status = 'BOOKED', present] = person.split(':');
  const [name = '', patient = name] = who.split('/');
  const patientType = classOf(name);
  return {
    tokenId: tokenId(name),
    slotId: id,
    patientName: name,
    patientId: patientId(patient),
    patientType,
    priority: found(PRIORITIES.get(patientType)),
    arrival: before + place,
    number: date === TODAY ? before + place : place,
    bookedAt: NOW,
    to: status as LiveStatus,
    hasCheckedIn: present !== undefined || (status !== 'BOOKED' && status !== 'WAITING'),
  };
};

/** A slot and who is in it, in the order of arrival, such as `W1 F1:CHECKED_IN E1:WAITING`. */
export interface Sitting {
  readonly people?: string;
  readonly slot?: Partial<SlotFacts>;
}

export interface Setup extends Sitting {
  readonly rules?: Partial<EngineRules>;
  /** Further slots, of Dr Rao or of Dr Sen; each id is also the slot's name here. */
  readonly more?: readonly Sitting[];
}

/**
 * Two doctors and a slot of Dr Rao, `nine`, from 9 to 10 o'clock, or more of them. A name says the class and is also the
 * token's and the patient's id. No-shows are forced unless a test says otherwise.
 */
export class Clinic {
  readonly engine: AllocationEngine;
  readonly slot: Slot;

  constructor({ people = '', slot = {}, rules = {}, more = [] }: Setup) {
    this.engine = new AllocationEngine({ ...RULES, ...rules });
    this.engine.putDoctor(doctorFacts(), [], NOW);
    this.engine.putDoctor(doctorFacts({ id: SEN, name: 'Dr Sen' }), [], NOW);
    for (const sitting of [{ people, slot }, ...more]) this.#restore(sitting);
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

  checkIn(name: string, at = NOW): Outcome<Token> {
    return this.engine.checkIn({ tokenId: tokenId(name), at });
  }

  start(name: string, at = NOW, today = TODAY): Outcome<Token> {
    return this.engine.start({ tokenId: tokenId(name), today, at });
  }

  complete(name: string, at = NOW): Outcome<Token> {
    return this.engine.complete({ tokenId: tokenId(name), at });
  }

  callNext(command: Partial<CallNext> = {}): Outcome<Called> {
    const today = { slotId: null, completeCurrent: false, today: TODAY, at: NOW };
    return this.engine.callNext({ doctorId: RAO, ...today, ...command });
  }

  move(name: string, slot: string, at = NOW): Outcome<Reordered> {
    return this.engine.move({ tokenId: tokenId(name), slotId: slotId(slot), at });
  }

  /** The class is that of a name beginning so: `E` makes an emergency of the patient. */
  reclassify(name: string, type: string, at = NOW): Outcome<Reordered> {
    return this.engine.reclassify({ tokenId: tokenId(name), patientType: classOf(type), at });
  }

  reviseSlot(command: Partial<ReviseSlot>): Outcome<RevisedSlot> {
    const same = { capacity: undefined, delayMinutes: undefined };
    return this.engine.reviseSlot({ slotId: this.slot.facts.id, ...same, at: NOW, ...command });
  }

  closeSlot(moveTo: string | null = null, command: Partial<CloseSlot> = {}): Outcome<ClosedSlot> {
    const target = moveTo === null ? null : slotId(moveTo);
    const closing = { slotId: this.slot.facts.id, reason: 'ill', moveTo: target, at: NOW };
    return this.engine.closeSlot({ ...closing, ...command });
  }

  delayDay(command: Partial<DelayDay>): Outcome<readonly Slot[]> {
    return this.engine.delayDay({ doctorId: RAO, date: TODAY, minutes: 0, at: NOW, ...command });
  }

  passTime(at: EpochMs, doctor = RAO): Outcome<Doctor> {
    return this.engine.advanceTime(doctor, at);
  }

  token(name: string): Token {
    return found(this.engine.token(tokenId(name)));
  }

  slotOf(name: string): Slot {
    return found(this.engine.slot(slotId(name)));
  }

  /** The board of the slot of this name. */
  board(name: string = this.slot.facts.id): string {
    return boardOf(this.slotOf(name));
  }

  #restore({ people = '', slot = {} }: Sitting): void {
    const facts = slotFacts(slot);
    const { lastArrival } = found(this.engine.doctor(facts.doctorId));
    const names = people.split(' ').filter((person) => person !== '');
    const tokens = names.map((name, index) => placed(name, index + 1, lastArrival, facts));
    this.engine.restoreSlot(facts, tokens);
  }
}

/** `'E1 W1 | W2'`: the ranked list with its capacity line, the seated before it and the waiting behind. */
export function boardOf(slot: Slot): string {
  const names = (tokens: readonly Token[]): string => tokens.map(({ id }) => id).join(' ');
  return `${names(slot.seatedTokens())} | ${names(slot.waitlist())}`.trim();
}

/** A clinic whose slot has this many seats and these people in it. */
export const given = (capacity: number, people = ''): Clinic =>
  new Clinic({ slot: { capacity }, people });

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the test looks for something that is not there');
  return value;
}

/** What a command answered, once it was accepted. */
export function accepted<T>(outcome: Outcome<T>): Extract<Outcome<T>, { ok: true }> {
  if (!outcome.ok) throw new Error(`refused: ${outcome.refusal.code}`);
  return outcome;
}
