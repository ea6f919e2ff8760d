import type { ClosedView, DelayView, RevisedView } from '../../src/service/index.ts';
import { codeOf } from '../lib/client.ts';
import type { DeskDeps } from './desk.ts';
import type { WardSlot } from './ward.ts';

/** A slot as the answers so far have it. */
interface SlotState {
  readonly capacity: number;
  readonly delayMinutes: number;
}

/**
 * Sends what changes a doctor's slots while patients are in them. A doctor's changes are sent one after another, so
 * that the audit knows their order; patients book, move and leave beside them. Each is tried first: a trial that
 * changed anything would leave a record that nobody can explain.
 */
export class SlotDesk {
  readonly #deps: DeskDeps;
  readonly #states = new Map<string, SlotState>();

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Sets the seats; when too many are taken for good meanwhile, that is refused. */
  async setCapacity(slot: WardSlot, capacity: number): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const path = `/slots/${slot.id}`;
    const at = `PATCH ${path} to ${capacity} seats`;
    const trial = await client.patch(`${path}?dry_run=true`, { capacity });
    judge.breaches.same(`${at}, tried: status`, trial.status, 200);
    const answer = await client.patch(path, { capacity });
    if (answer.status !== 200) {
      judge.breaches.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const revised = answer.body as RevisedView;
    judge.breaches.same(`R12: ${at}: capacity`, revised.capacity, capacity);
    judge.breaches.expect(revised.seated <= capacity, `R1: ${at}: ${revised.seated} are seated`);
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

  /** The doctor runs late on a day: every slot of it that is open, and no other, moves. */
  async delay(slots: readonly WardSlot[], date: string, minutes: number): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const path = `/doctors/${slots[0]?.doctorId ?? ''}/delay`;
    const at = `POST ${path} of ${date} by ${minutes}`;
    const body = { date, minutes };
    const trial = await client.post(`${path}?dry_run=true`, body);
    judge.breaches.same(`${at}, tried: status`, trial.status, 200);
    const answer = await client.post(path, body);
    judge.breaches.same(`${at}: status`, answer.status, 200);
    if (answer.status !== 200) return;
    const late = answer.body as DelayView;
    const open = slots.filter((slot) => slot.date === date && !ledger.closing.has(slot.id));
    const named = late.slots.map(({ id }) => id).join(' ');
    judge.breaches.same(`${at}: slots`, named, open.map(({ id }) => id).join(' '));
    for (const { id, delay_minutes, start_time, expected_start_time } of late.slots) {
      judge.breaches.same(`${at}: delay_minutes of ${id}`, delay_minutes, minutes);
      const lateMs = Date.parse(expected_start_time) - Date.parse(start_time);
      judge.breaches.same(`${at}: minutes late of ${id}`, lateMs / 60_000, minutes);
    }
    for (const slot of open) this.#set(slot, { ...this.#stateOf(slot), delayMinutes: minutes });
  }

  /** Closes a slot; its patients go to another, or are cancelled. */
  async close(slot: WardSlot, moveTo: WardSlot | null): Promise<void> {
    const { client, judge, ledger, run } = this.#deps;
    const path = `/slots/${slot.id}/close`;
    const reason = `${run}: ${slot.id} is closed`;
    const body = { reason, ...(moveTo === null ? {} : { move_to: moveTo.id }) };
    const trial = await client.post(`${path}?dry_run=true`, body);
    judge.breaches.same(`POST ${path}, tried: status`, trial.status, 200);
    ledger.closing.add(slot.id);
    for (const { id } of slot.tokens) ledger.sendAway(id);
    const answer = await client.post(path, body);
    judge.breaches.same(`POST ${path}: status`, answer.status, 200);
    if (answer.status !== 200) return;
    const closed = answer.body as ClosedView;
    judge.breaches.same(`POST ${path}: slot`, `${closed.id} ${closed.status}`, `${slot.id} CLOSED`);
    const closing = { slotId: slot.id, moveTo: moveTo?.id ?? null, answer: closed };
    ledger.closings.set(reason, closing);
    const state = this.#stateOf(slot);
    const none = { bumped: [], promoted: [] };
    ledger.changeSlot(slot.doctorId, { slotId: slot.id, ...state, ...none, closing });
    for (const { outcome, token } of closed.affected) {
      if (outcome === 'moved') ledger.count(token.type, 'moved');
      if (outcome === 'cancelled_by_hospital') ledger.count(token.type, 'cancelled');
    }
    for (const { type } of closed.bumped) ledger.count(type, 'bumped');
  }

  #stateOf({ id, capacity, delayMinutes }: WardSlot): SlotState {
    return this.#states.get(id) ?? { capacity, delayMinutes };
  }

  /** A change leaves a record; what changes nothing leaves none. */
  #set(
    slot: WardSlot,
    state: SlotState,
    done: { bumped: readonly string[]; promoted: readonly string[] } = { bumped: [], promoted: [] },
  ): void {
    const before = this.#stateOf(slot);
    this.#states.set(slot.id, state);
    const { capacity, delayMinutes } = state;
    if (before.capacity === capacity && before.delayMinutes === delayMinutes) return;
    const change = { slotId: slot.id, ...state, ...done, closing: null };
    this.#deps.ledger.changeSlot(slot.doctorId, change);
  }
}
