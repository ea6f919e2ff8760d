import type {
  BreakView,
  ReturnedLeaveView,
  TakenLeaveView,
} from '../../src/http/resources/index.ts';
import type { DeskDeps } from './desk.ts';
import { isClosedState } from './hospital-record.ts';
import type { ReferenceSlot } from './reference-model.ts';
import type { SlotDesk } from './slot-desk.ts';

/** Milliseconds by which the clocks of the simulation and of the server may differ. */
const CLOCKS_MS = 60_000;

/** A leave of one date. */
interface LeaveRequest {
  readonly date: string;
  /** Null cancels the patients. */
  readonly moveTo: ReferenceSlot | null;
}

/** Sends leaves and breaks of doctors. Like changes of slots, those of one doctor are sent one after another. */
export class DoctorDesk {
  readonly #deps: DeskDeps;
  readonly #slotDesk: SlotDesk;
  readonly #breaks = new Map<string, string | null>();
  /** The id and the reason of each doctor's leave that goes on; a doctor has one at a time. */
  readonly #leaves = new Map<string, { readonly id: string; readonly reason: string }>();

  constructor(deps: DeskDeps, slotDesk: SlotDesk) {
    this.#deps = deps;
    this.#slotDesk = slotDesk;
  }

  /**
   * Puts a doctor on leave: exactly the open slots of the date are closed (R24).
   * @param slots all slots of the doctor, in the order in which they start
   */
  async takeLeave(slots: readonly ReferenceSlot[], request: LeaveRequest): Promise<void> {
    const { checks, hospital, run } = this.#deps;
    const { date, moveTo } = request;
    const doctorId = slots[0]?.doctorId ?? '';
    const reason = `${run}: leave of ${doctorId} on ${date}`;
    const isClosing = (slot: ReferenceSlot): boolean =>
      slot.date === date && !isClosedState(hospital.stateOf(slot));
    const closing = slots.filter(isClosing);
    await this.#postLeave(`/doctors/${doctorId}/leave?dry_run=true`, request, reason, closing);
    for (const slot of closing) this.#slotDesk.sendClosing(slot, reason);
    const leave = await this.#postLeave(`/doctors/${doctorId}/leave`, request, reason, closing);
    if (leave === undefined) return;
    checks.violations.same(`R24: ${reason}: from`, leave.from, date);
    hospital.addChange(doctorId, { kind: 'leave' });
    for (const [index, slot] of closing.entries()) {
      const shown = leave.slots[index];
      if (shown !== undefined) this.#slotDesk.closed(slot, reason, moveTo, shown);
    }
    this.#leaves.set(doctorId, { id: leave.id, reason });
    hospital.count('leaves taken');
  }

  async #postLeave(
    path: string,
    { date, moveTo }: LeaveRequest,
    reason: string,
    closing: readonly ReferenceSlot[],
  ): Promise<TakenLeaveView | undefined> {
    const { client, checks } = this.#deps;
    const target = moveTo === null ? {} : { move_to: moveTo.id };
    const answer = await client.post(path, { from: date, to: date, reason, ...target });
    if (!checks.done(`POST ${path}`, answer)) return undefined;
    const leave = answer.body as TakenLeaveView;
    checks.violations.same(`R24: POST ${path}: slots`, idsOf(leave.slots), idsOf(closing));
    return leave;
  }

  /** Takes a doctor's leave back, if there is one: exactly the slots that it closed and that are closed open again (R24). */
  async endLeave(slots: readonly ReferenceSlot[]): Promise<void> {
    const { client, checks, hospital } = this.#deps;
    const doctorId = slots[0]?.doctorId ?? '';
    const leave = this.#leaves.get(doctorId);
    if (leave === undefined) return;
    const path = `/doctors/${doctorId}/leave/${leave.id}`;
    const opening = slots.filter((slot) => hospital.stateOf(slot).closedBy === leave.reason);
    for (const slot of opening) hospital.send(slot, { closedBy: null });
    const answer = await client.delete(path);
    if (!checks.done(`DELETE ${path}`, answer)) return;
    const { slots: opened } = answer.body as ReturnedLeaveView;
    checks.violations.same(`R24: DELETE ${path}: slots`, idsOf(opened), idsOf(opening));
    for (const { id, status } of opened)
      checks.violations.same(`R24: DELETE ${path}: status of ${id}`, status, 'OPEN');
    hospital.addChange(doctorId, { kind: 'leave' });
    for (const slot of opening) hospital.setSlot(slot, { closedBy: null });
    this.#leaves.delete(doctorId);
    hospital.count('leaves ended');
  }

  /** Lets a doctor pause for some minutes from now on; 0 ends the break. */
  async setBreak(doctorId: string, minutes: number): Promise<void> {
    const { client, checks, hospital } = this.#deps;
    const path = `/doctors/${doctorId}/break`;
    const at = `POST ${path} of ${minutes} minutes`;
    const sentAt = Date.now();
    const answer = await client.post(path, { minutes, reason: 'tea' });
    if (!checks.done(at, answer)) return;
    const { until } = answer.body as BreakView;
    const begin = until === null ? null : Date.parse(until) - minutes * 60_000;
    const isRight =
      begin === null
        ? minutes === 0
        : minutes > 0 && begin >= sentAt - CLOCKS_MS && begin <= Date.now() + CLOCKS_MS;
    checks.violations.expect(isRight, `${at}: until is ${String(until)}`);
    // The server writes no record of a break that changes nothing.
    if (until !== (this.#breaks.get(doctorId) ?? null))
      hospital.addChange(doctorId, { kind: 'break', until });
    this.#breaks.set(doctorId, until);
    hospital.count(minutes === 0 ? 'breaks ended' : 'breaks set');
  }
}

const idsOf = (slots: readonly { readonly id: string }[]): string =>
  slots.map(({ id }) => id).join(' ');
