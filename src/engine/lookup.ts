import { ClassTable } from './class-table.ts';
import type { EngineRules } from './command.ts';
import type { Doctor, WantedSlots } from './doctor.ts';
import type { DoctorId, EpochMs, LocalDate, SessionId, SlotId, TokenId } from './ids.ts';
import { Namespace } from './namespace.ts';
import { PatientIndex } from './patient-index.ts';
import type { Slot, Token } from './slot.ts';
import { endsAt, type SlotFacts } from './slot-facts.ts';
import { isLive } from './status.ts';

/** How long patients are still called from a slot of a past day after the slot has ended: four hours. */
const AFTER_HOURS_MS = 4 * 3_600_000;

/** What is in memory, as it is found by ids and by the clock. `EngineState` writes it. */
export class EngineLookup {
  readonly rules: EngineRules;
  readonly classes: ClassTable;
  /** The ids of all slots and sessions in memory. */
  readonly ids = new Namespace();
  /** The tokens in memory by their patients. */
  readonly patients = new PatientIndex();
  protected readonly doctorsById = new Map<DoctorId, Doctor>();
  protected readonly tokensById = new Map<TokenId, Token>();

  /** @throws InvariantError when `EMERGENCY` is not the class of highest priority */
  constructor(rules: EngineRules) {
    this.rules = rules;
    this.classes = new ClassTable(rules.classes);
  }

  /** Every doctor in memory. */
  get doctors(): Iterable<Doctor> {
    return this.doctorsById.values();
  }

  doctor(id: DoctorId): Doctor | undefined {
    return this.doctorsById.get(id);
  }

  slot(id: SlotId): Slot | undefined {
    return this.ids.slot(id);
  }

  /**
   * The slot with this id; for a session id, the session's next slot that has not ended, see `nextSlotOfSession`.
   * @param wanted for a session id: which of its slots count
   */
  resolveSlot(id: SlotId, at: EpochMs, wanted?: WantedSlots): Slot | undefined {
    const slot = this.ids.slot(id);
    if (slot !== undefined) return slot;
    // The id may be a session's, because slots and sessions share one namespace.
    const session = id as string as SessionId;
    return this.ids
      .session(session)
      ?.nextSlotOfSession(session, at, this.rules.graceMinutes, wanted);
  }

  /** The doctor of the session with this id; undefined for the id of a slot. */
  sessionDoctor(id: SlotId | SessionId): Doctor | undefined {
    return this.ids.session(id as SessionId);
  }

  /** Whether an id is a session's, and every slot of the session has ended: in memory or not, none takes a newcomer. */
  isSessionOver(id: SlotId, at: EpochMs): boolean {
    return this.sessionDoctor(id) !== undefined && this.resolveSlot(id, at) === undefined;
  }

  /** The live token with this id, if its slot is in memory. */
  token(id: TokenId): Token | undefined {
    const token = this.tokensById.get(id);
    return token !== undefined && isLive(token.status) ? token : undefined;
  }

  /** The token with this id, live or over, if its slot is in memory. */
  anyToken(id: TokenId): Token | undefined {
    return this.tokensById.get(id);
  }

  /** Every live token of the slots in memory. */
  get tokens(): Iterable<Token> {
    return Array.from(this.tokensById.values()).filter(({ status }) => isLive(status));
  }

  /** Whether a slot has ended: it takes no booking and promotes no token any more (R11). */
  hasEnded(slot: Slot, at: EpochMs): boolean {
    return at >= endsAt(slot.facts, this.rules.graceMinutes);
  }

  /**
   * Whether a slot of an earlier date is still going on: it has not ended, or a patient of it is with the doctor.
   * @param today the calendar day of `at` in the doctor's time zone
   */
  isGoingOn(slot: Slot, today: LocalDate, at: EpochMs): boolean {
    const { facts, inConsultation } = slot;
    if (at < facts.startTime || this.isPast(facts, today, at)) return false;
    return inConsultation > 0 || !this.hasEnded(slot, at);
  }

  /**
   * Whether a slot is past: its day is over and it ended more than four hours ago. Until then patients are still
   * called from it, because doctors run late, also past midnight.
   * @param today the calendar day of `at` in the doctor's time zone
   */
  isPast(slot: SlotFacts, today: LocalDate, at: EpochMs): boolean {
    return slot.date < today && at >= endsAt(slot, this.rules.graceMinutes) + AFTER_HOURS_MS;
  }
}
