import type { Intake } from '../../src/engine/index.ts';
import type {
  ClosedView,
  DelayView,
  ReopenedView,
  RevisedView,
} from '../../src/http/resources/index.ts';
import type { DeskDeps } from './desk.ts';
import { isClosedState, type Closing, type SlotState } from './hospital-record.ts';
import type { ReferenceSlot } from './reference-model.ts';

/**
 * Sends changes of slots. The changes of one doctor are sent one after another, so that the audit knows their order;
 * patients book, move and cancel at the same time. A dry run is sent before each change that has one; if it changed
 * anything, the audit would find a change record without a cause.
 */
export class SlotDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Sets the number of seats. */
  async setCapacity(slot: ReferenceSlot, capacity: number): Promise<void> {
    const revised = await this.#revise(slot, { capacity }, { capacity });
    if (revised === undefined) return;
    const { checks, hospital } = this.#deps;
    const at = `PATCH /slots/${slot.id} to ${capacity} seats`;
    checks.violations.same(`R12: ${at}: capacity`, revised.capacity, capacity);
    checks.violations.expect(revised.seated <= capacity, `R1: ${at}: ${revised.seated} are seated`);
    hospital.count('seats set');
  }

  /** Sets which newcomers the slot takes (R23). */
  async setIntake(slot: ReferenceSlot, intake: Intake): Promise<void> {
    const revised = await this.#revise(slot, { intake }, { intake });
    if (revised === undefined) return;
    const at = `PATCH /slots/${slot.id} to intake ${intake}`;
    this.#deps.checks.violations.same(`R23: ${at}: intake`, revised.intake, intake);
    this.#deps.hospital.count('intakes set');
  }

  /** Lets all open ones of these slots take everybody again. */
  async takeAll(slots: readonly ReferenceSlot[]): Promise<void> {
    for (const slot of slots)
      if (!isClosedState(this.#deps.hospital.stateOf(slot))) await this.setIntake(slot, 'ALL');
  }

  /** Delays a doctor on a date; exactly the open slots of that date must get the delay. */
  async delay(slots: readonly ReferenceSlot[], date: string, minutes: number): Promise<void> {
    const { client, checks, hospital } = this.#deps;
    const path = `/doctors/${slots[0]?.doctorId ?? ''}/delay`;
    const at = `POST ${path} of ${date} by ${minutes}`;
    const body = { date, minutes };
    const dryRun = await client.post(`${path}?dry_run=true`, body);
    checks.violations.same(`${at}, dry run: status`, dryRun.status, 200);
    const answer = await client.post(path, body);
    if (!checks.done(at, answer)) return;
    const delayed = answer.body as DelayView;
    const open = slots.filter(
      (slot) => slot.date === date && !isClosedState(hospital.stateOf(slot)),
    );
    const named = delayed.slots.map(({ id }) => id).join(' ');
    checks.violations.same(`${at}: slots`, named, open.map(({ id }) => id).join(' '));
    for (const { id, delay_minutes, end_time, expected_end_time } of delayed.slots) {
      checks.violations.same(`${at}: delay_minutes of ${id}`, delay_minutes, minutes);
      // The end, because a delay does not move the start of a slot that has begun.
      const lateMs = Date.parse(expected_end_time) - Date.parse(end_time);
      checks.violations.same(`${at}: minutes late of ${id}`, lateMs / 60_000, minutes);
    }
    for (const slot of open) hospital.setSlot(slot, { delayMinutes: minutes });
    hospital.count('days delayed');
  }

  /** Closes a slot; its patients are moved to another slot or cancelled. */
  async close(slot: ReferenceSlot, moveTo: ReferenceSlot | null): Promise<void> {
    const { client, checks, hospital, run } = this.#deps;
    const path = `/slots/${slot.id}/close`;
    const reason = `${run}: ${slot.id} is closed`;
    const body = { reason, ...(moveTo === null ? {} : { move_to: moveTo.id }) };
    const dryRun = await client.post(`${path}?dry_run=true`, body);
    checks.violations.same(`POST ${path}, dry run: status`, dryRun.status, 200);
    this.sendClosing(slot, reason);
    const answer = await client.post(path, body);
    if (!checks.done(`POST ${path}`, answer)) return;
    this.closed(slot, reason, moveTo, answer.body as ClosedView);
    hospital.count('slots closed');
  }

  /** Notes that a closing of a slot is sent, or a leave that closes it. */
  sendClosing(slot: ReferenceSlot, reason: string): void {
    const { hospital, ledger } = this.#deps;
    hospital.send(slot, { closedBy: reason });
    for (const { id } of slot.tokens) ledger.forgetCheckIn(id);
  }

  /** Adds a slot that was closed, by itself or by a leave, as the answer shows it. */
  closed(
    slot: ReferenceSlot,
    reason: string,
    moveTo: ReferenceSlot | null,
    answer: ClosedView,
  ): void {
    const { checks, ledger, hospital } = this.#deps;
    const shown = `${answer.id} ${answer.status}`;
    checks.violations.same(`${reason}: slot`, shown, `${slot.id} CLOSED`);
    const closing: Closing = { slotId: slot.id, moveTo: moveTo?.id ?? null, answer };
    hospital.addClosing(reason, closing);
    hospital.setSlot(slot, { closedBy: reason }, { closing });
    for (const { outcome, token } of answer.affected) {
      if (outcome === 'moved') ledger.count(token.type, 'moved');
      if (outcome === 'cancelled_by_hospital') ledger.count(token.type, 'cancelled');
    }
    for (const { type } of answer.bumped) ledger.count(type, 'bumped');
  }

  /**
   * Opens a closed slot again (R24). The answer lists the tokens that the closing moved or cancelled: no token is
   * moved back, and a cancelled token stays cancelled. A second time, it changes nothing.
   */
  async reopen(slot: ReferenceSlot): Promise<void> {
    const { client, checks, hospital, run } = this.#deps;
    const path = `/slots/${slot.id}/reopen`;
    const { closedBy } = hospital.stateOf(slot);
    const closing = hospital.closingOf(closedBy, slot.id);
    hospital.send(slot, { closedBy: null });
    const body = { reason: `${run}: ${slot.id} is open again` };
    const answer = await client.post(path, body);
    if (!checks.done(`POST ${path}`, answer)) return;
    const opened = answer.body as ReopenedView;
    checks.violations.same(`R24: POST ${path}: status`, opened.status, 'OPEN');
    const left = closing?.answer.affected.filter(({ outcome }) => outcome !== 'stays') ?? [];
    const listed = opened.affected.map(({ id }) => id).join(' ');
    const expected = left.map(({ token }) => token.id).join(' ');
    checks.violations.same(`R24: POST ${path}: affected`, listed, expected);
    for (const [index, { outcome }] of left.entries()) {
      const token = opened.affected[index];
      const isThere =
        outcome === 'moved' ? token?.slot_id === slot.id : token?.status !== 'CANCELLED';
      checks.violations.expect(!isThere, `R24: POST ${path}: ${token?.id ?? ''} has come back`);
    }
    hospital.setSlot(slot, { closedBy: null });
    hospital.count('slots reopened');
    checks.done(`POST ${path} again`, await client.post(path, body));
  }

  /** Sends new values of a slot, first as a dry run. Returns the answer; undefined if it is no success. */
  async #revise(
    slot: ReferenceSlot,
    body: object,
    values: Partial<SlotState>,
  ): Promise<RevisedView | undefined> {
    const { client, checks, ledger, hospital } = this.#deps;
    const path = `/slots/${slot.id}`;
    const at = `PATCH ${path} to ${JSON.stringify(body)}`;
    const dryRun = await client.patch(`${path}?dry_run=true`, body);
    checks.violations.same(`${at}, dry run: status`, dryRun.status, 200);
    hospital.send(slot, values);
    const answer = await client.patch(path, body);
    if (!checks.done(at, answer)) return undefined;
    const revised = answer.body as RevisedView;
    for (const { type } of revised.bumped) ledger.count(type, 'bumped');
    for (const { type } of revised.promoted) ledger.count(type, 'promoted');
    const idsOf = (tokens: readonly { id: string }[]): string[] => tokens.map(({ id }) => id);
    const reported = { bumped: idsOf(revised.bumped), promoted: idsOf(revised.promoted) };
    hospital.setSlot(slot, values, reported);
    return revised;
  }
}
