import { slotId, type SlotFacts } from '../../../src/engine/index.ts';
import { clock, SEN, slotFacts, TOMORROW, type SlotSetup } from './clinic.ts';

/**
 * The slots that tests move to from `nine`: `ten` on the same day, `tue` on the next day, `sen` and `sentue` of Dr
 * Sen on these days.
 */
const PLACES = {
  ten: {},
  tue: { date: TOMORROW, startTime: clock(34), endTime: clock(35) },
  sen: { doctorId: SEN },
  sentue: { doctorId: SEN, date: TOMORROW, startTime: clock(34), endTime: clock(35) },
} as const satisfies Record<string, Partial<SlotFacts>>;

/** One of these slots with its people, from ten to eleven, with one seat unless `facts` say otherwise. */
export const place = (
  name: keyof typeof PLACES,
  people = '',
  facts: Partial<SlotFacts> = {},
): SlotSetup => {
  const times = { startTime: clock(10), endTime: clock(11) };
  return { people, slot: slotFacts({ ...times, ...PLACES[name], ...facts, id: slotId(name) }) };
};
