import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/http/resources/index.ts';
import { FINAL_STATUS, STEPS, type AuditDeps, type Recorded } from './change-records.ts';
import { refusesNewcomer, type DoctorChange } from './hospital-record.ts';
import type { ReportedEffect, TokenCommand } from './ledger.ts';
import {
  holdsSeat,
  presenceAt,
  seatStatusOf,
  type ReferenceSlot,
  type ReferenceToken,
} from './reference-model.ts';
import { RunningCommands, type RunningCommand } from './running-commands.ts';
import { SlotRules } from './slot-rules.ts';

/**
 * Applies the change records of a doctor to the reference model. Every record must be the one that the rules demand at
 * that moment, every cause must be the token that the rules name, and every answer must agree with the model.
 */
export class DoctorRules {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #commands: RunningCommands;
  readonly #slots: SlotRules;
  readonly #numbers = new Map<string, number>();
  #arrival = 0;
  #following: Recorded | undefined;

  constructor(doctorId: string, deps: AuditDeps) {
    this.#doctorId = doctorId;
    this.#deps = deps;
    this.#commands = new RunningCommands(deps.violations);
    this.#slots = new SlotRules(doctorId, deps, this.#commands);
  }

  /**
   * Applies one record.
   * @param following the doctor's next record; after a bump it is the record of the newcomer that caused it
   */
  play(record: Recorded, following: Recorded | undefined): void {
    this.#commands.at = record.change.id;
    this.#following = following;
    const { change } = record.change.kind === 'bumped' ? (following ?? record) : record;
    this.#slots.beginRecord(change.reason);
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
      this.#commands.add(
        `${tokenId} was never booked, or is in ${change.slot_id}, which is no slot of the simulation`,
      );
      return;
    }
    token.recordsPlayed += 1;
    if (kind !== 'booked' && kind !== 'moved_in') {
      this.#commands.same('from', change.from, token.status);
      this.#commands.same('slot', slot.id, token.slot.id);
    }
    if (kind === 'moved_in') this.#moveIn(token, slot, change);
    if (kind === 'moved_out') this.#moveOut(token, change);
    if (kind === 'bumped') this.#bump(token, change);
    if (kind === 'promoted') this.#promote(token, change);
    if (kind === 'reclassified') this.#reclassify(token, change);
    if (kind === 'cancelled' || kind === 'no_show') this.#leave(token, kind, change);
    if (kind in STEPS) this.#step(token, kind as keyof typeof STEPS, change);
    if (kind === 'undone') this.#undo(token, change);
    if (kind === 'expired')
      this.#commands.add(`R11: ${token.id} is expired in a slot that has not ended`);
  }

  #book(id: string, slot: ReferenceSlot, change: ChangeView): void {
    const { model, ledger, priorities } = this.#deps;
    const effect = ledger.takeEffect('booked', id);
    const known = ledger.tokens.get(id);
    if (effect === undefined || known === undefined) {
      this.#commands.add(`${id} has a record of a booking that was never answered`);
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
      room: null,
      last: { kind: 'booked', from: 'WAITING' },
      slot,
      recordsPlayed: 0,
      statusesInPhase: new Set(),
    };
    model.tokens.set(id, token);
    this.#commands.same('R10: number', number, this.#nextNumber(slot));
    this.#checkIntake(token, slot);
    this.#enter(token, slot, change, effect);
  }

  #moveIn(token: ReferenceToken, slot: ReferenceSlot, change: ChangeView): void {
    const { ledger, hospital } = this.#deps;
    const old = token.slot;
    const closing = hospital.closingOf(change.reason, old.id);
    const effect = closing === undefined ? ledger.takeEffect('moved', token.id) : undefined;
    const affected = closing?.answer.affected.find((each) => each.token.id === token.id);
    const shown = effect?.token ?? affected?.token;
    if (shown === undefined)
      this.#commands.add(`R13: ${token.id} was moved, but no answer says so`);
    this.#commands.same('R13: slot moved to', slot.id, shown?.slot_id ?? slot.id);
    // R13: a move by the hospital within a doctor keeps the arrival, every other move gives a new one.
    if (closing === undefined || old.doctorId !== slot.doctorId) token.arrival = this.#arrival += 1;
    const isSameDay = old.doctorId === slot.doctorId && old.date === slot.date;
    const number = isSameDay ? token.number : this.#nextNumber(slot);
    this.#commands.same('R10: number of the moved', shown?.number ?? number, number);
    token.number = number;
    token.hasCheckedIn &&= old.date === slot.date;
    if (closing === undefined) this.#checkIntake(token, slot);
    if (affected !== undefined) {
      this.#commands.same('R13: outcome', affected.outcome, 'moved');
      this.#slots.moved(token, affected.seated, change.reason);
    }
    this.#enter(token, slot, change, effect);
  }

  /** R23: a newcomer by a booking or by an own move is taken by the intake of the slot. */
  #checkIntake({ id, type }: ReferenceToken, slot: ReferenceSlot): void {
    const isTaken = !refusesNewcomer(slot, type);
    this.#commands.expect(isTaken, `R23: ${id} enters ${slot.id}, whose intake is ${slot.intake}`);
  }

  /** R2-R4: the token gets a free seat, the seat of the token that it has just bumped, or a place on the waitlist. */
  #enter(
    token: ReferenceToken,
    slot: ReferenceSlot,
    change: ChangeView,
    effect?: ReportedEffect,
  ): void {
    const running = this.#commands.arriving(token, slot);
    this.#commands.expect(!slot.isClosed, `${token.id} enters ${slot.id}, which is closed`);
    const status = this.#hasLanded(token, slot) ? seatStatusOf(token) : 'WAITING';
    token.slot = slot;
    this.#become(token, status, change);
    slot.enter(token);
    if (effect !== undefined)
      running.end = () => this.#commands.checkAnswer(token, effect, running.bumped[0]);
  }

  /** Whether a seat is free for the token. If none is, there must be no token that it may bump. */
  #hasLanded(token: ReferenceToken, slot: ReferenceSlot): boolean {
    if (!slot.isFull) return true;
    this.#commands.same('R3: bumped recorded', null, slot.victimOf(token)?.id ?? null);
    return false;
  }

  #bump(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const following = this.#following;
    if (change.cause === null) {
      const running = this.#commands.shrinking(slot) ?? this.#commands.begin(slot, null);
      this.#commands.same('R12: bumped', token.id, slot.weakest?.id ?? null);
      running.bumped.push(token);
    } else {
      const isNewcomer =
        following?.tokenId === change.cause && following.change.slot_id === slot.id;
      this.#commands.expect(
        isNewcomer,
        `R17: ${token.id} is bumped by ${change.cause}, which took no seat`,
      );
      const cause = this.#deps.model.tokens.get(change.cause) ?? this.#newcomer(change.cause);
      const isWaiter = following?.change.kind === 'promoted';
      const running =
        isWaiter && this.#commands.running?.slot === slot
          ? this.#commands.running
          : this.#commands.begin(slot, cause.id);
      this.#commands.expect(slot.isFull, `R2: ${token.id} is bumped although a seat is free`);
      const victim = slot.victimOf(cause);
      if (token.status === 'CHECKED_IN' && cause.type !== 'EMERGENCY')
        this.#commands.add(
          `presence: ${token.id}, checked in, is bumped by ${cause.type} ${cause.id}`,
        );
      this.#commands.same('R3: bumped recorded', token.id, victim?.id ?? null);
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
    const running =
      this.#commands.running?.slot === slot
        ? this.#commands.running
        : this.#commands.begin(slot, null);
    // After a change of class, a skip or an undo, the bumped token frees the seat; otherwise the token that left its slot does.
    const cause =
      running.token !== null && running.bumped[0] ? running.bumped[0].id : running.token;
    this.#commands.same('R5: cause of the promotion', change.cause, cause);
    this.#commands.expect(!slot.isFull, `R1: ${token.id} is promoted without a free seat`);
    this.#commands.expect(
      !slot.isClosed,
      `R5: ${token.id} is promoted in ${slot.id}, which is closed`,
    );
    this.#commands.same('R5: promoted recorded', token.id, slot.waiting[0]?.id ?? null);
    running.promoted.push(token);
    this.#become(token, seatStatusOf(token), change);
  }

  #moveOut(token: ReferenceToken, change: ChangeView): void {
    const { ledger, hospital } = this.#deps;
    const { slot } = token;
    const running = this.#commands.begin(slot, token.id);
    slot.leave(token);
    this.#commands.same('to', change.to, null);
    if (hospital.closingOf(change.reason, slot.id) !== undefined) return;
    // The effect is only read here, because the record of moving in takes it.
    const effect = ledger.peekEffect('moved', token.id);
    running.end = () => {
      const [promoted] = running.promoted;
      this.#commands.same(
        'R5, R13: promoted answered',
        effect?.promoted ?? null,
        promoted?.id ?? null,
      );
    };
  }

  #leave(token: ReferenceToken, kind: keyof typeof FINAL_STATUS, change: ChangeView): void {
    const { slot } = token;
    const running = this.#commands.begin(slot, token.id);
    this.#commands.expect(
      kind === 'cancelled' || holdsSeat(token),
      `${token.id} had no seat, so it cannot be a no-show`,
    );
    slot.leave(token);
    this.#become(token, FINAL_STATUS[kind], change);
    const closing = this.#deps.hospital.closingOf(change.reason, slot.id);
    if (closing === undefined) {
      const effect = this.#takeEffect(kind, token.id);
      running.end = () => {
        const [promoted] = running.promoted;
        this.#commands.same(
          'R5, R6: promoted answered',
          effect?.promoted ?? null,
          promoted?.id ?? null,
        );
      };
      return;
    }
    const affected = closing.answer.affected.find((each) => each.token.id === token.id);
    this.#commands.same('R13: outcome', affected?.outcome, 'cancelled_by_hospital');
    const mayStay = closing.moveTo !== null && token.patientId === null;
    this.#commands.expect(!mayStay, `R13: ${token.id} is cancelled although it could be moved`);
  }

  #reclassify(token: ReferenceToken, change: ChangeView): void {
    const { slot } = token;
    const running = this.#commands.begin(slot, token.id);
    const effect = this.#takeEffect('reclassified', token.id);
    this.#commands.same('R14: class', change.type, effect?.token?.type ?? null);
    slot.leave(token);
    token.type = change.type ?? token.type;
    token.priority = this.#deps.priorities.get(token.type) ?? NaN;
    slot.enter(token);
    this.#become(token, token.status, change);
    this.#endReordered('R14', token, effect, running);
  }

  /** When the command ends, the token's place must be as answered, and the tokens that lost or got a seat because of it. */
  #endReordered(
    rule: string,
    token: ReferenceToken,
    effect: ReportedEffect | undefined,
    running: RunningCommand,
  ): void {
    if (effect === undefined) return;
    const other = (touched: ReferenceToken | undefined) =>
      touched === token ? undefined : touched;
    running.end = () => {
      this.#commands.checkAnswer(token, effect, other(running.bumped[0]));
      const promoted = other(running.promoted[0])?.id ?? null;
      this.#commands.same(`${rule}: promoted answered`, effect.promoted, promoted);
    };
  }

  #step(token: ReferenceToken, kind: keyof typeof STEPS, change: ChangeView): void {
    const { from, to } = STEPS[kind];
    const { model } = this.#deps;
    const running = this.#commands.begin(token.slot, token.id);
    const effect = this.#takeEffect(kind, token.id);
    this.#commands.expect(
      (from as readonly Status[]).includes(token.status),
      `${kind} from ${token.status}`,
    );
    if (kind === 'started') {
      const busy = model.occupantOf(this.#doctorId, change.room);
      this.#commands.expect(
        busy === undefined,
        `R19: ${token.id} is called while ${busy?.id ?? ''} is in consultation`,
      );
      this.#commands.same('R19: room answered', effect?.token?.room, change.room);
      if (effect?.call !== undefined) {
        const next = model.nextCalled(this.#doctorId, effect.call.slotId);
        this.#commands.same('R18: call-next: patient', token.id, next?.id ?? null);
      }
      token.room = change.room;
    } else if (effect?.call !== undefined) {
      const current = model.currentOf(this.#doctorId, effect.call.room);
      this.#commands.same(`R19: call-next: ${kind}`, token.id, current?.id ?? null);
    }
    this.#become(token, to, change);
    if (kind === 'skipped') this.#endReordered('R21', token, effect, running);
    else this.#commands.same('status answered', effect?.token?.status, to);
  }

  /** R22: the token gets the status before its last change; after a departure it lands by R2-R4. */
  #undo(token: ReferenceToken, change: ChangeView): void {
    const { slot, last } = token;
    const effect = this.#takeEffect('undone', token.id);
    this.#commands.same('R22: undone', change.undone, last.kind);
    this.#commands.same('R22: number answered', effect?.token?.number, token.number);
    const hasLeft = last.kind === 'cancelled' || last.kind === 'no_show';
    const running = hasLeft
      ? this.#commands.arriving(token, slot)
      : this.#commands.begin(slot, token.id);
    const isSeated = !hasLeft || this.#hasLanded(token, slot);
    const status = last.from === 'WAITING' ? seatStatusOf(token) : last.from;
    const hasNoRoom =
      status === 'IN_CONSULTATION' &&
      this.#deps.model.occupantOf(this.#doctorId, token.room) !== undefined;
    this.#become(token, isSeated ? (hasNoRoom ? 'CHECKED_IN' : status) : 'WAITING', change);
    if (hasLeft) slot.enter(token);
    this.#endReordered('R22', token, effect, running);
  }

  /** Ends the last command. */
  end(): void {
    this.#slots.beginRecord(null);
    this.#commands.end();
  }

  /** Applies a change record that belongs to no token. */
  playOther(at: string, change: DoctorChange): void {
    this.#commands.at = at;
    this.#slots.play(change);
  }

  #takeEffect(command: TokenCommand, id: string): ReportedEffect | undefined {
    const effect = this.#deps.ledger.takeEffect(command, id);
    if (effect === undefined)
      this.#commands.add(`${command} of ${id} has a change record, but no answer says so`);
    return effect;
  }

  #nextNumber({ date }: ReferenceSlot): number {
    const number = (this.#numbers.get(date) ?? 0) + 1;
    this.#numbers.set(date, number);
    return number;
  }

  #become(token: ReferenceToken, status: Status, change: ChangeView): void {
    this.#commands.same('status recorded', change.to, status);
    token.last = { kind: change.kind, from: token.status };
    token.hasCheckedIn = presenceAt(status) ?? token.hasCheckedIn;
    token.status = status;
    token.statusesInPhase.add(status);
  }
}
