import type { ClosedView, DelayView, RevisedView } from '../../src/http/resources/index.ts';
import { codeOf } from '../lib/client.ts';
import type { DeskDeps } from './desk.ts';
import type { ReferenceSlot } from './reference-model.ts';

/** The values of a slot after the last answer. */
interface SlotState {
  readonly capacity: number;
  readonly delayMinutes: number;
}

/**
 * Sends changes of slots. The changes of one doctor are sent one after another, so that the audit knows their order;
 * patients book, move and cancel at the same time. A dry run is sent before each change; if it changed anything, the audit
 * would find a change record without a cause.
 */
export class SlotDesk {
  readonly #deps: DeskDeps;
  readonly #states = new Map<string, SlotState>();

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Sets the number of seats. */
  async setCapacity(slot: ReferenceSlot, capacity: number): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const path = `/slots/${slot.id}`;
    const at = `PATCH ${path} to ${capacity} seats`;
    const dryRun = await client.patch(`${path}?dry_run=true`, { capacity });
    checks.violations.same(`${at}, dry run: status`, dryRun.status, 200);
    const answer = await client.patch(path, { capacity });
    if (answer.status !== 200) {
      checks.violations.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const revised = answer.body as RevisedView;
    checks.violations.same(`R12: ${at}: capacity`, revised.capacity, capacity);
    checks.violations.expect(revised.seated <= capacity, `R1: ${at}: ${revised.seated} are seated`);
    for (const { type } of revised.bumped) ledger.count(type, 'bumped');
    for (const { type } of revised.promoted) ledger.count(type, 'promoted');
    const idsOf = (tokens: readonly { id: string }[]): string[] => tokens.map(({ id }) => id);
    this.#set(
      slot,
      { ...this.#stateOf(slot), capacity },
      {
        bumped: idsOf(revised.bumped),
        promoted: idsOf(revised.promoted),
      },
    );
  }

  /** Delays a doctor on a date; exactly the open slots of that date must get the delay. */
  async delay(slots: readonly ReferenceSlot[], date: string, minutes: number): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const path = `/doctors/${slots[0]?.doctorId ?? ''}/delay`;
    const at = `POST ${path} of ${date} by ${minutes}`;
    const body = { date, minutes };
    const dryRun = await client.post(`${path}?dry_run=true`, body);
    checks.violations.same(`${at}, dry run: status`, dryRun.status, 200);
    const answer = await client.post(path, body);
    checks.violations.same(`${at}: status`, answer.status, 200);
    if (answer.status !== 200) return;
    const delayed = answer.body as DelayView;
    const open = slots.filter((slot) => slot.date === date && !ledger.closingSlots.has(slot.id));
    const named = delayed.slots.map(({ id }) => id).join(' ');
    checks.violations.same(`${at}: slots`, named, open.map(({ id }) => id).join(' '));
    for (const { id, delay_minutes, end_time, expected_end_time } of delayed.slots) {
      checks.violations.same(`${at}: delay_minutes of ${id}`, delay_minutes, minutes);
      // The end, because a delay does not move the start of a slot that has begun.
      const lateMs = Date.parse(expected_end_time) - Date.parse(end_time);
      checks.violations.same(`${at}: minutes late of ${id}`, lateMs / 60_000, minutes);
    }
    for (const slot of open) this.#set(slot, { ...this.#stateOf(slot), delayMinutes: minutes });
  }

  /** Closes a slot; its patients are moved to another slot or cancelled. */
  async close(slot: ReferenceSlot, moveTo: ReferenceSlot | null): Promise<void> {
    const { client, checks, ledger, run } = this.#deps;
    const path = `/slots/${slot.id}/close`;
    const reason = `${run}: ${slot.id} is closed`;
    const body = { reason, ...(moveTo === null ? {} : { move_to: moveTo.id }) };
    const dryRun = await client.post(`${path}?dry_run=true`, body);
    checks.violations.same(`POST ${path}, dry run: status`, dryRun.status, 200);
    ledger.closingSlots.add(slot.id);
    for (const { id } of slot.tokens) ledger.forgetCheckIn(id);
    const answer = await client.post(path, body);
    checks.violations.same(`POST ${path}: status`, answer.status, 200);
    if (answer.status !== 200) return;
    const closed = answer.body as ClosedView;
    checks.violations.same(
      `POST ${path}: slot`,
      `${closed.id} ${closed.status}`,
      `${slot.id} CLOSED`,
    );
    const closing = { slotId: slot.id, moveTo: moveTo?.id ?? null, answer: closed };
    ledger.closings.set(reason, closing);
    const state = this.#stateOf(slot);
    const none = { bumped: [], promoted: [] };
    ledger.addSlotChange(slot.doctorId, { slotId: slot.id, ...state, ...none, closing });
    for (const { outcome, token } of closed.affected) {
      if (outcome === 'moved') ledger.count(token.type, 'moved');
      if (outcome === 'cancelled_by_hospital') ledger.count(token.type, 'cancelled');
    }
    for (const { type } of closed.bumped) ledger.count(type, 'bumped');
  }

  #stateOf({ id, capacity, delayMinutes }: ReferenceSlot): SlotState {
    return this.#states.get(id) ?? { capacity, delayMinutes };
  }

  /** Adds a change to the ledger, unless it changed nothing, because the server writes no record then. */
  #set(
    slot: ReferenceSlot,
    state: SlotState,
    done: { bumped: readonly string[]; promoted: readonly string[] } = { bumped: [], promoted: [] },
  ): void {
    const before = this.#stateOf(slot);
    this.#states.set(slot.id, state);
    const { capacity, delayMinutes } = state;
    if (before.capacity === capacity && before.delayMinutes === delayMinutes) return;
    const change = { slotId: slot.id, ...state, ...done, closing: null };
    this.#deps.ledger.addSlotChange(slot.doctorId, change);
  }
}
