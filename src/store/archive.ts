import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LastChange,
  LiveStatus,
  LocalDate,
  PatientId,
  SlotFacts,
  SlotId,
  Status,
  TokenChange,
  TokenId,
  Undoable,
} from '../engine/index.ts';

/** The first response to a command that came with an idempotency key. It is stored with the command's changes. */
export interface StoredResponse {
  readonly caller: string;
  readonly key: string;
  /** Tells a repeat of the request from another request under the same key. */
  readonly requestHash: string;
  /** JSON. */
  readonly answer: string;
  readonly at: EpochMs;
}

/** Hours for which a response is stored. */
export const RESPONSE_RETENTION_HOURS = 24;

/** The instant up to which stored responses have expired: a response of that instant or before is not given again. */
export const responsesExpiredAt = (now: EpochMs): number =>
  now - RESPONSE_RETENTION_HOURS * 3_600_000;

/**
 * The latest instant that a stored response may have. A later one was stored while the clock was wrong. It gets the
 * present instant, because its true age is unknown and it would otherwise be stored until the wrong instant.
 */
export const responsesNotAfter = (now: EpochMs): number =>
  now + RESPONSE_RETENTION_HOURS * 3_600_000;

/** A token as the store has it, of any age and status. */
export interface StoredToken {
  readonly id: TokenId;
  readonly doctorId: DoctorId;
  readonly slotId: SlotId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  /** The priority that the class had when the token got the class. */
  readonly priority: number;
  readonly arrival: number;
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly status: Status;
  readonly hasCheckedIn: boolean;
  /** The room to which the patient was called last; null when none was named. */
  readonly room: string | null;
  /** The last change of the token's place or status. */
  readonly last: LastChange;
}

/** A slot as the store has it, with its tokens, live or over, in no particular order. */
export interface StoredSlot {
  readonly facts: SlotFacts;
  /** The highest number printed so far on the doctor's day, in whichever slot of the day. */
  readonly lastNumber: number;
  readonly tokens: readonly StoredToken[];
}

/** One change of one token, as the token's history tells it (R17). */
export interface ChangeRecord {
  readonly doctorId: DoctorId;
  readonly version: number;
  readonly at: EpochMs;
  readonly kind: TokenChange['kind'];
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  /** Null where the token enters the slot: `booked`, `moved_in`. */
  readonly from: Status | null;
  /** Null where the token leaves the slot: `moved_out`. */
  readonly to: Status | null;
  /** The class that the token got by this change: `booked`, `moved_in`, `reclassified`; else null. */
  readonly patientType: string | null;
  readonly cause: TokenId | null;
  /** The room to which the patient was called: `started` with a room named; else null (R19). */
  readonly room: string | null;
  /** The kind of the change that was taken back: `undone`; else null (R22). */
  readonly undone: Undoable | null;
  readonly actor: string;
  readonly reason: string | null;
}

/** Items to a page: about a millisecond of work for the one who reads them. */
export const PAGE_ITEMS = 250;

/**
 * Items in pages of at most `PAGE_ITEMS`, all of one snapshot. The next page is read when it is asked for, and nothing more
 * is read when the loop over the pages ends early.
 */
export type Pages<Item> = AsyncIterable<readonly Item[]>;

/** A token as the store has it, that is live. */
export type StoredLiveToken = StoredToken & { readonly status: LiveStatus };

/** A stored token with the facts of its slot. */
export interface FoundToken {
  readonly token: StoredToken;
  readonly slot: SlotFacts;
}

/** Which tokens are found: those that have all of what is given. */
export interface TokenFilter {
  readonly doctorId: DoctorId | null;
  /** The first and the last local date of the slots. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly number: number | null;
  /** One or more. */
  readonly statuses: readonly Status[];
}

/** The place of a token in the order in which tokens are found: the latest date first, then the last ids first. */
export interface TokenPlace {
  readonly date: string;
  readonly slotId: string;
  readonly tokenId: string;
}

export const placeOf = ({ token, slot }: FoundToken): TokenPlace => ({
  date: slot.date,
  slotId: slot.id,
  tokenId: token.id,
});

/** Whether a place comes after another one in the order in which tokens are found. */
export function isBehind(place: TokenPlace, other: TokenPlace): boolean {
  if (place.date !== other.date) return place.date < other.date;
  return place.slotId === other.slotId
    ? place.tokenId < other.tokenId
    : place.slotId < other.slotId;
}

/** The place before all tokens. */
export const FIRST_PLACE: TokenPlace = { date: '~', slotId: '~', tokenId: '~' };

/** Which changes of the record are asked for: those that have all of what is given. */
export interface RecordFilter {
  readonly doctorId: DoctorId | null;
  readonly tokenId: TokenId | null;
  /** A key, which stands for all persons behind it, or a key and a person: `desk`, `desk/asha`. */
  readonly actor: string | null;
  readonly kind: string | null;
  /** The first and the last instant, both included. */
  readonly from: EpochMs | null;
  readonly to: EpochMs | null;
}

/** A change as the record tells who made it. It has no name of a patient. */
export interface RecordEntry {
  readonly position: number;
  readonly doctorId: DoctorId;
  readonly version: number;
  readonly at: EpochMs;
  readonly kind: Change['kind'];
  readonly tokenId: TokenId | null;
  readonly slotId: SlotId | null;
  readonly from: Status | null;
  readonly to: Status | null;
  readonly cause: TokenId | null;
  readonly actor: string;
  readonly reason: string | null;
}

/** A part of the record, the latest change first. */
export interface RecordPart {
  readonly entries: readonly RecordEntry[];
  /** The position before which the record goes on; null when nothing that is asked for is before it. */
  readonly before: number | null;
}

/** Positions that are searched in one step, unless a token is named: a few milliseconds of the database. */
export const POSITIONS_PER_STEP = 20_000;
/** The clocks of the service may have been wrong by this at most, so that a search by time can end. */
const CLOCK_ERROR_MS = 24 * 3_600_000;

/** The first position that a step searches. The changes of one token are found by an index, however old they are. */
export const stepFrom = ({ tokenId }: RecordFilter, before: number): number =>
  tokenId === null ? Math.max(before - POSITIONS_PER_STEP, 0) : 0;

/**
 * The part of the record that a step has found.
 * @param first the first position that was searched
 * @param firstAt the instant of the change at that position; undefined when there is none
 */
export function recordPartOf(
  entries: readonly RecordEntry[],
  limit: number,
  first: number,
  { firstAt, filter: { from } }: { firstAt: EpochMs | undefined; filter: RecordFilter },
): RecordPart {
  const last = entries.at(-1);
  if (entries.length === limit && last !== undefined) return { entries, before: last.position };
  const isEarlier = from !== null && firstAt !== undefined && firstAt < from - CLOCK_ERROR_MS;
  return { entries, before: first <= 1 || isEarlier ? null : first };
}

/**
 * Reads stored data of any age: slots that are over, histories, stored responses. The archive gives only durable data, and
 * never data older than an answer that `Store` gave before the call. No method changes the engine.
 *
 * Every method may throw NotDurableError, because the store has failed or cannot be read now.
 */
export interface Archive {
  /** All doctors, in the order of their ids. */
  doctors(): Promise<readonly DoctorFacts[]>;
  /** A doctor. Changes of the doctor's slots and tokens that are not durable yet do not delay the answer. */
  doctor(id: DoctorId): Promise<DoctorFacts | undefined>;
  /** A token of any age and status. */
  token(id: TokenId): Promise<StoredToken | undefined>;
  /** The change records of a token, oldest first (R17). Empty when there is no such token. */
  history(id: TokenId): Pages<ChangeRecord>;
  /** A slot of any age. */
  slot(id: SlotId): Promise<SlotFacts | undefined>;
  /**
   * The doctor's slots from one local date to another, both included, in the order in which they start.
   * @param except the slots to leave out, because the caller has them already
   */
  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly SlotFacts[]>;
  /** The live tokens of a slot of any age, in no particular order. */
  liveTokens(slot: SlotFacts): Pages<StoredLiveToken>;
  /**
   * Everything that happened in a slot, in the order of the doctor's versions: the changes of the slot itself, and every
   * change of a token in it. Tokens that have moved out since are included.
   */
  slotChanges(slotId: SlotId): Pages<Change>;
  /**
   * Tokens in the order of their places.
   * @param after the place behind which they are
   * @param limit how many at most, 1 or more
   */
  tokens(filter: TokenFilter, after: TokenPlace, limit: number): Promise<readonly FoundToken[]>;
  /** The tokens of a patient, in no particular order. Those of a slot in the engine may be missing. */
  tokensOfPatient(id: PatientId): Promise<readonly FoundToken[]>;
  /**
   * Searches the record of all changes for one step, from the latest change back.
   * @param before the position before which the step begins; null for the end of the record
   * @param limit how many entries at most, 1 or more
   */
  record(filter: RecordFilter, before: number | null, limit: number): Promise<RecordPart>;
  /** The response stored under a key less than 24 hours before `now`. */
  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined>;
}
