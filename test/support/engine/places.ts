import { slotId, type SlotFacts } from '../../../src/engine/index.ts';
import { clock, SEN, slotFacts, TOMORROW, type Sitting } from './clinic.ts';

/** Slots to move to from `nine`: `ten` on the same day, `tue` on the next, `sen` and `sentue` of Dr Sen on these days. */
const PLACES = {
  ten: {},
  tue: { date: TOMORROW, startTime: clock(34), endTime: clock(35) },
  sen: { doctorId: SEN },
  sentue: { doctorId: SEN, date: TOMORROW, startTime: clock(34), endTime: clock(35) },
} as const satisfies Record<string, Partial<SlotFacts>>;

/** One of these slots, from ten to eleven, one seat unless told otherwise, and who is in it. */
export const place = (
  name: keyof typeof PLACES,
  people = '',
  facts: Partial<SlotFacts> = {},
): Sitting => {
  const times = { startTime: clock(10), endTime: clock(11) };
  return { people, slot: slotFacts({ ...times, ...PLACES[name], ...facts, id: slotId(name) }) };
};
