import type { EpochMs, LocalDate } from './ids.ts';
import type { SlotOwner, Token } from './slot.ts';
import type { EngineState } from './state.ts';

// Who is with a doctor, and in which room (R19).

/** The instant of a command or an answer, and the calendar day of it in the doctor's time zone. */
export interface Now {
  readonly today: LocalDate;
  readonly at: EpochMs;
}

/** The tokens in consultation, the earliest arrival first. One of a past day that was never completed does not count. */
export const inConsultationWith = (
  state: EngineState,
  { inConsultation }: SlotOwner,
  { today, at }: Now,
): Token[] =>
  // They are sorted because the order of the set can differ after a restart, and the answer must not (R16).
  [...inConsultation]
    .filter(({ slot }) => !state.isPast(slot.facts, today, at))
    .sort((a, b) => a.arrival - b.arrival);

/**
 * The token because of which no patient can be called: the one in this room or, when all rooms are in use, the first.
 * @param room null when no room is named
 */
export function occupantOf(
  inConsultation: readonly Token[],
  { facts: { rooms } }: SlotOwner,
  room: string | null,
): Token | undefined {
  const inRoom = inConsultation.find((token) => room !== null && token.room === room);
  return inRoom ?? (inConsultation.length < rooms ? undefined : inConsultation[0]);
}

/**
 * The token that a call means by the current one: the one in the named room; without a name the only one. A doctor with
 * one room has only one, whatever its name.
 */
export function currentOf(
  inConsultation: readonly Token[],
  { facts: { rooms } }: SlotOwner,
  room: string | null,
): Token | undefined {
  const inRoom = inConsultation.find((token) => room !== null && token.room === room);
  const isOnly = rooms === 1 || (room === null && inConsultation.length === 1);
  return inRoom ?? (isOnly ? inConsultation[0] : undefined);
}
