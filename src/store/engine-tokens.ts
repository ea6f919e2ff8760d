import type { AllocationEngine, Slot, Token } from '../engine/index.ts';
import {
  isBehind,
  placeOf,
  type FoundToken,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from './archive.ts';

/** A token in memory, as the store has it. */
export function storedOf({ slot, patientClass, ...token }: Token): StoredToken {
  const { doctorId, id: slotId } = slot.facts;
  const { type: patientType, priority } = patientClass;
  return { ...token, doctorId, slotId, patientType, priority };
}

/** A token in memory with the facts of its slot, as the store has them. */
export const foundOf = (token: Token): FoundToken => ({
  token: storedOf(token),
  slot: token.slot.facts,
});

/** The order of places: the first to be found first. */
export const byPlace = (a: FoundToken, b: FoundToken): number =>
  isBehind(placeOf(a), placeOf(b)) ? 1 : -1;

/** The tokens of the slots in memory that have all of what is given, live and over. See `Archive.tokens`. */
export function tokensInEngine(
  engine: AllocationEngine,
  filter: TokenFilter,
  after: TokenPlace,
  limit: number,
): FoundToken[] {
  const found: FoundToken[] = [];
  for (const slot of slotsOf(engine, filter)) {
    const { date, id: slotId } = slot.facts;
    // The first place of the slot's tokens. A slot all of whose tokens come before the place asked for is passed.
    if (date > after.date || (date === after.date && slotId > after.slotId)) continue;
    const tokens = [...slot.tokens(), ...slot.over()].filter(
      ({ id, number, status }) =>
        (filter.number === null || filter.number === number) &&
        filter.statuses.includes(status) &&
        isBehind({ date, slotId, tokenId: id }, after),
    );
    found.push(...tokens.sort((a, b) => (a.id < b.id ? 1 : -1)).map(foundOf));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

/** The slots in memory of the days and the doctor that are asked for, in the order of places. */
function slotsOf(engine: AllocationEngine, { doctorId, from, to }: TokenFilter): Slot[] {
  const doctors = doctorId === null ? [...engine.doctors] : [engine.doctor(doctorId)];
  return doctors
    .flatMap((doctor) => doctor?.slots ?? [])
    .filter(({ facts: { date } }) => date >= from && date <= to)
    .sort(({ facts: a }, { facts: b }) => {
      if (a.date !== b.date) return a.date < b.date ? 1 : -1;
      return a.id < b.id ? 1 : -1;
    });
}
