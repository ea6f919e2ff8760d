import type { Intake } from '../../src/engine/index.ts';
import type { ClosedView } from '../../src/http/resources/index.ts';
import type { OpenedSlot } from './ledger.ts';

/** The values of a slot that the hospital sets. */
export interface SlotState {
  readonly capacity: number;
  readonly delayMinutes: number;
  readonly intake: Intake;
  /** The reason of the closing or of the leave; null while the slot is open. */
  readonly closedBy: string | null;
}

/** The effects of a change of a slot, as the answer reports them. */
interface ReportedChange {
  readonly bumped: readonly string[];
  readonly promoted: readonly string[];
  readonly closing: Closing | null;
}

/** A slot that was closed, by itself or by a leave. */
export interface Closing {
  readonly slotId: string;
  readonly moveTo: string | null;
  readonly answer: ClosedView;
}

/** A change of a slot, of the doctor's leaves or of the doctor's break: a change record that belongs to no token. */
export type DoctorChange =
  | ({ readonly kind: 'slot'; readonly slotId: string; readonly state: SlotState } & ReportedChange)
  | { readonly kind: 'leave' }
  | { readonly kind: 'break'; readonly until: string | null };

/** What the hospital does with slots and doctors, each with what it counts. */
export const HOSPITAL_COUNTS = {
  'seats set': 'commands that set the number of seats of a slot',
  'days delayed': 'delays of a doctor on a date',
  'intakes set': 'commands that set which newcomers a slot takes',
  'slots closed': 'slots closed one by one',
  'slots reopened': 'closed slots that were opened again one by one',
  'leaves taken': 'leaves of a doctor',
  'leaves ended': 'leaves that were taken back',
  'breaks set': 'breaks that began or got another end',
  'breaks ended': 'commands that ended a break',
} as const;
type HospitalCount = keyof typeof HOSPITAL_COUNTS;

const NO_EFFECT: ReportedChange = { bumped: [], promoted: [], closing: null };

/** What the answers to the hospital's own commands have reported so far. */
export class HospitalRecord {
  readonly counts = new Map<HospitalCount, number>();
  /** The changes of each doctor that were not audited yet, in their order. */
  readonly changes = new Map<string, DoctorChange[]>();
  readonly #closings = new Map<string, Closing>();
  readonly #states = new Map<string, SlotState>();
  /** The states that each slot may have had in this phase: that of the beginning, and one for each change that was sent. */
  readonly #possible = new Map<string, SlotState[]>();

  constructor(slots: readonly OpenedSlot[]) {
    for (const { id, capacity } of slots)
      this.#states.set(id, { capacity, delayMinutes: 0, intake: 'ALL', closedBy: null });
  }

  /** The state of a slot after the last answer. */
  stateOf({ id }: { readonly id: string }): SlotState {
    const state = this.#states.get(id);
    if (state === undefined) throw new Error(`${id} is no slot of the simulation`);
    return state;
  }

  /** Notes that a change of a slot is sent: from now on the slot may have these values. */
  send(slot: { readonly id: string }, values: Partial<SlotState>): void {
    this.#possible.get(slot.id)?.push({ ...this.stateOf(slot), ...values });
  }

  /** Adds an answered change of a slot, unless it changed nothing, because the server writes no record then. */
  setSlot(
    slot: { readonly id: string; readonly doctorId: string },
    values: Partial<SlotState>,
    reported: Partial<ReportedChange> = {},
  ): void {
    const before = this.stateOf(slot);
    const state = { ...before, ...values };
    this.#states.set(slot.id, state);
    const names = Object.keys(state) as (keyof SlotState)[];
    if (names.every((name) => before[name] === state[name])) return;
    this.addChange(slot.doctorId, {
      ...{ kind: 'slot', slotId: slot.id, state, ...NO_EFFECT, ...reported },
    });
  }

  addChange(doctorId: string, change: DoctorChange): void {
    this.changes.set(doctorId, [...(this.changes.get(doctorId) ?? []), change]);
  }

  /** Adds a closing; the reason is its own, because the change records of its tokens name it. */
  addClosing(reason: string, closing: Closing): void {
    this.#closings.set(`${reason} ${closing.slotId}`, closing);
  }

  /** The closing that moved or cancelled a token of this slot, by the reason in the token's change record. */
  closingOf(reason: string | null, slotId: string): Closing | undefined {
    return this.#closings.get(`${reason ?? ''} ${slotId}`);
  }

  /** Whether a slot may have been in such a state in this phase. */
  mayBe(slotId: string, isSuch: (state: SlotState) => boolean): boolean {
    return this.#possible.get(slotId)?.some(isSuch) ?? false;
  }

  /** Whether a slot may have refused a newcomer of this class with this code in this phase. */
  mayRefuse(code: string, slotId: string, type: string): boolean {
    if (code === 'slot_closed') return this.mayBe(slotId, isClosedState);
    return code === 'intake_closed' && this.mayBe(slotId, (state) => refusesNewcomer(state, type));
  }

  /** Whether a closing of any slot may have moved patients in this phase. */
  get mayHaveClosed(): boolean {
    return [...this.#possible.values()].some(([begin, ...sent]) =>
      sent.some(({ closedBy }) => closedBy !== null && closedBy !== begin?.closedBy),
    );
  }

  beginPhase(): void {
    for (const [id, state] of this.#states) this.#possible.set(id, [state]);
  }

  count(what: HospitalCount): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** Whether the state lets no patient of this class into the slot (R23). */
export const refusesNewcomer = ({ intake }: Pick<SlotState, 'intake'>, type: string): boolean =>
  intake === 'NONE' || (intake === 'EMERGENCY' && type !== 'EMERGENCY');

export const isClosedState = ({ closedBy }: SlotState): boolean => closedBy !== null;
