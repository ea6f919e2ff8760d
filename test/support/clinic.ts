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
  type DoctorFacts,
  type EngineRules,
  type EpochMs,
  type Left,
  type LiveStatus,
  type Outcome,
  type Slot,
  type SlotFacts,
  type Token,
  type TokenSnapshot,
} from '../../src/engine/index.ts';

export const RULES: EngineRules = { classes: DEFAULT_CLASSES, graceMinutes: 0, waitlistMax: 1_000 };

/** An hour of Monday 5 January 2026, the day of every test here, in UTC. */
export const clock = (hour: number, minute = 0): EpochMs =>
  epochMs(Date.UTC(2026, 0, 5, hour, minute));

export const NOW = clock(8);

export const doctorFacts = (facts: Partial<DoctorFacts> = {}): DoctorFacts => ({
  id: doctorId('rao'),
  name: 'Dr Rao',
  department: 'ENT',
  timeZone: 'UTC',
  sessions: [],
  ...facts,
});

export const slotFacts = (facts: Partial<SlotFacts> = {}): SlotFacts => ({
  id: slotId('nine'),
  doctorId: doctorId('rao'),
  sessionId: null,
  date: localDate('2026-01-05'),
  startTime: clock(9),
  endTime: clock(10),
  delayMinutes: 0,
  capacity: 1,
  closedReason: null,
  ...facts,
});

const CLASSES: Readonly<Record<string, string>> = {
  E: 'EMERGENCY',
  P: 'PAID_PRIORITY',
  F: 'FOLLOW_UP',
  O: 'ONLINE_BOOKING',
  W: 'WALK_IN',
};

/** The class that a name begins with: `W2` is the second walk-in, `E1` the first emergency. */
const classOf = (name: string): string => found(CLASSES[name.charAt(0)]);

/** `W1` sits on a seat, `W1:WAITING` has that status, `W1:WAITING:present` has been at the desk before. */
const placed = (person: string, index: number, slot: SlotFacts): TokenSnapshot => {
  const [name = '', status = 'BOOKED', present] = person.split(':');
  return {
    tokenId: tokenId(name),
    slotId: slot.id,
    patientName: name,
    patientId: patientId(name),
    patientType: classOf(name),
    arrival: index + 1,
    number: index + 1,
    to: status as LiveStatus,
    present: status === 'CHECKED_IN' || present !== undefined,
    at: NOW,
  };
};

export interface Setup {
  /** Who is in the slot, in the order of arrival, such as `W1 F1:CHECKED_IN E1:WAITING`. */
  readonly people?: string;
  readonly slot?: Partial<SlotFacts>;
  readonly rules?: Partial<EngineRules>;
}

/** One doctor with one slot, `nine`, from 9 to 10 o'clock. A name says the class and is also the token's and the patient's id. */
export class Clinic {
  readonly engine: AllocationEngine;
  readonly slot: Slot;

  constructor({ people = '', slot = {}, rules = {} }: Setup) {
    const facts = slotFacts(slot);
    this.engine = new AllocationEngine({ ...RULES, ...rules });
    this.engine.putDoctor(doctorFacts(), [], NOW);
    this.engine.restoreSlot(
      facts,
      people
        .split(' ')
        .filter((person) => person !== '')
        .map((person, index) => placed(person, index, facts)),
    );
    this.slot = found(this.engine.slot(facts.id));
  }

  book(name: string, command: Partial<Book> = {}): Outcome<Booked> {
    return this.engine.book({
      doctorId: doctorId('rao'),
      slotId: this.slot.facts.id,
      tokenId: tokenId(name),
      patientName: name,
      patientId: patientId(name),
      patientType: classOf(name),
      at: NOW,
      ...command,
    });
  }

  cancel(name: string, at = NOW): Outcome<Left> {
    return this.engine.cancel({ tokenId: tokenId(name), at });
  }

  noShow(name: string, at = NOW): Outcome<Left> {
    return this.engine.noShow({ tokenId: tokenId(name), at });
  }

  token(name: string): Token {
    return found(this.engine.token(tokenId(name)));
  }

  /** `'E1 W1 | W2'`: the ranked list with its capacity line, the seated before it and the waiting behind. */
  board(slot = this.slot): string {
    const names = (tokens: readonly Token[]): string => tokens.map(({ id }) => id).join(' ');
    return `${names(slot.seatedTokens())} | ${names(slot.waitlist())}`.trim();
  }
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
