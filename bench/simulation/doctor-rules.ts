import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/http/resources/index.ts';
import {
  FINAL_STATUS,
  STEPS,
  type AuditDeps,
  type Recorded,
  type RunningCommand,
} from './change-records.ts';
import type { ReportedEffect, SlotChange, TokenCommand } from './ledger.ts';
import { holdsSeat, type ReferenceSlot, type ReferenceToken } from './reference-model.ts';

/**
 * Applies the change records of a doctor to the reference model. Every record must be the one that the rules demand at
 * that moment, every cause must be the token that the rules name, and every answer must agree with the model.
 */
export class DoctorRules {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #numbers = new Map<string, number>();
  #arrival = 0;
  #running: RunningCommand | null = null;
  #at = '';
  #following: Recorded | undefined;

  constructor(doctorId: string, deps: AuditDeps) {
    this.#doctorId = doctorId;
    this.#deps = deps;
  }

  /**
   * Applies one record.
   * @param following the doctor's next record; after a bump it is the record of the newcomer that caused it
   */
  play(record: Recorded, following: Recorded | undefined): void {
    this.#at = record.change.id;
    this.#following = following;
    this.#play(record);
  }

  #play(record: Recorded): void {
    const { change, tokenId } = record;
    const { model } = this.#deps;
    const { kind } = change;
    const slot = model.slots.get(change.slot_id);
    if (slot !== undefined && kind === 'booked') this.#book(tokenId, slot, change);
    const token = model.tokens.get(tokenId);
    if (slot === undefined || token === undefined) {
      this.#add(
        `${tokenId} was never booked, or is in ${change.slot_id}, which is no slot of the simulation`,
      );
      return;
    }
    token.recordsPlayed += 1;
    if (kind !== 'booked' && kind !== 'moved_in') {
      this.#same('from', change.from, token.status);
      this.#same('slot', slot.id, token.slot.id);
    }
    if (kind === 'moved_in') this.#moveIn(token, slot, change);
    if (kind === 'moved_out') this.#moveOut(token, change);
    if (kind === 'bumped') this.#bump(token, change);
    if (kind === 'promoted') this.#promote(token, change);
    if (kind === 'reclassified') this.#reclassify(token, change);
    if (kind === 'cancelled' || kind === 'no_show') this.#leave(token, kind, change);
    if (kind === 'checked_in' || kind === 'started' || kind === 'completed')
      this.#step(token, kind, change);
    if (kind === 'expired') this.#add(`R11: ${token.id} is expired in a slot that has not ended`);
  }

  #book(id: string, slot: ReferenceSlot, change: ChangeView): void {
    const { model, ledger, priorities } = this.#deps;
    const effect = ledger.takeEffect('booked', id);
    const known = ledger.tokens.get(id);
    if (effect === undefined || known === undefined) {
      this.#add(`${id} has a record of a booking that was never answered`);
      return;
    }
    const { type, number } = known.booking;
    const token: ReferenceToken = {
      id,
      patientId: known.patient.patientId,
      type,
      priority: priorities.get(type) ?? NaN,
      arrival: (this.#arrival += 1),
      number,
      status: 'WAITING',
      hasCheckedIn: false,
      slot,
      recordsPlayed: 0,
      statusesInPhase: new Set(),
    };
    model.tokens.set(id, token);
    this.#same('R10: number', number, this.#nextNumber(slot));
    this.#enter(token, slot, change, effect);
  }

  #moveIn(token: ReferenceToken, slot: ReferenceSlot, change: ChangeView): void {
    const { ledger } = this.#deps;
    const old = token.slot;
    const closing = ledger.closings.get(change.reason ?? '');
    const effect = closing === undefined ? ledger.takeEffect('moved', token.id) : undefined;
    const affected = closing?.answer.affected.find((each) => each.token.id === token.id);
    const shown = effect?.token ?? affected?.token;
    if (shown === undefined) this.#add(`R13: ${token.id} was moved, but no answer says so`);
    this.#same('R13: slot moved to', slot.id, shown?.slot_id ?? slot.id);
    // R13: a move by the hospital within a doctor keeps the arrival, every other move gives a new one.
    if (closing === undefined || old.doctorId !== slot.doctorId) token.arrival = this.#arrival += 1;
    const isSameDay = old.doctorId === slot.doctorId && old.date === slot.date;
    const number = isSameDay ? token.number : this.#nextNumber(slot);
    this.#same('R10: number of the moved', shown?.number ?? number, number);
    token.number = number;
    token.hasCheckedIn &&= old.date === slot.date;
    if (affected !== undefined) this.#same('R13: outcome', affected.outcome, 'moved');
    this.#enter(token, slot, change, effect);
    if (affected !== undefined) this.#same('R13: seated', affected.seated, holdsSeat(token));
  }

  /** R2-R4: the token gets a free seat, the seat of the token that it has just bumped, or a place on the waitlist. */
  #enter(
    token: ReferenceToken,
    slot: ReferenceSlot,
    change: ChangeView,
    effect?: ReportedEffect,
  ): void {
    const isBumping = this.#running?.token === token.id && this.#running.slot === slot;
    const running =
      isBumping && this.#running !== null ? this.#running : this.#begin(slot, token.id);
    this.#expect(!slot.isClosed, `${token.id} enters ${slot.id}, which is closed`);
    const isSeated = !slot.isFull;
    if (!isSeated) {
      const victim = slot.victimOf(token);
      this.#same('R3: bumped recorded', null, victim?.id ?? null);
    }
    token.slot = slot;
    this.#become(
      token,
      isSeated ? (token.hasCheckedIn ? 'CHECKED_IN' : 'BOOKED') : 'WAITING',
      change,
    );
    slot.enter(token);
    if (effect !== undefined)
      running.end = () => this.#checkAnswer(token, effect, running.bumped[0]);
  }

  #bump(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const following = this.#following;
    if (change.cause === null) {
      const running = this.#shrinking(slot) ?? this.#begin(slot, null);
      this.#same('R12: bumped', token.id, slot.weakest?.id ?? null);
      running.bumped.push(token);
    } else {
      const isNewcomer =
        following?.tokenId === change.cause && following.change.slot_id === slot.id;
      this.#expect(isNewcomer, `R17: ${token.id} is bumped by ${change.cause}, which took no seat`);
      const cause = this.#deps.model.tokens.get(change.cause) ?? this.#newcomer(change.cause);
      const isWaiter = following?.change.kind === 'promoted';
      const running =
        isWaiter && this.#running?.slot === slot ? this.#running : this.#begin(slot, cause.id);
      this.#expect(slot.isFull, `R2: ${token.id} is bumped although a seat is free`);
      const victim = slot.victimOf(cause);
      if (token.status === 'CHECKED_IN' && cause.type !== 'EMERGENCY')
        this.#add(`presence: ${token.id}, checked in, is bumped by ${cause.type} ${cause.id}`);
      this.#same('R3: bumped recorded', token.id, victim?.id ?? null);
      running.bumped.push(token);
    }
    this.#become(token, 'WAITING', change);
  }

  /** The class of a token that the next record books. */
  #newcomer(id: string): Pick<ReferenceToken, 'id' | 'type' | 'priority'> {
    const type = this.#deps.ledger.typeOf(id);
    return { id, type, priority: this.#deps.priorities.get(type) ?? NaN };
  }

  #promote(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const running = this.#running?.slot === slot ? this.#running : this.#begin(slot, null);
    // After a change of class, the bumped token frees the seat; otherwise the token that left its slot does.
    const cause =
      running.token !== null && running.bumped[0] ? running.bumped[0].id : running.token;
    this.#same('R5: cause of the promotion', change.cause, cause);
    this.#expect(!slot.isFull, `R1: ${token.id} is promoted without a free seat`);
    this.#expect(!slot.isClosed, `R5: ${token.id} is promoted in ${slot.id}, which is closed`);
    this.#same('R5: promoted recorded', token.id, slot.waiting[0]?.id ?? null);
    running.promoted.push(token);
    this.#become(token, token.hasCheckedIn ? 'CHECKED_IN' : 'BOOKED', change);
  }

  #moveOut(token: ReferenceToken, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    slot.leave(token);
    this.#same('to', change.to, null);
    if (ledger.closings.has(change.reason ?? '')) return;
    // The effect is only read here, because the record of moving in takes it.
    const effect = ledger.peekEffect('moved', token.id);
    running.end = () => {
      const [promoted] = running.promoted;
      this.#same('R5, R13: promoted answered', effect?.promoted ?? null, promoted?.id ?? null);
    };
  }

  #leave(token: ReferenceToken, kind: keyof typeof FINAL_STATUS, change: ChangeView): void {
    const { ledger } = this.#deps;
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    this.#expect(
      kind === 'cancelled' || holdsSeat(token),
      `${token.id} had no seat, so it cannot be a no-show`,
    );
    slot.leave(token);
    this.#become(token, FINAL_STATUS[kind], change);
    const closing = ledger.closings.get(change.reason ?? '');
    if (closing === undefined) {
      const effect = this.#takeEffect(kind, token.id);
      running.end = () => {
        const [promoted] = running.promoted;
        this.#same('R5, R6: promoted answered', effect?.promoted ?? null, promoted?.id ?? null);
      };
      return;
    }
    const affected = closing.answer.affected.find((each) => each.token.id === token.id);
    this.#same('R13: outcome', affected?.outcome, 'cancelled_by_hospital');
    const mayStay = closing.moveTo !== null && token.patientId === null;
    this.#expect(!mayStay, `R13: ${token.id} is cancelled although it could be moved`);
  }

  #reclassify(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const running = this.#begin(slot, token.id);
    const effect = this.#takeEffect('reclassified', token.id);
    this.#same('R14: class', change.type, effect?.token?.type ?? null);
    slot.leave(token);
    token.type = change.type ?? token.type;
    token.priority = this.#deps.priorities.get(token.type) ?? NaN;
    slot.enter(token);
    this.#become(token, token.status, change);
    if (effect === undefined) return;
    const other = (touched: ReferenceToken | undefined) =>
      touched === token ? undefined : touched;
    running.end = () => {
      this.#checkAnswer(token, effect, other(running.bumped[0]));
      const promoted = other(running.promoted[0])?.id ?? null;
      this.#same('R14: promoted answered', effect.promoted, promoted);
    };
  }

  #step(token: ReferenceToken, kind: keyof typeof STEPS, change: ChangeView): void {
    const { from, to } = STEPS[kind];
    const { slot } = token;
    this.#begin(slot, token.id);
    const effect = this.#takeEffect(kind, token.id);
    this.#expect(
      (from as readonly Status[]).includes(token.status),
      `${kind} from ${token.status}`,
    );
    if (kind === 'started') {
      const busy = this.#deps.model
        .slotsOf(this.#doctorId)
        .flatMap(({ tokens }) => tokens.filter(({ status }) => status === 'IN_CONSULTATION'));
      this.#expect(
        busy.length === 0,
        `${token.id} is called while ${busy[0]?.id ?? ''} is in consultation`,
      );
      if (effect?.call !== undefined) {
        const next = this.#deps.model.nextCalled(this.#doctorId, effect.call.slotId);
        this.#same('R18: call-next: patient', token.id, next?.id ?? null);
      }
    }
    if (kind === 'checked_in') token.hasCheckedIn = true;
    if (to === 'IN_CONSULTATION') token.hasCheckedIn = true;
    this.#become(token, to, change);
    this.#same('status answered', effect?.token?.status, to);
  }

  /** Applies a change of a slot; if it has fewer seats now, the records of the bumped tokens come before it. */
  setSlot(at: string, change: SlotChange): void {
    this.#at = at;
    const slot = this.#deps.model.slots.get(change.slotId);
    if (slot === undefined) return;
    const running = this.#shrinking(slot) ?? this.#begin(slot, null);
    running.isSet = true;
    if (running.bumped.length > 0)
      this.#same('R12: seated after the bumps', slot.seated.length, change.capacity);
    slot.capacity = change.capacity;
    slot.delayMinutes = change.delayMinutes;
    this.#expect(slot.seated.length <= slot.capacity, `R1: ${slot.id} has too few seats`);
    if (change.closing !== null) this.#close(slot, change);
    running.end = () => {
      this.#same('R12: bumped answered', change.bumped.join(' '), idsOf(running.bumped));
      this.#same('R12: promoted answered', change.promoted.join(' '), idsOf(running.promoted));
    };
  }

  /** The running command if it bumps tokens of this slot because the slot gets fewer seats. */
  #shrinking(slot: ReferenceSlot): RunningCommand | undefined {
    const running = this.#running;
    return running?.slot === slot && running.token === null && !running.isSet ? running : undefined;
  }

  /** The answer to a closing lists every token that is not completed, in the order of rank; one in consultation stays. */
  #close(slot: ReferenceSlot, { closing }: SlotChange): void {
    slot.isClosed = true;
    const listed = closing?.answer.affected.map(({ token }) => token.id).join(' ');
    const live = slot.tokens.filter(({ status }) => status !== 'COMPLETED');
    this.#same(`R13: patients of ${slot.id} in its closing`, listed, idsOf(live));
    for (const { token, outcome } of closing?.answer.affected ?? []) {
      const stays = live.some(({ id, status }) => id === token.id && status === 'IN_CONSULTATION');
      this.#same(`R13: ${token.id} stays`, outcome === 'stays', stays);
    }
  }

  /** Compares the answer about a token's new place with the model, after the last record of the command. */
  #checkAnswer(
    token: ReferenceToken,
    effect: ReportedEffect,
    bumped: ReferenceToken | undefined,
  ): void {
    this.#same('R2-R4: status answered', effect.token?.status, token.status);
    const position = token.slot.positionOf(token);
    this.#same('R4: waitlist_position', effect.token?.waitlist_position, position);
    this.#same('R3: bumped answered', effect.bumped?.id ?? null, bumped?.id ?? null);
    if (bumped === undefined || effect.bumped === null) return;
    this.#same('R3: number of the bumped', effect.bumped.number, bumped.number);
    const place = bumped.slot.positionOf(bumped);
    this.#same('R7: position of the bumped', effect.bumped.waitlist_position, place);
  }

  #takeEffect(command: TokenCommand, id: string): ReportedEffect | undefined {
    const effect = this.#deps.ledger.takeEffect(command, id);
    if (effect === undefined)
      this.#add(`${command} of ${id} has a change record, but no answer says so`);
    return effect;
  }

  #nextNumber({ date }: ReferenceSlot): number {
    const number = (this.#numbers.get(date) ?? 0) + 1;
    this.#numbers.set(date, number);
    return number;
  }

  #become(token: ReferenceToken, status: Status, change: ChangeView): void {
    this.#same('status recorded', change.to, status);
    token.status = status;
    token.statusesInPhase.add(status);
  }

  /** Begins the next command; the command before it ends. */
  #begin(slot: ReferenceSlot, token: string | null): RunningCommand {
    const at = this.#at;
    this.end();
    this.#at = at;
    this.#running = {
      at,
      slot,
      token,
      bumped: [],
      promoted: [],
      isSet: false,
      end: () => undefined,
    };
    return this.#running;
  }

  /** Ends the running command: the rules must hold, and its answer must agree with the model. */
  end(): void {
    if (this.#running === null) return;
    const { at, slot, token, bumped, isSet, end } = this.#running;
    this.#at = at;
    if (bumped.length > 0 && token === null && !isSet)
      this.#add(`R17: ${idsOf(bumped)} bumped by nobody, and no seats became fewer`);
    if (slot.violation !== undefined) this.#add(slot.violation);
    end();
    this.#running = null;
  }

  #same<T>(what: string, actual: T, expected: T): void {
    this.#deps.violations.same(`${what} (${this.#at})`, actual, expected);
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.#add(what);
  }

  #add(what: string): void {
    this.#deps.violations.add(`${what} (${this.#at})`);
  }
}

const idsOf = (tokens: readonly ReferenceToken[]): string => tokens.map(({ id }) => id).join(' ');
