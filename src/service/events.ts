import {
  isEntry,
  isTokenChange,
  slotIdOf,
  type Change,
  type DoctorId,
  type EpochMs,
  type PatientId,
  type SlotFacts,
  type SlotId,
  type Status,
  type TokenChange,
  type TokenId,
} from '../engine/index.ts';
import type { ChangeLog, FactChange, LoggedChange } from '../store/index.ts';

/** The types of events, in the order of the documents. */
export const EVENT_TYPES = [
  'token.booked',
  'token.waitlisted',
  'token.bumped',
  'token.promoted',
  'token.cancelled',
  'token.no_show',
  'token.checked_in',
  'token.called',
  'token.skipped',
  'token.completed',
  'token.moved',
  'token.reclassified',
  'token.corrected',
  'token.undone',
  'token.expired',
  'slot.changed',
  'slot.closed',
  'slot.reopened',
  'doctor.changed',
  'doctor.break',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The type of the event of each kind of change. `typeOf` has the exceptions: what was decided besides the kind. */
const TYPES = {
  doctor_set: 'doctor.changed',
  slot_set: 'slot.changed',
  break_set: 'doctor.break',
  booked: 'token.booked',
  moved_in: 'token.moved',
  moved_out: 'token.moved',
  reclassified: 'token.reclassified',
  corrected: 'token.corrected',
  undone: 'token.undone',
  bumped: 'token.bumped',
  promoted: 'token.promoted',
  checked_in: 'token.checked_in',
  started: 'token.called',
  skipped: 'token.skipped',
  completed: 'token.completed',
  cancelled: 'token.cancelled',
  no_show: 'token.no_show',
  expired: 'token.expired',
} as const satisfies Record<Change['kind'], EventType>;

/** What an event tells of its token, as it is right after the change. */
export interface EventToken {
  readonly id: TokenId;
  readonly number: number;
  /** The name of the class. */
  readonly patientType: string;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  /** The actor of the booking, by which an app of patients recognises its own tokens. */
  readonly bookedBy: string;
}

/** One durable change as it is told to everyone affected. It follows from the record alone. */
export interface PublicEvent {
  /** The cursor of the change: reading goes on behind it. */
  readonly id: string;
  readonly type: EventType;
  readonly at: EpochMs;
  /** `HOSPITAL` when the holidays of the hospital changed. */
  readonly doctorId: DoctorId;
  /** The doctor's version after the change: 1, 2, 3 ... without gaps. */
  readonly version: number;
  /** Null when the change concerns the doctor. */
  readonly slotId: SlotId | null;
  /** Null when the change concerns no token. */
  readonly tokenId: TokenId | null;
  /** Null also when the record of the token's booking is there no more. */
  readonly token: EventToken | null;
  /** The room to which the patient was called; null when none was named. */
  readonly room: string | null;
  /** Null when the token enters the slot, and when the change concerns no token. */
  readonly oldStatus: Status | null;
  /** Null when the token leaves the slot by a move, and when the change concerns no token. */
  readonly newStatus: Status | null;
  /** The place on the waitlist right after the change: 1 is next; null when the token does not wait. */
  readonly waitlistPosition: number | null;
  /** The token that caused the change (R17); null when the token's own command did, or no token. */
  readonly cause: TokenId | null;
  /** The instant at which the doctor's break ends; null when it is over, and for other types. */
  readonly breakUntil: EpochMs | null;
}

/** Some events in a row. See `ChangePage`. */
export interface EventPage {
  readonly events: readonly PublicEvent[];
  readonly cursor: string;
  readonly isEnd: boolean;
}

/** Makes events from the record of changes. */
export class EventLog {
  readonly #log: ChangeLog;

  constructor(log: ChangeLog) {
    this.#log = log;
  }

  /** The cursor of now. See `ChangeLog.end`. */
  end(): Promise<string> {
    return this.#log.end();
  }

  /** The cursor before the first event there is. */
  get beginning(): string {
    return this.#log.beginning;
  }

  /** See `ChangeLog.before`. */
  before(cursor: string): Promise<string> {
    return this.#log.before(cursor);
  }

  /** See `ChangeLog.at`. */
  at(instant: EpochMs): Promise<string> {
    return this.#log.at(instant);
  }

  /** See `ChangeLog.onCommit`. */
  onCommit(listener: () => unknown): () => void {
    return this.#log.onCommit(listener);
  }

  /**
   * The events behind a cursor.
   * @param limit the greatest number of events, at least 1; those left out for `doctorIds` count
   * @param doctorIds leaves out the events of all other doctors
   * @throws UnknownCursorError when the cursor is not one of this database
   * @throws NotDurableError when the database cannot be read now
   */
  async since(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<EventPage> {
    const { entries, ...page } = await this.#log.since(cursor, limit, doctorIds);
    const known = new KnownFacts();
    const subjects = subjectsOf(entries);
    if (subjects.tokenIds.length + subjects.slotIds.length > 0)
      for (const fact of await this.#log.factsAt(cursor, subjects)) known.learn(fact);
    return { ...page, events: entries.map((entry) => eventOf(entry, known)) };
  }
}

/** What the record tells of tokens and slots up to a change. */
class KnownFacts {
  readonly tokens = new Map<TokenId, EventToken>();
  readonly slots = new Map<SlotId, SlotFacts>();

  /** Takes the next change of the record over. */
  learn({ change, actor }: FactChange): void {
    if (change.kind === 'slot_set') this.slots.set(change.slot.id, change.slot);
    else if (isTokenChange(change)) this.#learnToken(change, actor);
  }

  #learnToken(change: TokenChange, actor: string): void {
    const known = this.tokens.get(change.tokenId);
    if (isEntry(change)) {
      const { tokenId: id, number, patientType, patientName, patientId } = change;
      const bookedBy = known?.bookedBy ?? actor;
      this.tokens.set(id, { id, number, patientType, patientName, patientId, bookedBy });
    } else if (known !== undefined && change.kind === 'reclassified') {
      this.tokens.set(known.id, { ...known, patientType: change.patientType });
    } else if (known !== undefined && change.kind === 'corrected') {
      const { patientName, patientId } = change;
      this.tokens.set(known.id, { ...known, patientName, patientId });
    }
  }
}

/** The tokens and slots of which changes need facts that the changes before them in the page do not tell. */
function subjectsOf(entries: readonly LoggedChange[]) {
  const booked = new Set<TokenId>();
  const tokenIds = new Set<TokenId>();
  const slotIds = new Set<SlotId>();
  for (const { change } of entries) {
    if (change.kind === 'slot_set') slotIds.add(change.slot.id);
    if (!isTokenChange(change)) continue;
    if (change.kind === 'booked') booked.add(change.tokenId);
    else if (!booked.has(change.tokenId)) tokenIds.add(change.tokenId);
  }
  return { tokenIds: [...tokenIds], slotIds: [...slotIds] };
}

/** The event of the next change, which `known` then knows too. */
function eventOf(entry: LoggedChange, known: KnownFacts): PublicEvent {
  const { change, cursor: id } = entry;
  const { doctorId, version, at } = change;
  const before = change.kind === 'slot_set' ? known.slots.get(change.slot.id) : undefined;
  known.learn(entry);
  const token = isTokenChange(change) ? (known.tokens.get(change.tokenId) ?? null) : null;
  const isStep = isTokenChange(change);
  // Written field by field, because every change is told, and to spread objects takes six times as long.
  return {
    id,
    type: typeOf(change, before),
    at,
    doctorId,
    version,
    slotId: slotIdOf(change),
    tokenId: isStep ? change.tokenId : null,
    token,
    room: change.kind === 'started' ? change.room : null,
    oldStatus: isStep ? oldStatusOf(change) : null,
    newStatus: isStep ? newStatusOf(change) : null,
    waitlistPosition: 'waitlistPosition' in change ? (change.waitlistPosition ?? null) : null,
    cause: 'cause' in change ? change.cause : null,
    breakUntil: change.kind === 'break_set' ? change.until : null,
  };
}

function typeOf(change: Change, before: SlotFacts | undefined): EventType {
  if (change.kind === 'booked' && change.to === 'WAITING') return 'token.waitlisted';
  if (change.kind !== 'slot_set') return TYPES[change.kind];
  const isClosed = change.slot.closedReason !== null;
  const wasClosed = before !== undefined && before.closedReason !== null;
  if (isClosed === wasClosed) return TYPES.slot_set;
  return isClosed ? 'slot.closed' : 'slot.reopened';
}

const oldStatusOf = (change: TokenChange): Status | null => (isEntry(change) ? null : change.from);

function newStatusOf(change: TokenChange): Status | null {
  if (change.kind === 'moved_out') return null;
  return 'to' in change ? change.to : change.from;
}
