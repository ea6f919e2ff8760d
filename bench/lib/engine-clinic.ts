import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  invariant,
  localDate,
  slotId,
  type Book,
  type Outcome,
  type PatientClass,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { createTokenIds } from '../../src/service/ids.ts';
import type { Random } from './random.ts';

/** Half past eight on the day of every slot of an engine bench. */
const NOW = epochMs(Date.UTC(2026, 0, 5, 8, 30));
const SLOTS_A_DOCTOR = 100;

/** How often each class comes, in percent, in the order of the default table. */
const SHARES = [3, 12, 20, 35, 30] as const;

/** The class of a booking, of any kind. */
export const anyClass = (random: Random): PatientClass => classAt(random.below(100));

/** The class of a booking that is no emergency. */
export const ordinaryClass = (random: Random): PatientClass =>
  classAt(SHARES[0] + random.below(100 - SHARES[0]));

function classAt(percent: number): PatientClass {
  let sum = 0;
  const index = SHARES.findIndex((share) => (sum += share) > percent);
  return must(DEFAULT_CLASSES[index]);
}

/** An engine with equal slots of one day, 100 a doctor unless told, and the commands that a bench gives it. */
export class Clinic {
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
      delayMinutes: 0,
      capacity,
      closedReason: null,
    }));
    const byDoctor = Map.groupBy(this.slots, (slot) => slot.doctorId);
    for (const [id, planned] of byDoctor) {
      const facts = { id, name: 'Dr. Bench', department: null, timeZone: 'UTC', sessions: [] };
      accepted(this.engine.putDoctor(facts, planned, NOW));
    }
  }

  /** A booking's command, with a new id: what the service makes of a request. */
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

/** What a command answered, once it was accepted. */
export function accepted<T>(outcome: Outcome<T>): T {
  invariant(outcome.ok, 'a command of a bench is accepted');
  return outcome.value;
}

/** What is there by construction. */
export function must<T>(value: T | undefined | null): T {
  invariant(value !== undefined && value !== null, 'a bench finds what it has put there');
  return value;
}

/** Takes another answer into a checksum. */
export const fold = (checksum: number, answer: number): number =>
  (Math.imul(checksum, 31) + answer) | 0;
