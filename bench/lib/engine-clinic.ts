import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  invariant,
  localDate,
  NEW_DOCTOR,
  NEW_SLOT,
  slotId,
  type Book,
  type Outcome,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';

/** 08:30 UTC on the day of every slot of an engine bench. */
const NOW = epochMs(Date.UTC(2026, 0, 5, 8, 30));
const SLOTS_A_DOCTOR = 100;

/** An engine with equal slots of one day, by default 100 for each doctor, and the bookings that a bench makes in it. */
export class EngineClinic {
  readonly engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: 30,
    waitlistMax: 1_000_000,
  });
  readonly slots: readonly SlotFacts[];
  readonly now = NOW;
  readonly #newId = createTokenIds();

  constructor({
    slots,
    capacity,
    slotsADoctor = SLOTS_A_DOCTOR,
  }: {
    slots: number;
    capacity: number;
    slotsADoctor?: number;
  }) {
    this.slots = Array.from({ length: slots }, (_, index) => ({
      id: slotId(`slot-${index}`),
      doctorId: doctorId(`doctor-${Math.floor(index / slotsADoctor)}`),
      sessionId: null,
      date: localDate('2026-01-05'),
      startTime: epochMs(NOW + (index % slotsADoctor) * 60_000),
      endTime: epochMs(NOW + (index % slotsADoctor) * 60_000 + 3_600_000),
      capacity,
      ...NEW_SLOT,
    }));
    const byDoctor = Map.groupBy(this.slots, (slot) => slot.doctorId);
    for (const [id, planned] of byDoctor) {
      const facts = {
        id,
        name: 'Dr. Bench',
        department: null,
        timeZone: 'UTC',
        sessions: [],
        ...NEW_DOCTOR,
      };
      accepted(this.engine.putDoctor(facts, planned, NOW));
    }
  }

  /** Makes a booking command with a new token id, as the service makes it from a request. */
  booking(slot: SlotFacts, patientType: string): Book {
    return {
      doctorId: slot.doctorId,
      slotId: slot.id,
      tokenId: this.#newId(NOW),
      patientName: 'A. Patient',
      patientId: null,
      patientType,
      at: NOW,
    };
  }
}

/**
 * Returns the value of an accepted command.
 * @throws Error when the engine has refused the command
 */
export function accepted<T>(outcome: Outcome<T>): T {
  invariant(outcome.ok, 'a command of a bench is accepted');
  return outcome.value;
}
