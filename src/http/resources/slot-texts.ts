import {
  estimatedTimeOf,
  slotStatusOf,
  type EpochMs,
  type Moment,
  type Slot as EngineSlot,
} from '../../engine/index.ts';
import { seesPatients, type Role } from '../../service/index.ts';
import { BoundedMap } from '../bounded-map.ts';
import { etagOf } from '../conditional.ts';
import type { SerialiserOf, TaggedText } from '../pieces.ts';
import { Slot, slotOf, slotWithoutPatientsOf, type SlotView } from './slot.ts';

/** Slots whose texts are remembered. A slot that is answered as a whole has a hundred kilobytes at most. */
const SLOTS_MAX = 1_000;

/** Everything in the text of a slot that follows the clock. All else changes with the version of the doctor. */
interface Timing {
  readonly version: number;
  readonly status: SlotView['status'];
  readonly estimatedTimes: readonly (EpochMs | null)[];
}

/** A slot as it was at one instant. Its text is made when it is first needed. */
export class SlotText {
  #made: SlotView | TaggedText;

  constructor(view: SlotView) {
    this.#made = view;
  }

  of(serialiserOf: SerialiserOf): TaggedText {
    if ('text' in this.#made) return this.#made;
    const text = serialiserOf(Slot)(this.#made);
    return (this.#made = { text, etag: etagOf(text) });
  }
}

/**
 * Shows slots, and reuses the text of the last answer while it is what would be written: a schedule is read again and again,
 * and most of its slots have not changed since. A slot that is reloaded from the store is another object, so it has no
 * text yet. A dry run must not show slots with it, because it takes the versions back that it gave.
 */
export class SlotTexts {
  readonly #texts = new BoundedMap<
    EngineSlot,
    { readonly timing: Timing; readonly text: SlotText }
  >(SLOTS_MAX);

  /** How a slot is shown to a role at the instant of a read. Only texts with patients are remembered: the others are short. */
  for(role: Role): (slot: EngineSlot, moment: Moment) => SlotText {
    return seesPatients(role)
      ? (slot, moment) => this.#show(slot, moment)
      : (slot, moment) => new SlotText(slotWithoutPatientsOf(slot, moment));
  }

  #show(slot: EngineSlot, moment: Moment): SlotText {
    const timing = timingOf(slot, moment);
    const known = this.#texts.get(slot);
    if (known !== undefined && isSame(known.timing, timing)) return known.text;
    const text = new SlotText(slotOf(slot, moment));
    this.#texts.set(slot, { timing, text });
    return text;
  }
}

const timingOf = (slot: EngineSlot, moment: Moment): Timing => ({
  version: slot.doctor.version,
  status: slotStatusOf(slot, moment),
  estimatedTimes: slot.seatedTokens().map((token) => estimatedTimeOf(token, moment)),
});

const isSame = (a: Timing, b: Timing): boolean =>
  a.version === b.version &&
  a.status === b.status &&
  a.estimatedTimes.every((time, index) => time === b.estimatedTimes[index]);
