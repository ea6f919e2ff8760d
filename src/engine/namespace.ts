import type { Doctor } from './doctor.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import type { DoctorId, SessionId, SlotId } from './ids.ts';
import type { Slot } from './slot.ts';
import type { SlotFacts } from './slot-facts.ts';

/** A doctor to be added or changed, and the slots that the doctor's sessions yield within the horizon. */
export interface DoctorPlan {
  readonly facts: DoctorFacts;
  readonly planned: readonly SlotFacts[];
}

/** The sessions that a doctor cannot have, because another doctor has their ids or the ids of their slots. */
export interface TakenSessions {
  readonly doctorId: DoctorId;
  readonly sessionIds: readonly SessionId[];
}

/**
 * The ids of all slots and sessions: one namespace across all doctors, in which `session@...` belongs to the session.
 */
export class Namespace {
  readonly #sessions = new Map<SessionId, Doctor>();
  readonly #slots = new Map<SlotId, Slot>();
  /**
   * For each `...` the ids that begin with `...@`, so that adding a session need not search the slots of the whole
   * hospital.
   */
  readonly #idsByPrefix = new Map<string, Set<SlotId | SessionId>>();

  slot(id: SlotId): Slot | undefined {
    return this.#slots.get(id);
  }

  /** The doctor of a session. */
  session(id: SessionId): Doctor | undefined {
    return this.#sessions.get(id);
  }

  addSlot(slot: Slot): void {
    this.#slots.set(slot.facts.id, slot);
    this.#addPrefixes(slot.facts.id);
  }

  removeSlot({ facts }: Slot): void {
    this.#slots.delete(facts.id);
    this.#removePrefixes(facts.id);
  }

  addSession(id: SessionId, doctor: Doctor): void {
    this.#sessions.set(id, doctor);
    this.#addPrefixes(id);
  }

  /** Removes a session of a doctor. Nothing happens when the session belongs to another doctor by now. */
  removeSession(id: SessionId, doctor: Doctor): void {
    if (this.#sessions.get(id) !== doctor) return;
    this.#sessions.delete(id);
    this.#removePrefixes(id);
  }

  /** Whether an id is in use by a slot or a session, or has the form `session@...` of an existing session. */
  isTaken(id: SlotId | SessionId): boolean {
    return (
      this.#slots.has(id as SlotId) ||
      this.#sessions.has(id as SessionId) ||
      prefixesOf(id).some((prefix) => this.#sessions.has(prefix))
    );
  }

  /** The sessions that cannot be set up when all these doctors are set up together; empty when all can. */
  taken(plans: readonly DoctorPlan[]): TakenSessions[] {
    const owners = new Map<SessionId, DoctorId>();
    for (const { facts } of plans)
      for (const { id } of facts.sessions) if (!owners.has(id)) owners.set(id, facts.id);
    const isTaken = (id: SessionId, doctorId: DoctorId): boolean =>
      owners.get(id) !== doctorId ||
      prefixesOf(id).some((prefix) => owners.has(prefix)) ||
      this.#isSessionTaken(id, doctorId);
    return plans.flatMap(({ facts, planned }) => {
      const foreign = planned.filter(({ id }) => this.#isSlotOfAnother(id, facts.id));
      const blocked = new Set(foreign.map(({ sessionId }) => sessionId));
      const sessionIds = facts.sessions
        .map(({ id }) => id)
        .filter((id) => blocked.has(id) || isTaken(id, facts.id));
      return sessionIds.length === 0 ? [] : [{ doctorId: facts.id, sessionIds }];
    });
  }

  #isSessionTaken(id: SessionId, doctorId: DoctorId): boolean {
    const owner = this.#sessions.get(id);
    if (owner !== undefined) return owner.facts.id !== doctorId;
    return this.isTaken(id) || this.#hasForeignIds(id, doctorId);
  }

  /**
   * Whether an id of the form `session@...` names something else than a slot of this session and doctor: a slot of
   * another doctor, a single slot or a session.
   */
  #hasForeignIds(id: SessionId, doctorId: DoctorId): boolean {
    for (const other of this.#idsByPrefix.get(id) ?? []) {
      const facts = this.#slots.get(other as SlotId)?.facts;
      if (facts?.sessionId !== id || facts.doctorId !== doctorId) return true;
    }
    return false;
  }

  #isSlotOfAnother(id: SlotId, doctorId: DoctorId): boolean {
    const slot = this.#slots.get(id);
    return slot !== undefined && slot.facts.doctorId !== doctorId;
  }

  #addPrefixes(id: SlotId | SessionId): void {
    for (const prefix of prefixesOf(id)) {
      const ids = this.#idsByPrefix.get(prefix) ?? new Set();
      this.#idsByPrefix.set(prefix, ids.add(id));
    }
  }

  #removePrefixes(id: SlotId | SessionId): void {
    for (const prefix of prefixesOf(id)) {
      const ids = this.#idsByPrefix.get(prefix);
      ids?.delete(id);
      if (ids?.size === 0) this.#idsByPrefix.delete(prefix);
    }
  }
}

/** The text before each `@` of an id: the session ids that the id could belong to. */
function prefixesOf(id: SlotId | SessionId): SessionId[] {
  const prefixes: SessionId[] = [];
  for (let end = id.indexOf('@'); end !== -1; end = id.indexOf('@', end + 1))
    prefixes.push(id.slice(0, end) as SessionId);
  return prefixes;
}
