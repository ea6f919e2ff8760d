import type { Slot, Token, TokenTransition } from '../engine/index.ts';
import { endOf } from './slot-times.ts';

type SlotOwner = Slot['doctor'];

/** What the change records say about a doctor's rooms. */
interface Occupancy {
  /** Whether a patient could be called to the room, also if every patient in consultation counts. */
  readonly isSurelyFree: boolean;
  /** Whether no patient could be called. */
  readonly isSurelyTaken: boolean;
}

/**
 * Whether a doctor's room was free at an instant (R19). A patient of a slot that has ended may count or not: the change
 * records do not say whether the day of the slot was over in the doctor's time zone, and after that day the engine
 * ignores a consultation that was never completed.
 */
export function occupancyOf(doctor: SlotOwner, room: string | null, at: number): Occupancy {
  const sure = surelyInConsultation(doctor, at);
  return {
    isSurelyFree: occupantOf([...doctor.inConsultation], doctor, room) === undefined,
    isSurelyTaken: occupantOf(sure, doctor, room) !== undefined,
  };
}

const surelyInConsultation = ({ inConsultation }: SlotOwner, at: number): Token[] =>
  [...inConsultation].filter(({ slot }) => at < endOf(slot.facts));

/** Checks that no more patients are with a doctor than the doctor has rooms, and one at most in each of them (R19). */
export function faultOfStart({ at, room }: TokenTransition, { doctor }: Slot): string | undefined {
  const occupant = occupantOf(surelyInConsultation(doctor, at), doctor, room);
  return occupant && `starts while token ${occupant.id} is in consultation (R19)`;
}

function occupantOf(
  tokens: readonly Token[],
  { facts }: SlotOwner,
  room: string | null,
): Token | undefined {
  const inRoom = tokens.find((token) => room !== null && token.room === room);
  return inRoom ?? (tokens.length < facts.rooms ? undefined : tokens[0]);
}
